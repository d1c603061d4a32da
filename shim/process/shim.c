/* SPDX-License-Identifier: Apache-2.0 */
/* The process's context: how it begins, forks, ends and counts. */

#include "shim.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "cancel.h"
#include "inside.h"
#include "line.h"
#include "shim/engine/aws/host.h"
#include "shim/libc/real.h"

struct shim shim;

_Thread_local volatile sig_atomic_t inside __attribute__((tls_model("initial-exec")));

bool shim_is_own(void)
{
	return getpid() == atomic_load_explicit(&shim.pid, memory_order_relaxed);
}

uint64_t shim_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

/* The process's id without a system call, which a filter of the program's may not know: glibc notes it
 * in the mutexes that its first thread holds. */
static pid_t own_pid(void)
{
	pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
	pid_t pid;

	pthread_mutex_lock(&mutex);
	pid = mutex.__data.__owner;
	pthread_mutex_unlock(&mutex);
	return pid > 0 ? pid : getpid();
}

/* Every process throws its own dice. */
static void seed_dice(void)
{
	uint64_t seed = shim_now() ^ (uint64_t)atomic_load(&shim.pid) << 32;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed ^= (uint64_t)&seed;
	atomic_store(&shim.dice.state, seed);
}

/* No system call: the child may live under a filter that knows of none of ours. It takes its line in
 * the journal when it connects, or when a rule fires. */
void shim_after_fork(void)
{
	uint64_t state = atomic_load(&shim.dice.state);

	atomic_store(&shim.dice.state, state ^ shim_now() * 0x9e3779b97f4a7c15ull);
	atomic_store(&shim.pid, own_pid());
	atomic_store(&shim.attaching, false);
	atomic_store(&shim.process, NULL);
	atomic_store(&shim.unlisted, true);
}

static void note_stderr(void)
{
	struct stat status;

	if (fstat(STDERR_FILENO, &status))
		return;
	shim.stderr_dev = status.st_dev;
	shim.stderr_ino = status.st_ino;
}

void shim_begin(void)
{
	atomic_store(&shim.pid, own_pid());
	seed_dice();
	shim_find_folder();
	note_stderr();
	shim_attach();
}

static void count(_Atomic uint64_t *total, _Atomic uint64_t *own)
{
	atomic_fetch_add_explicit(total, 1, memory_order_relaxed);
	if (own)
		atomic_fetch_add_explicit(own, 1, memory_order_relaxed);
}

void shim_count_connection(void)
{
	struct journal *journal = atomic_load(&shim.journal);
	struct journal_process *process = atomic_load(&shim.process);

	if (journal)
		count(&journal->connections, process ? &process->connections : NULL);
}

void shim_count_call(const struct rules_verdict *verdict)
{
	struct journal *journal = atomic_load(&shim.journal);
	struct journal_process *process = atomic_load(&shim.process);
	struct journal_counter *counter;

	if (!journal)
		return;
	count(&journal->calls, process ? &process->calls : NULL);
	if (verdict->latency_ns)
		count(&journal->delayed, process ? &process->delayed : NULL);
	if (!verdict->is_fault)
		return;
	count(&journal->faults, process ? &process->faults : NULL);
	counter = shim_counter(verdict->counter);
	if (counter && atomic_load(&counter->rule) == verdict->rule)
		count(&counter->fired, NULL);
}

void shim_count_unnamed(void)
{
	struct journal *journal = atomic_load(&shim.journal);
	struct journal_process *process = atomic_load(&shim.process);

	if (journal)
		count(&journal->unnamed, process ? &process->unnamed : NULL);
}

bool shim_observes(void)
{
	return atomic_load_explicit(&shim.named, memory_order_relaxed) < SHIM_NAMED &&
	       atomic_fetch_add_explicit(&shim.named, 1, memory_order_relaxed) < SHIM_NAMED;
}

static bool is_quiet(void)
{
	const char *quiet = getenv("CHAOS_QUIET");

	return quiet && *quiet && strcmp(quiet, "0") != 0;
}

void shim_say(const char *format, ...)
{
	struct stat now;
	char line[1024];
	va_list list;
	int len, cancel;

	if (is_quiet())
		return;
	va_start(list, format);
	len = vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	/* A program that has closed its stderr may use the number for something else. */
	if (fstat(STDERR_FILENO, &now) || now.st_dev != shim.stderr_dev ||
		now.st_ino != shim.stderr_ino)
		return;
	cancel = cancel_put_off();
	if (real.write(STDERR_FILENO, line, (size_t)len) < 0)
		line[0] = '\0';
	cancel_allow(cancel);
}

static const char *const blind_reasons[JOURNAL_BLIND_REASONS] = {
	[JOURNAL_BLIND_TLS] = "its TLS library can't be hooked",
	[JOURNAL_BLIND_HTTP2] = "it speaks HTTP/2",
	[JOURNAL_BLIND_FRAMING] = "its HTTP framing makes no sense",
	[JOURNAL_BLIND_PIPELINED] = "a call was pipelined",
	[JOURNAL_BLIND_FD] = "it is past the descriptors that are watched",
	[JOURNAL_BLIND_STREAM] = "it was given to stdio",
};

static bool is_aws_host(const char *name)
{
	struct aws_host host;

	aws_host_read(&host, span_of(name));
	return host.is_aws;
}

/* Once for each reason, so that nobody trusts a test that could not see its calls. */
static void warn_of_blindness(int reason, const char *host)
{
	uint32_t bit = 1u << reason;

	if (atomic_fetch_or(&shim.blind_said, bit) & bit)
		return;
	shim_say("chaos-run: pid %d: calls to %s get no faults: %s\n", (int)getpid(), host,
		blind_reasons[reason]);
}

void shim_count_blind(int reason, const char *host)
{
	struct journal *journal = atomic_load(&shim.journal);
	struct journal_process *process = atomic_load(&shim.process);
	int error = errno;

	if (journal)
		count(&journal->blind[reason], process ? &process->blind[reason] : NULL);
	if (*host && is_aws_host(host)) {
		if (journal)
			count(&journal->blind_aws, process ? &process->blind_aws : NULL);
		warn_of_blindness(reason, host);
	}
	if (process && *host)
		process_note_blind(process, reason, host);
	errno = error;
}

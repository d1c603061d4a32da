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

#include "shim/io/conn.h"
#include "shim/io/delay.h"
#include "shim/engine/aws/host.h"
#include "shim/libc/real.h"
#include "shim/tls/stack.h"

struct shim shim;

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

/* Every process throws its own dice. */
static void seed_dice(void)
{
	uint64_t seed = shim_now() ^ (uint64_t)getpid() << 32;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed ^= (uint64_t)&seed;
	atomic_store(&shim.dice.state, seed);
}

/* The order of the locks: the delay line's, then the TLS libraries'. */
static void before_fork(void)
{
	delay_before_fork();
	stack_before_fork();
}

static void after_fork_parent(void)
{
	stack_after_fork();
	delay_after_fork_parent();
}

static void after_fork_child(void)
{
	atomic_store(&shim.pid, getpid());
	seed_dice();
	conn_after_fork();
	stack_after_fork();
	delay_after_fork_child();
	shim_attach_child();
}

static void note_stderr(void)
{
	struct stat status;

	if (fstat(STDERR_FILENO, &status))
		return;
	shim.stderr_dev = status.st_dev;
	shim.stderr_ino = status.st_ino;
}

__attribute__((constructor)) static void begin(void)
{
	real_resolve();
	seed_dice();
	atomic_store(&shim.pid, getpid());
	shim_find_folder();
	note_stderr();
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
	shim_table(shim_now());
}

__attribute__((destructor)) static void end(void)
{
	/* exit() may be called by a signal handler that has interrupted us. */
	if (!shim_is_own() || conn_is_inside())
		return;
	conn_finish_all();
	delay_flush_all();
	conn_count_blind();
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

	if (!journal)
		return;
	count(&journal->calls, process ? &process->calls : NULL);
	if (verdict->latency_ns)
		count(&journal->delayed, process ? &process->delayed : NULL);
	if (!verdict->is_fault)
		return;
	count(&journal->faults, process ? &process->faults : NULL);
	if (verdict->counter < JOURNAL_COUNTERS &&
		atomic_load(&journal->counters[verdict->counter].rule) == verdict->rule)
		count(&journal->counters[verdict->counter].fired, NULL);
}

void shim_count_unnamed(void)
{
	struct journal *journal = atomic_load(&shim.journal);
	struct journal_process *process = atomic_load(&shim.process);

	if (journal)
		count(&journal->unnamed, process ? &process->unnamed : NULL);
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
	int len;

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
	if (real.write(STDERR_FILENO, line, (size_t)len) < 0)
		return;
}

static const char *const blind_reasons[JOURNAL_BLIND_REASONS] = {
	[JOURNAL_BLIND_TLS] = "its TLS library can't be hooked",
	[JOURNAL_BLIND_HTTP2] = "it speaks HTTP/2",
	[JOURNAL_BLIND_FRAMING] = "its HTTP framing makes no sense",
	[JOURNAL_BLIND_PIPELINED] = "a call was pipelined",
	[JOURNAL_BLIND_FD] = "it is past the descriptors that are watched",
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
		snprintf(process->blind_host, sizeof(process->blind_host), "%s", host);
	errno = error;
}

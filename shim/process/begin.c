/* SPDX-License-Identifier: Apache-2.0 */
/* How the process's context begins and forks. */

#include "shim.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "given_back.h"
#include "inside.h"
#include "report.h"

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
	shim_bridge_after_fork();
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

static void read_endpoints(void)
{
	struct span wrong;
	const char *ports = getenv("CHAOS_PORTS");
	const char *reason = endpoints_read(&shim.endpoints, environ, &wrong);

	if (reason)
		shim_say("chaos-run: CHAOS_INTERCEPT: '%.*s' %s\n", (int)wrong.len, wrong.at,
			reason);
	reason = ports ? endpoints_check_ports(ports, &wrong) : NULL;
	if (reason)
		shim_say("chaos-run: CHAOS_PORTS: '%.*s' %s\n", (int)wrong.len, wrong.at, reason);
	follow_add_endpoints(&shim.follow, &shim.endpoints);
}

static void read_label(void)
{
	const char *label = getenv("CHAOS_LABEL"), *run = getenv(JOURNAL_RUN);

	if (label)
		strncpy(shim.label, label, sizeof(shim.label) - 1);
	if (run)
		shim.run = (uint32_t)strtoul(run, NULL, 10);
}

/* Calls to the others would pass unseen. */
static void tell_of_cut_endpoints(void)
{
	struct journal *journal = shim_journal();

	if (!shim.endpoints.is_cut || !journal)
		return;
	atomic_fetch_add(&journal->unattached, 1);
	shim_say("chaos: more than %d servers are named by AWS_ENDPOINT_URL_…; calls to the others "
		 "may pass unseen\n",
		ENDPOINTS_MAX);
}

void shim_begin(void)
{
	atomic_store(&shim.pid, own_pid());
	given_back(environ);
	seed_dice();
	shim_find_folder();
	shim_begin_bridge();
	follow_begin(&shim.follow, shim.folder);
	note_stderr();
	read_endpoints();
	read_label();
	shim_attach();
	/* Maps what it needs now, since later there may be a sandbox. */
	shim_prepare_events();
	report_unattached();
	tell_of_cut_endpoints();
	atomic_store(&shim.begun, true);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "strict.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blind.h"
#include "shim/memory/journal.h"
#include "shim/memory/runtime.h"
#include "supervise.h"

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

static const struct journal *map_journal(const char *folder)
{
	char path[PATH_MAX + 16];
	struct stat status;
	void *map = MAP_FAILED;
	int fd;

	snprintf(path, sizeof(path), "%s/" RUNTIME_JOURNAL, folder);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && (uint64_t)status.st_size == sizeof(struct journal))
		map = mmap(NULL, sizeof(struct journal), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED || !journal_valid(map, sizeof(struct journal)))
		return NULL;
	return map;
}

/* Those that end or steer a program. Stopping and going on reach both processes from the terminal. */
static const int passed_on[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};

static sigset_t waited_for(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++)
		sigaddset(&set, passed_on[i]);
	return set;
}

/* Returns the status that wait() gives. */
static int wait_for(pid_t child)
{
	sigset_t set = waited_for();
	siginfo_t info;
	int status;

	for (;;) {
		pid_t ended = waitpid(child, &status, WNOHANG);

		if (ended == child)
			return status;
		if (ended < 0 && errno != EINTR)
			return NOT_EXECUTABLE << 8;
		/* What comes from the terminal has reached the child, too. */
		if (sigwaitinfo(&set, &info) > 0 && info.si_signo != SIGCHLD &&
			info.si_code != SI_KERNEL)
			kill(child, info.si_signo);
	}
}

__attribute__((noreturn)) static void end_by(int number)
{
	static const struct rlimit none = {0, 0};
	sigset_t set;

	/* The command has left its core already. */
	setrlimit(RLIMIT_CORE, &none);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	_exit(128 + number);
}

static void run_child(char **command, const sigset_t *mask, const struct sigaction *on_child)
{
	int error;

	sigaction(SIGCHLD, on_child, NULL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	error = errno;
	fprintf(stderr, "chaos-run: cannot run %s: %s\n", command[0], strerror(error));
	_exit(error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

/* The journal is anybody's to write: nothing but plain text goes to the terminal. */
static void print_plain(const char *text, size_t size)
{
	for (size_t i = 0; i < size && text[i]; i++)
		fputc(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?', stderr);
}

/* What was known of a process of the journal before the command ran. */
struct earlier {
	uint32_t pid;
	uint64_t start, blind;
};

static void note_earlier(const struct journal *journal, struct earlier earlier[JOURNAL_PROCESSES])
{
	for (uint32_t i = 0; i < JOURNAL_PROCESSES; i++) {
		const struct journal_process *process = &journal->processes[i];

		earlier[i] = (struct earlier){atomic_load(&process->pid),
			atomic_load(&process->start), atomic_load(&process->blind_aws)};
	}
}

/* A line that another process has taken since begins anew. */
static bool is_new(const struct journal_process *process, const struct earlier *earlier)
{
	bool is_same = atomic_load(&process->pid) == earlier->pid &&
		       atomic_load(&process->start) == earlier->start;

	return atomic_load(&process->blind_aws) != (is_same ? earlier->blind : 0);
}

static void name_hosts(const struct journal_process *process)
{
	const char *separator = "";

	for (int i = 0; i < JOURNAL_HOSTS; i++) {
		const struct journal_host *host = &process->blind_hosts[i];
		uint32_t reason = atomic_load(&host->reason);

		if (reason == 0 || reason > BLIND_REASONS)
			continue;
		fputs(separator, stderr);
		print_plain(host->host, sizeof(host->host));
		fprintf(stderr, ", %s", blind_words(blind_reasons[reason - 1]));
		separator = "; ";
	}
}

/* Says of each process which servers it was: a private daemon is gone when the user could ask it. */
static void name_blind(const struct journal *journal, const struct earlier *earlier)
{
	for (uint32_t i = 0; i < JOURNAL_PROCESSES; i++) {
		const struct journal_process *process = &journal->processes[i];

		if (!atomic_load(&process->pid) || !is_new(process, &earlier[i]))
			continue;
		fprintf(stderr, "  pid %u, ", atomic_load(&process->pid));
		print_plain(process->command, sizeof(process->command));
		fputs(": ", stderr);
		name_hosts(process);
		fputc('\n', stderr);
	}
}

int strict_run(const char *folder, char **command, bool supervised, int blind)
{
	const struct journal *journal = map_journal(folder);
	struct earlier earlier[JOURNAL_PROCESSES];
	struct sigaction on_child, standard = {.sa_handler = SIG_DFL};
	sigset_t set = waited_for(), mask;
	uint64_t before, unattached;
	char reason[SUPERVISE_REASON_MAX];
	pid_t child;
	int status;

	if (!journal) {
		fprintf(stderr, "chaos-run: %s: the journal cannot be read\n", folder);
		return blind;
	}
	before = atomic_load(&journal->blind_aws);
	unattached = atomic_load(&journal->unattached);
	note_earlier(journal, earlier);
	/* Where SIGCHLD is ignored, wait() learns nothing. */
	sigaction(SIGCHLD, &standard, &on_child);
	sigprocmask(SIG_BLOCK, &set, &mask);
	child = fork();
	if (child == 0) {
		if (supervised && supervise_self(folder, reason) < 0) {
			fprintf(stderr, "chaos-run: cannot run %s: %s\n", command[0], reason);
			_exit(blind);
		}
		run_child(command, &mask, &on_child);
	}
	if (child < 0) {
		fprintf(stderr, "chaos-run: %s\n", strerror(errno));
		return blind;
	}
	status = wait_for(child);
	if (atomic_load(&journal->blind_aws) != before) {
		fprintf(stderr, "chaos-run: connections to AWS could not be looked into: %llu\n",
			(unsigned long long)(atomic_load(&journal->blind_aws) - before));
		name_blind(journal, earlier);
		return blind;
	}
	if (atomic_load(&journal->unattached) != unattached) {
		fprintf(stderr, "chaos-run: programs that could not be given the rules: %llu\n",
			(unsigned long long)(atomic_load(&journal->unattached) - unattached));
		return blind;
	}
	if (WIFSIGNALED(status))
		end_by(WTERMSIG(status));
	return WEXITSTATUS(status);
}

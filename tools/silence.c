/* SPDX-License-Identifier: Apache-2.0 */
#include "silence.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blind.h"
#include "journal_file.h"
#include "plain.h"

/* So many servers are named, each once. */
enum { NAMED_MAX = 8 };

/* What was known of a process before. */
struct earlier {
	uint32_t pid;
	uint64_t start, unseen;
};

struct silence {
	const struct journal *journal, *guests; /* NULL: there are none */
	uint64_t calls, unseen, of_aws;
	struct earlier processes[JOURNAL_PROCESSES];
};

/* Calls may have been in these. */
static const enum journal_blind reasons[] = {
	JOURNAL_BLIND_TLS, JOURNAL_BLIND_HTTP2, JOURNAL_BLIND_REFUSED, JOURNAL_BLIND_PORT};

static uint64_t sum(const _Atomic uint64_t blind[JOURNAL_BLIND_REASONS])
{
	uint64_t all = 0;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		all += atomic_load(&blind[reasons[i]]);
	return all;
}

static bool may_hide_calls(uint32_t reason)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reason == (uint32_t)reasons[i] + 1)
			return true;
	return false;
}

static uint64_t calls_of(const struct silence *silence)
{
	return atomic_load(&silence->journal->calls) +
	       (silence->guests ? atomic_load(&silence->guests->calls) : 0);
}

static uint64_t unseen_of(const struct silence *silence)
{
	return sum(silence->journal->blind) + (silence->guests ? sum(silence->guests->blind) : 0);
}

static bool is_quiet(void)
{
	const char *quiet = getenv("CHAOS_QUIET");

	return quiet && *quiet && strcmp(quiet, "0") != 0;
}

struct silence *silence_begin(const char *folder)
{
	const struct journal *journal = journal_file_map(folder);
	struct silence *silence = journal ? calloc(1, sizeof(*silence)) : NULL;
	ino_t inode;

	if (!silence)
		return NULL;
	silence->journal = journal;
	silence->guests = journal_file_map_guests(journal, &inode);
	silence->calls = calls_of(silence);
	silence->unseen = unseen_of(silence);
	silence->of_aws = atomic_load(&journal->blind_aws);
	/* A look at what was never written takes up memory, and those of no process are zero. */
	for (uint32_t i = 0; silence->unseen && i < JOURNAL_PROCESSES; i++)
		silence->processes[i] = (struct earlier){atomic_load(&journal->processes[i].pid),
			atomic_load(&journal->processes[i].start),
			sum(journal->processes[i].blind)};
	return silence;
}

/* A line that another process has taken since begins anew. */
static bool is_new(const struct journal_process *process, const struct earlier *earlier)
{
	bool is_same = atomic_load(&process->pid) == earlier->pid &&
		       atomic_load(&process->start) == earlier->start;

	return sum(process->blind) != (is_same ? earlier->unseen : 0);
}

struct named {
	const struct journal_host *hosts[NAMED_MAX];
	int count;
	bool has_near; /* TLS to this machine, as to moto or LocalStack */
};

static bool is_near(const struct journal_host *host, uint32_t reason)
{
	static const char *const names[] = {"localhost", "127.", "::1", "[::1]"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(host->host, names[i], strlen(names[i])) == 0)
			return reason != JOURNAL_BLIND_PORT;
	return false;
}

static bool is_named(const struct named *named, const struct journal_host *host)
{
	for (int i = 0; i < named->count; i++)
		if (strncmp(named->hosts[i]->host, host->host, sizeof(host->host)) == 0)
			return true;
	return false;
}

/* The name of the program: the journal has its command line. */
static void print_program(const struct journal_process *process)
{
	size_t size = strnlen(process->command, sizeof(process->command)), end = 0, begin = 0;

	for (; end < size && process->command[end] != ' '; end++)
		if (process->command[end] == '/')
			begin = end + 1;
	print_plain(process->command + begin, end - begin);
}

static const char *words_of(uint32_t reason)
{
	if (reason == JOURNAL_BLIND_TLS)
		return "TLS";
	return reason == JOURNAL_BLIND_PORT ? "a port that is not led" : blind_reasons[reason];
}

static void name_host(
	struct named *named, const struct journal_process *process, const struct journal_host *host)
{
	uint32_t reason = atomic_load(&host->reason);

	if (!may_hide_calls(reason) || named->count == NAMED_MAX || is_named(named, host))
		return;
	fputs(named->count ? "; " : "; not looked into: ", stderr);
	named->hosts[named->count++] = host;
	named->has_near |= is_near(host, reason - 1);
	print_plain(host->host, sizeof(host->host));
	fprintf(stderr, " (%s, by ", words_of(reason - 1));
	print_program(process);
	fputc(')', stderr);
}

static void name_hosts(const struct silence *silence, struct named *named)
{
	for (uint32_t i = 0; i < JOURNAL_PROCESSES; i++) {
		const struct journal_process *process = &silence->journal->processes[i];

		if (!atomic_load(&process->pid) || !is_new(process, &silence->processes[i]))
			continue;
		for (int k = 0; k < JOURNAL_HOSTS; k++)
			name_host(named, process, &process->blind_hosts[k]);
	}
}

static void print_remedy(const struct named *named)
{
	if (!named->count)
		return;
	fprintf(stderr, "; if %s your AWS: --intercept ",
		named->count > 1 ? "these are" : "that is");
	for (int i = 0; i < named->count; i++) {
		fputs(i ? "," : "", stderr);
		print_plain(named->hosts[i]->host, sizeof(named->hosts[i]->host));
	}
}

bool silence_tell(const struct silence *silence, bool has_rules)
{
	struct named named = {.count = 0};
	uint64_t unseen;

	/* Those to AWS are told of by others. */
	if (!silence || calls_of(silence) != silence->calls ||
		atomic_load(&silence->journal->blind_aws) != silence->of_aws)
		return false;
	unseen = unseen_of(silence) - silence->unseen;
	if (!unseen && (!has_rules || is_quiet()))
		return false;
	fputs("chaos-run: no call to AWS was seen", stderr);
	if (unseen)
		name_hosts(silence, &named);
	if (unseen && !named.count)
		fprintf(stderr, "; connections that were not looked into: %llu",
			(unsigned long long)unseen);
	print_remedy(&named);
	fputc('\n', stderr);
	return named.has_near;
}

/* No signal of the terminal is for it. */
static void watch(const struct silence *silence, int process)
{
	struct pollfd end = {process, POLLIN, 0};
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	if (chdir("/") == 0 && poll(&end, 1, -1) == 1)
		silence_tell(silence, true);
}

void silence_watch(const struct silence *silence)
{
	int process = silence && !is_quiet() ? (int)syscall(SYS_pidfd_open, getpid(), 0) : -1;
	pid_t child;

	if (process < 0)
		return;
	child = fork();
	if (child == 0) {
		if (fork() != 0)
			_exit(0);
		/* Nothing of the command's but its stderr stays open. */
		if (dup2(process, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
			_exit(1);
		close_range(STDERR_FILENO + 1, ~0u, 0);
		watch(silence, STDIN_FILENO);
		_exit(0);
	}
	close(process);
	if (child > 0)
		waitpid(child, NULL, 0);
}

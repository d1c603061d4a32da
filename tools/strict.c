/* SPDX-License-Identifier: Apache-2.0 */
#include "strict.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blind.h"
#include "journal_file.h"
#include "plain.h"
#include "shim/memory/journal.h"
#include "shim/program/obstacle.h"
#include "supervise.h"
#include "unattached.h"

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

/* What the program said on its stderr, which may be gone. */
static void print_words(const struct journal_host *host)
{
	size_t at = strnlen(host->host, sizeof(host->host)) + 1;

	if (at >= sizeof(host->host) || !host->host[at])
		return;
	fputs(": ", stderr);
	print_plain(host->host + at, sizeof(host->host) - at);
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
		print_words(host);
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

/* What was counted before the command ran. */
struct before {
	uint64_t blind_aws, unattached, unfollowed;
	struct earlier processes[JOURNAL_PROCESSES];
	uint64_t programs[JOURNAL_PROGRAMS]; /* how often each was begun */
};

static void note_before(const struct journal *journal, struct before *before)
{
	before->blind_aws = atomic_load(&journal->blind_aws);
	before->unattached = atomic_load(&journal->unattached);
	before->unfollowed = atomic_load(&journal->unfollowed);
	/* A look at what was never written takes up memory, and those of no process are zero. */
	if (before->blind_aws)
		note_earlier(journal, before->processes);
	for (int i = 0; i < JOURNAL_PROGRAMS; i++)
		before->programs[i] = atomic_load(&journal->programs[i].count);
}

static void name_program(const struct journal_program *program, uint32_t reason, uint64_t count)
{
	const char *remedy = binary_remedy(reason);

	fputs("chaos-run: cannot be followed: ", stderr);
	print_plain(program->path, sizeof(program->path));
	if (count > 1)
		fprintf(stderr, " (%llu times)", (unsigned long long)count);
	fprintf(stderr, " %s%s%s\n", binary_reason(reason), remedy ? "; " : "",
		remedy ? remedy : "");
}

/* Returns how many programs could not be followed, and says which. */
static uint64_t name_unfollowed(const struct journal *journal, const struct before *before)
{
	uint64_t all = atomic_load(&journal->unfollowed) - before->unfollowed, named = 0;

	for (int i = 0; i < JOURNAL_PROGRAMS; i++) {
		const struct journal_program *program = &journal->programs[i];
		uint64_t count = atomic_load(&program->count) - before->programs[i];
		uint32_t reason = atomic_load(&program->reason);

		if (count == 0 || reason == BINARY_NONE || reason >= BINARY_OBSTACLES)
			continue;
		name_program(program, reason, count);
		named += count;
	}
	if (all > named)
		fprintf(stderr, "chaos-run: other programs that could not be followed: %llu\n",
			(unsigned long long)(all - named));
	return all;
}

/* A journal, and what stood in it. */
struct watched {
	const struct journal *journal; /* NULL: there is none */
	ino_t inode;
	struct before before;
};

/* Says whatever kept a call from being looked at. Was there something? */
static bool tell_of(const struct watched *watched)
{
	const struct journal *journal = watched->journal;
	const struct before *before = &watched->before;
	uint64_t blind = atomic_load(&journal->blind_aws) - before->blind_aws;
	uint64_t wanting = atomic_load(&journal->unattached) - before->unattached;
	bool is_told = false;

	if (blind) {
		fprintf(stderr, "chaos-run: connections to AWS could not be looked into: %llu\n",
			(unsigned long long)blind);
		name_blind(journal, before->processes);
		is_told = true;
	}
	if (wanting) {
		fprintf(stderr, "chaos-run: programs that could not be given the rules: %llu\n",
			(unsigned long long)wanting);
		is_told = true;
	}
	is_told |= name_unfollowed(journal, before) > 0;
	return is_told;
}

/* The journal of the folder, and that of the guests. */
struct watch {
	struct watched own, guests;
	const char *folder;
	uint64_t left; /* by a supervisor that was killed before */
};

static void watch_begin(struct watch *watch, const char *folder, const struct journal *journal)
{
	watch->folder = folder;
	watch->left = supervise_left(folder);
	watch->own.journal = journal;
	note_before(journal, &watch->own.before);
	watch->guests.journal = journal_file_map_guests(journal, &watch->guests.inode);
	if (watch->guests.journal)
		note_before(watch->guests.journal, &watch->guests.before);
}

/* Where its guard lives on, that has counted it. */
static bool tell_of_supervisor(const struct watch *watch)
{
	uint64_t left = supervise_left(watch->folder);

	if (!left || left == watch->left)
		return false;
	fputs("chaos-run: the supervisor of programs that make their own system calls was killed\n",
		stderr);
	return true;
}

/* A daemon that has come meanwhile has a new journal for its guests. */
static bool tell(const struct watch *watch, const struct unattached *unattached)
{
	static struct watched later;
	bool is_told = tell_of(&watch->own);

	if (watch->guests.journal)
		is_told |= tell_of(&watch->guests);
	later.journal = journal_file_map_guests(watch->own.journal, &later.inode);
	if (later.journal && (!watch->guests.journal || later.inode != watch->guests.inode))
		is_told |= tell_of(&later);
	is_told |= unattached_tell(unattached) > 0;
	return is_told || tell_of_supervisor(watch);
}

struct strict {
	const struct journal *journal;
	struct unattached unattached;
	struct watch watch;
};

struct strict *strict_begin(const char *folder)
{
	struct strict *strict = calloc(1, sizeof(*strict));
	int error;

	if (!strict) {
		fprintf(stderr, "chaos-run: %s\n", strerror(errno));
		return NULL;
	}
	strict->journal = journal_file_map(folder);
	if (!strict->journal) {
		fprintf(stderr, "chaos-run: %s: the journal cannot be read\n", folder);
		free(strict);
		return NULL;
	}
	error = unattached_listen(&strict->unattached);
	if (error) {
		fprintf(stderr, "chaos-run: cannot be told of programs without rules: %s\n",
			strerror(-error));
		free(strict);
		return NULL;
	}
	watch_begin(&strict->watch, folder, strict->journal);
	return strict;
}

bool strict_tell(const struct strict *strict)
{
	return tell(&strict->watch, &strict->unattached);
}

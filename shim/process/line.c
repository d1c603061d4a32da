/* SPDX-License-Identifier: Apache-2.0 */
/* This process's line in the journal. */

#include "line.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim/libc/real.h"

/* Stands for a process that is taking the line: until its start is written nobody is to judge it. */
#define BEING_TAKEN UINT32_MAX

static bool claim(struct journal_process *line, uint32_t from)
{
	return atomic_compare_exchange_strong(&line->pid, &from, BEING_TAKEN);
}

static bool is_dead(const struct journal_process *line, uint32_t pid)
{
	return journal_process_start(pid) != atomic_load(&line->start);
}

/* After exec() the process has its line already; else it takes a free one, or a dead one's. */
static struct journal_process *take(struct journal *journal, uint32_t pid, bool *is_new)
{
	uint64_t start = journal_process_start(pid);

	*is_new = false;
	for (uint32_t i = 0; i < JOURNAL_PROCESSES; i++) {
		struct journal_process *line = &journal->processes[i];
		uint32_t owner = atomic_load(&line->pid);

		if (owner == pid && atomic_load(&line->start) == start)
			return line;
		if (owner == 0)
			break;
	}
	*is_new = true;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < JOURNAL_PROCESSES; i++) {
			struct journal_process *line = &journal->processes[i];
			uint32_t owner = atomic_load(&line->pid);

			if (pass == 0 && owner && owner != pid)
				continue;
			if (owner == BEING_TAKEN || (owner && !is_dead(line, owner)))
				continue;
			if (claim(line, owner))
				return line;
		}
	}
	return NULL;
}

static void begin(struct journal_process *line)
{
	atomic_store(&line->start, journal_process_start((uint32_t)getpid()));
	line->since = (uint64_t)time(NULL);
	atomic_store(&line->connections, 0);
	atomic_store(&line->calls, 0);
	atomic_store(&line->faults, 0);
	atomic_store(&line->delayed, 0);
	for (int reason = 0; reason < JOURNAL_BLIND_REASONS; reason++)
		atomic_store(&line->blind[reason], 0);
	atomic_store(&line->blind_aws, 0);
	line->blind_host[0] = '\0';
	atomic_store(&line->unnamed, 0);
	atomic_store(&line->pid, (uint32_t)getpid());
}

/* The arguments as the kernel knows them, with spaces between. */
static void note_command(struct journal_process *line)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return;
	memset(line->command, 0, sizeof(line->command));
	len = real.read(fd, line->command, sizeof(line->command) - 1);
	for (ssize_t i = 0; i + 1 < len; i++)
		if (!line->command[i])
			line->command[i] = ' ';
	real.close(fd);
}

struct journal_process *process_register(struct journal *journal)
{
	bool is_new;
	struct journal_process *line = take(journal, (uint32_t)getpid(), &is_new);

	if (!line) {
		atomic_fetch_add(&journal->processes_lost, 1);
		return NULL;
	}
	if (is_new)
		begin(line);
	note_command(line);
	return line;
}

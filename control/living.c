/* SPDX-License-Identifier: Apache-2.0 */
#include "living.h"

#include <stdio.h>
#include <string.h>

/* One that has ended keeps its pid and its start until its parent asks, which may be never. A main
 * thread that has ended looks the same, but for the other threads. */
static bool is_zombie(uint32_t pid)
{
	char path[64];
	char line[1024];
	const char *name_end;
	char state;
	long threads;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return true;
	line[fread(line, 1, sizeof(line) - 1, file)] = '\0';
	fclose(file);
	name_end = strrchr(line, ')');
	/* proc(5): field 3 is the state, field 20 the number of threads. */
	return !name_end ||
	       sscanf(name_end,
		       ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		       "%*s %ld",
		       &state, &threads) != 2 ||
	       (strchr("ZXx", state) && threads <= 1);
}

bool living_pid(uint32_t pid, uint64_t start)
{
	/* A pid of 0 or over INT_MAX is no process. */
	return pid > 0 && pid <= INT32_MAX && journal_process_start(pid) == start && start != 0 &&
	       !is_zombie(pid);
}

bool living_process(const struct journal_process *process)
{
	return living_pid(atomic_load(&process->pid), atomic_load(&process->start));
}

bool living_any(const struct journal *journal)
{
	for (size_t i = 0; i < JOURNAL_PROCESSES; i++)
		if (living_process(&journal->processes[i]))
			return true;
	return false;
}

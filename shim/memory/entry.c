/* SPDX-License-Identifier: Apache-2.0 */
/* A process's line in the journal. */

#include "entry.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "shim/base/kernel.h"

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

/* After exec() the process has its line already. */
static struct journal_process *find_own(struct journal_process *group, uint32_t pid, uint64_t start)
{
	for (uint32_t i = 0; i < JOURNAL_GROUP; i++)
		if (atomic_load(&group[i].pid) == pid && atomic_load(&group[i].start) == start)
			return &group[i];
	return NULL;
}

/* A free line, else a dead one's. Whatever else is in the list, this takes no more than a look at each
 * of the group. */
static struct journal_process *take(struct journal_process *group, uint32_t pid)
{
	for (uint32_t i = 0; i < JOURNAL_GROUP; i++)
		if (atomic_load(&group[i].pid) == 0 && claim(&group[i], 0))
			return &group[i];
	for (uint32_t i = 0; i < JOURNAL_GROUP; i++) {
		uint32_t owner = atomic_load(&group[i].pid);

		if (owner == BEING_TAKEN || (owner != pid && !is_dead(&group[i], owner)))
			continue;
		if (claim(&group[i], owner))
			return &group[i];
	}
	return NULL;
}

static void begin(struct journal_process *line, uint32_t pid, uint64_t start)
{
	atomic_store(&line->start, start);
	line->since = (uint64_t)time(NULL);
	atomic_store(&line->connections, 0);
	atomic_store(&line->calls, 0);
	atomic_store(&line->faults, 0);
	atomic_store(&line->delayed, 0);
	for (int reason = 0; reason < JOURNAL_BLIND_REASONS; reason++)
		atomic_store(&line->blind[reason], 0);
	atomic_store(&line->blind_aws, 0);
	for (int i = 0; i < JOURNAL_HOSTS; i++) {
		atomic_store(&line->blind_hosts[i].reason, 0);
		atomic_store(&line->blind_hosts[i].key, 0);
	}
	atomic_store(&line->unnamed, 0);
	for (int lane = 0; lane < JOURNAL_LANES; lane++)
		atomic_store(&line->lanes[lane], 0);
	atomic_store(&line->pid, pid);
}

/* So much of the arguments is looked at. */
#define ARGUMENTS_MAX 1024

/* The program and its script tell by their names: their folders are left out where there is no room for all.
 * Returns what is left of `text`, whose words end in NUL, and how long that is. */
static char *leave_folders_out(char *text, size_t *len)
{
	char *end = text + *len, *out = end, *words[2];
	int count = 0;

	for (char *at = text; count < 2 && at < end; at += strlen(at) + 1)
		words[count++] = at;
	if (count && *len > strlen(words[count - 1]) + (size_t)(words[count - 1] - text))
		out = words[count - 1] + strlen(words[count - 1]) + 1;
	while (count-- > 0) {
		const char *slash = *words[count] == '-' ? NULL : strrchr(words[count], '/');
		const char *name = slash ? slash + 1 : words[count];
		size_t size = strlen(name) + 1;

		/* One that is cut has no end of its own. */
		if (size > (size_t)(end - name))
			size = (size_t)(end - name);
		out -= size;
		memmove(out, name, size);
	}
	*len = (size_t)(end - out);
	return out;
}

/* The arguments as the kernel knows them, with spaces between. */
static void note_command(struct journal_process *line)
{
	char path[32], arguments[ARGUMENTS_MAX + 1] = "";
	char *text = arguments;
	size_t size;
	long len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", atomic_load(&line->pid));
	fd = (int)kernel_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (fd < 0)
		return;
	len = kernel_call(SYS_read, fd, (long)arguments, ARGUMENTS_MAX, 0, 0, 0);
	kernel_call(SYS_close, fd, 0, 0, 0, 0, 0);
	size = len > 0 ? (size_t)len : 0;
	if (size > sizeof(line->command))
		text = leave_folders_out(text, &size);
	if (size > sizeof(line->command) - 1)
		size = sizeof(line->command) - 1;
	for (size_t i = 0; i + 1 < size; i++)
		if (!text[i])
			text[i] = ' ';
	memset(line->command, 0, sizeof(line->command));
	memcpy(line->command, text, size);
}

struct journal_process *process_register(struct journal *journal,
	struct journal_process group[JOURNAL_GROUP], uint32_t pid, uint64_t start)
{
	struct journal_process *line = find_own(group, pid, start);

	if (!line) {
		line = take(group, pid);
		if (!line) {
			atomic_fetch_add(&journal->processes_lost, 1);
			return NULL;
		}
		begin(line, pid, start);
	}
	note_command(line);
	return line;
}

/* FNV-1a; never 0. */
static uint64_t key_of(int reason, const char *host)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ (uint64_t)reason;

	for (; *host; host++)
		hash = (hash ^ (uint8_t)*host) * 0x100000001b3ull;
	return hash ? hash : 1;
}

/* What is behind the host's NUL is the reason in words, as far as there is room. */
static void put_words(char place[JOURNAL_HOST_MAX], const char *host, const char *words)
{
	size_t at = strlen(host) + 1;

	strncpy(place, host, JOURNAL_HOST_MAX);
	if (words && at < JOURNAL_HOST_MAX - 1)
		snprintf(place + at, JOURNAL_HOST_MAX - at, "%s", words);
}

void process_note_blind(
	struct journal_process *line, int reason, const char *host, const char *words)
{
	uint64_t key = key_of(reason, host);

	for (int i = 0; i < JOURNAL_HOSTS; i++) {
		struct journal_host *place = &line->blind_hosts[i];
		uint64_t owner = 0;

		if (atomic_compare_exchange_strong(&place->key, &owner, key)) {
			put_words(place->host, host, words);
			atomic_store(&place->reason, (uint32_t)reason + 1);
			return;
		}
		if (owner == key)
			return;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"
#include "shim/base/kernel.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

bool journal_valid(const struct journal *journal, uint64_t size)
{
	return size == sizeof(*journal) && journal->magic == JOURNAL_MAGIC &&
	       journal->version == JOURNAL_VERSION &&
	       journal->header_size == offsetof(struct journal, counters) &&
	       journal->size == sizeof(*journal);
}

/* Fills `text` and terminates it. Raw system calls: this also runs inside the preloaded library,
 * where read() and close() are hooks. */
static bool read_file(const char *path, char *text, size_t cap)
{
	int fd = (int)kernel_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	ssize_t len;

	if (fd < 0)
		return false;
	len = kernel_call(SYS_read, fd, (long)text, (long)cap - 1, 0, 0, 0);
	kernel_call(SYS_close, fd, 0, 0, 0, 0, 0);
	if (len <= 0)
		return false;
	text[len] = '\0';
	return true;
}

static uint64_t number_at(const char *text)
{
	uint64_t number = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (uint64_t)(*text - '0');
	return number;
}

/* Field 22 of what stands in a `stat`. */
static uint64_t start_in(const char *stat)
{
	/* The second field is the command in brackets, and may hold brackets and spaces itself. */
	const char *field = strrchr(stat, ')');

	for (int number = 2; field && number < 22; number++)
		field = strchr(field + 1, ' ');
	return field ? number_at(field + 1) : 0;
}

uint64_t journal_process_start(uint32_t pid)
{
	char path[32], stat[1024];

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	return read_file(path, stat, sizeof(stat)) ? start_in(stat) : 0;
}

uint32_t journal_relay_for(void)
{
	const char *served = secure_getenv(JOURNAL_RELAY_FOR);

	return served ? (uint32_t)number_at(served) : 0;
}

void journal_self(uint32_t *pid, uint64_t *start)
{
	char stat[1024];

	*start = 0;
	*pid = journal_relay_for();
	if (*pid) {
		*start = journal_process_start(*pid);
		return;
	}
	if (!read_file("/proc/self/stat", stat, sizeof(stat)))
		return;
	*pid = (uint32_t)number_at(stat);
	*start = start_in(stat);
}

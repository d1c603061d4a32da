/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_header.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/memory/runtime.h"

#define HEADER_SIZE offsetof(struct journal, counters)

struct journal *journal_header_map(const char *folder)
{
	char path[PATH_MAX];
	struct stat status;
	void *map = MAP_FAILED;
	int fd;

	snprintf(path, sizeof(path), "%s/" RUNTIME_JOURNAL, folder);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && (uint64_t)status.st_size == sizeof(struct journal))
		map = mmap(NULL, HEADER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED && journal_valid(map, sizeof(struct journal)))
		return map;
	if (map != MAP_FAILED)
		munmap(map, HEADER_SIZE);
	return NULL;
}

void journal_count_unattached(const char *folder)
{
	struct journal *journal = journal_header_map(folder);

	if (!journal)
		return;
	atomic_fetch_add(&journal->unattached, 1);
	munmap(journal, HEADER_SIZE);
}

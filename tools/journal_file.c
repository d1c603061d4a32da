/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/memory/runtime.h"

/* `fd` is closed. */
static const struct journal *map_opened(int fd)
{
	struct stat status;
	void *map = MAP_FAILED;

	if (fstat(fd, &status) == 0 && (uint64_t)status.st_size == sizeof(struct journal))
		map = mmap(NULL, sizeof(struct journal), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED || !journal_valid(map, sizeof(struct journal)))
		return NULL;
	return map;
}

const struct journal *journal_file_map(const char *folder)
{
	char path[PATH_MAX + 16];
	int fd;

	snprintf(path, sizeof(path), "%s/" RUNTIME_JOURNAL, folder);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? NULL : map_opened(fd);
}

const struct journal *journal_file_map_guests(const struct journal *own, ino_t *inode)
{
	int files[GUESTS_FILES];
	struct stat status;

	if (!guests_entry_valid(own->guests, sizeof(own->guests)) ||
		guests_ask(strchr(own->guests, '=') + 1, files))
		return NULL;
	*inode = fstat(files[GUESTS_JOURNAL], &status) == 0 ? status.st_ino : 0;
	close(files[GUESTS_TABLE]);
	if (files[GUESTS_MODEL] >= 0)
		close(files[GUESTS_MODEL]);
	return map_opened(files[GUESTS_JOURNAL]);
}

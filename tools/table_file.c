/* SPDX-License-Identifier: Apache-2.0 */

#include "table_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int map(int fd, const struct table **table)
{
	struct stat info;
	void *mapped;

	if (fstat(fd, &info) < 0)
		return -errno;
	if (!S_ISREG(info.st_mode) || info.st_uid != geteuid())
		return -EPERM;
	if ((uint64_t)info.st_size < sizeof(**table))
		return -EINVAL;
	mapped = mmap(NULL, sizeof(**table), PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	if (!table_valid(mapped, (uint64_t)info.st_size)) {
		munmap(mapped, sizeof(**table));
		return -EINVAL;
	}
	*table = mapped;
	return 0;
}

int table_file_map(const char *path, const struct table **table)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int error;

	if (fd < 0)
		return -errno;
	error = map(fd, table);
	close(fd);
	return error;
}

const char *table_file_error(int error)
{
	switch (error) {
	case -EPERM:
		return "is not a file of this user";
	case -EINVAL:
		return "is of another version, or damaged";
	default:
		return strerror(-error);
	}
}

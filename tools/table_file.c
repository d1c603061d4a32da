/* SPDX-License-Identifier: Apache-2.0 */

#include "table_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int map(int fd, const struct table **table)
{
	struct stat info;

	if (fstat(fd, &info) < 0)
		return -errno;
	if (!S_ISREG(info.st_mode) || info.st_uid != geteuid())
		return -EPERM;
	*table = table_map(fd, (uint64_t)info.st_size);
	return *table ? 0 : -errno;
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "shim/libc/real.h"
#include "shim/memory/runtime.h"
#include "shim/process/files.h"

ssize_t authority_read_file(int fd, char *buffer, size_t cap)
{
	size_t len = 0;

	for (;;) {
		ssize_t got = pread(fd, buffer + len, cap - len, (off_t)len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (size_t)got == cap - len)
			return -1;
		if (got == 0)
			return (ssize_t)len;
		len += (size_t)got;
	}
}

int authority_open(struct stat *status)
{
	int folder = files_open_folder(), fd;

	if (folder < 0)
		return -1;
	fd = files_open(folder, RUNTIME_CA, O_RDONLY, status);
	real.close(folder);
	return fd;
}

ssize_t authority_read(char *buffer, size_t cap)
{
	struct stat status;
	int fd = authority_open(&status);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = authority_read_file(fd, buffer, cap);
	real.close(fd);
	return len;
}

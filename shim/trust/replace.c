/* SPDX-License-Identifier: Apache-2.0 */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shim/libc/real.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Kernels before 6.3 do not know that it is never to be executed, later ones may insist on being told. */
static int make_file(const char *name)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	char short_name[200];
	int fd;

	snprintf(short_name, sizeof(short_name), "%s", name);
	fd = memfd_create(short_name, flags | MFD_NOEXEC_SEAL);
	return fd < 0 && errno == EINVAL ? memfd_create(short_name, flags) : fd;
}

/* A program that has a limit would be killed for exceeding it. */
static bool may_write(size_t len)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur >= len;
}

static bool write_all(int fd, struct span bytes)
{
	while (bytes.len) {
		ssize_t written = real.write(fd, bytes.at, bytes.len);

		if (written < 0 && errno != EINTR)
			return false;
		bytes = span_from(bytes, written > 0 ? (size_t)written : 0);
	}
	return true;
}

int replace_open_again(int fd, int flags)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return real.open(path, (flags & ~(O_ACCMODE | O_NOFOLLOW)) | O_RDONLY);
}

static bool finish(int fd, const struct stat *status, struct span bytes)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};

	return write_all(fd, bytes) && fchmod(fd, status->st_mode & 07777) == 0 &&
	       futimens(fd, times) == 0 && real.fcntl(fd, F_ADD_SEALS, (void *)(long)SEALS) == 0;
}

bool replace_file(int fd, const struct stat *status, const char *name, struct span bytes)
{
	int number = real.fcntl(fd, F_GETFD), flags = real.fcntl(fd, F_GETFL), made, read_only;
	bool is_done = false;

	if (number < 0 || flags < 0 || !may_write(bytes.len))
		return false;
	made = make_file(name);
	if (made < 0)
		return false;
	read_only = replace_open_again(made, flags | O_CLOEXEC);
	if (read_only >= 0) {
		is_done = finish(made, status, bytes) &&
			  real.dup3(read_only, fd, number & FD_CLOEXEC ? O_CLOEXEC : 0) == fd;
		real.close(read_only);
	}
	real.close(made);
	return is_done;
}

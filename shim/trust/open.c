/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks that open a path. The real one comes first: a path that it has opened, or has not found, can
 * be read. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "hashed.h"
#include "on.h"
#include "shim/libc/real.h"
#include "trust.h"

/* O_RDONLY is 0. */
#define FOR_READING (O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_NOATIME | O_LARGEFILE)

/* `before` is errno as it was. */
static int given(int fd, int before, const char *path, int flags, const void *caller)
{
	if (flags & ~FOR_READING)
		return fd;
	if (fd >= 0) {
		if (trust_is_given() && trust_concerns(path, caller))
			trust_add(fd, path);
	} else if (errno == ENOENT && hashed_is_ours(path, caller)) {
		fd = hashed_open(flags);
		if (fd >= 0)
			errno = before;
	}
	return fd;
}

/* "rb", "re,ccs=UTF-8", but not "r+". */
static bool is_for_reading(const char *mode)
{
	if (*mode != 'r')
		return false;
	for (; *mode && *mode != ','; mode++)
		if (*mode == '+')
			return false;
	return true;
}

static FILE *open_stream(const char *mode)
{
	int fd = hashed_open(strchr(mode, 'e') ? O_CLOEXEC : 0);
	FILE *stream = fd >= 0 ? real.fdopen(fd, mode) : NULL;

	if (fd >= 0 && !stream)
		real.close(fd);
	return stream;
}

static FILE *given_stream(
	FILE *stream, int before, const char *path, const char *mode, const void *caller)
{
	if (!is_for_reading(mode))
		return stream;
	if (stream) {
		/* Nothing of it has been read yet. */
		if (trust_is_given() && trust_concerns(path, caller))
			trust_add(fileno(stream), path);
	} else if (errno == ENOENT && hashed_is_ours(path, caller)) {
		stream = open_stream(mode);
		errno = stream ? before : ENOENT;
	}
	return stream;
}

int on_open(const void *caller, const char *path, int flags, mode_t mode)
{
	int before = errno;
	int fd = real.open(path, flags, mode);

	return given(fd, before, path, flags, caller);
}

int on_open64(const void *caller, const char *path, int flags, mode_t mode)
{
	int before = errno;
	int fd = real.open64(path, flags, mode);

	return given(fd, before, path, flags, caller);
}

int on_openat(const void *caller, int folder, const char *path, int flags, mode_t mode)
{
	int before = errno;
	int fd = real.openat(folder, path, flags, mode);

	return given(fd, before, path, flags, caller);
}

int on_openat64(const void *caller, int folder, const char *path, int flags, mode_t mode)
{
	int before = errno;
	int fd = real.openat64(folder, path, flags, mode);

	return given(fd, before, path, flags, caller);
}

int on___open_2(const void *caller, const char *path, int flags)
{
	int before = errno;
	int fd = real.__open_2(path, flags);

	return given(fd, before, path, flags, caller);
}

int on___open64_2(const void *caller, const char *path, int flags)
{
	int before = errno;
	int fd = real.__open64_2(path, flags);

	return given(fd, before, path, flags, caller);
}

int on___openat_2(const void *caller, int folder, const char *path, int flags)
{
	int before = errno;
	int fd = real.__openat_2(folder, path, flags);

	return given(fd, before, path, flags, caller);
}

int on___openat64_2(const void *caller, int folder, const char *path, int flags)
{
	int before = errno;
	int fd = real.__openat64_2(folder, path, flags);

	return given(fd, before, path, flags, caller);
}

FILE *on_fopen(const void *caller, const char *path, const char *mode)
{
	int before = errno;
	FILE *stream = real.fopen(path, mode);

	return given_stream(stream, before, path, mode, caller);
}

FILE *on_fopen64(const void *caller, const char *path, const char *mode)
{
	int before = errno;
	FILE *stream = real.fopen64(path, mode);

	return given_stream(stream, before, path, mode, caller);
}

int on_stat(const void *caller, const char *path, struct stat *status)
{
	int before = errno, result = real.stat(path, status);

	if (result == 0)
		trust_look(path, status, caller);
	if (result == 0 || errno != ENOENT || !hashed_is_ours(path, caller))
		return result;
	result = hashed_stat(status);
	if (result == 0)
		errno = before;
	return result;
}

_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one is the other");

int on_stat64(const void *caller, const char *path, struct stat64 *status)
{
	return on_stat(caller, path, (struct stat *)status);
}

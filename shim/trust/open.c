/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks that open a path. The real one comes first: a path that it has opened can be read. */

#include <fcntl.h>

#include "on.h"
#include "shim/libc/real.h"
#include "trust.h"

/* O_RDONLY is 0. */
#define FOR_READING (O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_NOATIME | O_LARGEFILE)

static int given(int fd, const char *path, int flags, const void *caller)
{
	if (fd >= 0 && !(flags & ~FOR_READING) && trust_is_given() && trust_concerns(path, caller))
		trust_add(fd, path);
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

/* Nothing of it has been read yet. */
static FILE *given_stream(FILE *stream, const char *path, const char *mode, const void *caller)
{
	if (stream && is_for_reading(mode) && trust_is_given() && trust_concerns(path, caller))
		trust_add(fileno(stream), path);
	return stream;
}

int on_open(const void *caller, const char *path, int flags, mode_t mode)
{
	return given(real.open(path, flags, mode), path, flags, caller);
}

int on_open64(const void *caller, const char *path, int flags, mode_t mode)
{
	return given(real.open64(path, flags, mode), path, flags, caller);
}

int on_openat(const void *caller, int folder, const char *path, int flags, mode_t mode)
{
	return given(real.openat(folder, path, flags, mode), path, flags, caller);
}

int on_openat64(const void *caller, int folder, const char *path, int flags, mode_t mode)
{
	return given(real.openat64(folder, path, flags, mode), path, flags, caller);
}

int on___open_2(const void *caller, const char *path, int flags)
{
	return given(real.__open_2(path, flags), path, flags, caller);
}

int on___open64_2(const void *caller, const char *path, int flags)
{
	return given(real.__open64_2(path, flags), path, flags, caller);
}

int on___openat_2(const void *caller, int folder, const char *path, int flags)
{
	return given(real.__openat_2(folder, path, flags), path, flags, caller);
}

int on___openat64_2(const void *caller, int folder, const char *path, int flags)
{
	return given(real.__openat64_2(folder, path, flags), path, flags, caller);
}

FILE *on_fopen(const void *caller, const char *path, const char *mode)
{
	return given_stream(real.fopen(path, mode), path, mode, caller);
}

FILE *on_fopen64(const void *caller, const char *path, const char *mode)
{
	return given_stream(real.fopen64(path, mode), path, mode, caller);
}

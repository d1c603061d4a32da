/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "shim/base/kernel.h"

#define CONTENT_MAX (64UL << 20)
#define PART	    (64UL << 10)

static long open_file(const char *path, long flags)
{
	return kernel_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC | flags, 0, 0, 0);
}

static void close_file(long file)
{
	kernel_call(SYS_close, file, 0, 0, 0, 0, 0);
}

static bool read_all(struct bytes *content, long file, char *part)
{
	long len;

	while ((len = kernel_call(SYS_read, file, (long)part, PART, 0, 0, 0)) > 0)
		if (bytes_all(content).len > CONTENT_MAX || !bytes_add(content, part, (size_t)len))
			return false;
	return len == 0;
}

bool file_read(struct bytes *content, const char *path)
{
	/* A pipe must not make us wait. */
	long file = open_file(path, O_NONBLOCK);
	char *part;
	bool whole;

	*content = (struct bytes){0};
	if (file < 0)
		return false;
	part = malloc(PART);
	whole = part && read_all(content, file, part);
	free(part);
	close_file(file);
	if (!whole)
		bytes_free(content);
	return whole;
}

bool file_is_folder(const char *path)
{
	long file = open_file(path, O_DIRECTORY);

	if (file < 0)
		return false;
	close_file(file);
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE	 4096
#define NAME_CAP 32

static int fail(struct mapped *file, int error, const char *what)
{
	snprintf(file->reason, MAPPED_REASON, "%s %s (%s)", file->path, what, strerror(-error));
	return error;
}

static size_t mapped_len(const struct mapped *file)
{
	return file->len < file->size ? file->len : file->size;
}

static int map(struct mapped *file)
{
	size_t len = mapped_len(file);
	char *room = mmap(NULL, file->ahead + len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		return fail(file, -errno, "cannot be mapped");
	file->at = mmap(room + file->ahead, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		file->fd, 0);
	if (file->at != MAP_FAILED)
		return 0;
	fail(file, -errno, "cannot be mapped");
	munmap(room, file->ahead + len);
	file->at = NULL;
	return -ENOMEM;
}

int mapped_open(struct mapped *file)
{
	struct stat st;

	file->at = NULL;
	file->fd =
		openat(file->folder_fd, file->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file->fd < 0 && errno == ENOENT)
		return 0;
	if (file->fd < 0)
		return fail(
			file, -errno, errno == ELOOP ? "is a symbolic link" : "cannot be opened");
	if (fstat(file->fd, &st) < 0)
		return fail(file, -errno, "cannot be looked at");
	if (!S_ISREG(st.st_mode))
		return fail(file, -EINVAL, "is not a regular file");
	if (st.st_uid != geteuid())
		return fail(file, -EPERM, "belongs to another user");
	if (fchmod(file->fd, 0600) < 0)
		return fail(file, -errno, "cannot be made private");
	file->len = (size_t)st.st_size;
	return file->len < PAGE ? 0 : map(file);
}

static void new_name(const struct mapped *file, char name[NAME_CAP])
{
	snprintf(name, NAME_CAP, "%s.new", file->name);
}

int mapped_create(struct mapped *file)
{
	char name[NAME_CAP];

	file->at = NULL;
	file->fd = -1;
	new_name(file, name);
	/* One that was left by a daemon that died. */
	if (unlinkat(file->folder_fd, name, 0) < 0 && errno != ENOENT)
		return fail(file, -errno, "an unfinished one beside it cannot be removed");
	file->fd = openat(file->folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file->fd < 0)
		return fail(file, -errno, "cannot be created");
	file->unfinished = true;
	if (ftruncate(file->fd, (off_t)file->size) < 0)
		return fail(file, -errno, "cannot be given its size");
	file->len = file->size;
	return map(file);
}

int mapped_install(struct mapped *file)
{
	char name[NAME_CAP];

	new_name(file, name);
	if (renameat(file->folder_fd, name, file->folder_fd, file->name) < 0)
		return fail(file, -errno, "cannot be put in its place");
	file->unfinished = false;
	return 0;
}

int mapped_reserve(struct mapped *file, size_t at, size_t len)
{
	int error = 0;

	if (len)
		do
			error = posix_fallocate(file->fd, (off_t)at, (off_t)len);
		while (error == EINTR);
	return error ? fail(file, -error, "has no room on its file system") : 0;
}

void mapped_close(struct mapped *file)
{
	char name[NAME_CAP];

	if (file->unfinished) {
		new_name(file, name);
		unlinkat(file->folder_fd, name, 0);
		file->unfinished = false;
	}
	if (file->at)
		munmap((char *)file->at - file->ahead, file->ahead + mapped_len(file));
	if (file->fd >= 0)
		close(file->fd);
	file->at = NULL;
	file->fd = -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"

static int refuse_file(struct refusal *why, const char *what, const char *path)
{
	return refuse(why, 500, "cannot %s %s: %s", what, path, strerror(errno));
}

/* Linux closes the descriptor whatever close() says: never twice, and errno stays the caller's. */
static void close_quietly(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
}

static char *read_at_most(int fd, size_t max, size_t *len)
{
	size_t cap = 64 << 10;
	char *text = sure(malloc(cap));
	ssize_t got;

	*len = 0;
	while ((got = read(fd, text + *len, cap - *len - 1)) > 0 || (got < 0 && errno == EINTR)) {
		*len += got > 0 ? (size_t)got : 0;
		if (*len > max) {
			free(text);
			errno = EFBIG;
			return NULL;
		}
		if (cap - *len < cap / 2)
			text = sure(realloc(text, cap *= 2));
	}
	if (got < 0) {
		free(text);
		return NULL;
	}
	text[*len] = '\0';
	return text;
}

char *file_read_all(int fd, size_t *len)
{
	return read_at_most(fd, SIZE_MAX, len);
}

char *file_read_at_most(const char *path, size_t max, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0)
		return NULL;
	text = read_at_most(fd, max, len);
	close_quietly(fd);
	return text;
}

char *file_read(const char *path, size_t *len)
{
	return file_read_at_most(path, SIZE_MAX, len);
}

static int write_all(int fd, const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		ssize_t put = write(fd, text, left);

		if (put < 0)
			return -1;
		text += put;
		left -= (size_t)put;
	}
	return 0;
}

/* Makes a file, which nobody else can read before it has its mode. Returns the descriptor, or -1 with
 * errno set. */
static int write_file(const char *path, const char *text, mode_t mode)
{
	int fd;

	/* One that a crash has left behind; and never through somebody's link. */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (write_all(fd, text) == 0 && fchmod(fd, mode) == 0)
		return fd;
	close_quietly(fd);
	return -1;
}

/* The same, and it is on the disk when this returns 0; else -1. */
static int write_synced(const char *path, const char *text)
{
	int fd = write_file(path, text, 0600);
	int error;

	if (fd < 0)
		return -1;
	error = fsync(fd);
	close_quietly(fd);
	return error;
}

static int open_folder_of(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A rename is on the disk when its folder is. Not every file system knows how to do that. */
static int sync_folder(int folder)
{
	return fsync(folder) < 0 && errno != EINVAL && errno != ENOTSUP ? -1 : 0;
}

static int replace(
	const char *path, const char *fresh, int folder, const char *text, struct refusal *why)
{
	if (write_synced(fresh, text) < 0)
		return refuse_file(why, "write", fresh);
	if (rename(fresh, path) < 0)
		return refuse_file(why, "replace", path);
	if (sync_folder(folder) < 0)
		return refuse_file(why, "sync the folder of", path);
	return 0;
}

static int name_fresh(const char *path, char fresh[PATH_MAX], struct refusal *why)
{
	if ((size_t)snprintf(fresh, PATH_MAX, "%s.new", path) >= PATH_MAX)
		return refuse(why, 500, "the path %.100s… is too long", path);
	return 0;
}

int file_replace(const char *path, const char *text, struct refusal *why)
{
	char fresh[PATH_MAX];
	int folder;
	int error;

	if (name_fresh(path, fresh, why))
		return -EINVAL;
	folder = open_folder_of(path);
	if (folder < 0)
		return refuse_file(why, "open the folder of", path);
	error = replace(path, fresh, folder, text, why);
	if (error)
		unlink(fresh);
	close(folder);
	return error;
}

int file_place(const char *path, const char *text, mode_t mode, struct refusal *why)
{
	char fresh[PATH_MAX];
	int fd;

	if (name_fresh(path, fresh, why))
		return -EINVAL;
	fd = write_file(fresh, text, mode);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && rename(fresh, path) == 0)
		return 0;
	refuse_file(why, "write", path);
	unlink(fresh);
	return -EINVAL;
}

void file_tidy(const char *path)
{
	char fresh[PATH_MAX];
	struct refusal why;

	if (name_fresh(path, fresh, &why) == 0)
		unlink(fresh);
}

int file_put_aside(const char *path, char *aside, size_t cap, struct refusal *why)
{
	time_t now = time(NULL);
	struct tm utc;
	char stamp[32];

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	errno = EEXIST;
	for (int try = 0; try < 100 && errno == EEXIST; try++) {
		int len = snprintf(aside, cap, "%s.corrupt-%s", path, stamp);

		if (try > 0 && (size_t)len < cap)
			len += snprintf(aside + len, cap - (size_t)len, "-%d", try);
		if ((size_t)len >= cap)
			errno = ENAMETOOLONG;
		else if (renameat2(AT_FDCWD, path, AT_FDCWD, aside, RENAME_NOREPLACE) == 0)
			return 0;
	}
	return refuse_file(why, "put aside the corrupt file", path);
}

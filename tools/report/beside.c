/* SPDX-License-Identifier: Apache-2.0 */
#include "beside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool beside_check(const char *path)
{
	int fd;

	if (access(path, F_OK) == 0)
		return access(path, W_OK) == 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return false;
	close(fd);
	unlink(path);
	return true;
}

static mode_t mode_of_new(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* Where a symbolic link leads stands the file that is to be replaced. */
static bool choose_place(struct beside *file, const char *path, mode_t *mode)
{
	struct stat status;

	*mode = mode_of_new();
	if (lstat(path, &status) < 0)
		return snprintf(file->place, sizeof(file->place), "%s", path) < PATH_MAX;
	if (stat(path, &status) < 0 || !S_ISREG(status.st_mode) || access(path, W_OK) < 0)
		return false;
	*mode = status.st_mode & 07777;
	return realpath(path, file->place) != NULL;
}

static int open_temporary(struct beside *file, mode_t mode)
{
	int fd;

	if (snprintf(file->temporary, sizeof(file->temporary), "%.*s.XXXXXX", PATH_MAX - 8,
		    file->place) >= PATH_MAX)
		return -1;
	fd = mkostemp(file->temporary, O_CLOEXEC);
	if (fd >= 0 && fchmod(fd, mode) < 0) {
		close(fd);
		unlink(file->temporary);
		return -1;
	}
	return fd;
}

bool beside_open(struct beside *file, const char *path)
{
	mode_t mode;
	int fd = choose_place(file, path, &mode) ? open_temporary(file, mode) : -1;

	if (fd < 0) {
		*file->place = '\0';
		file->out = fopen(path, "we");
	} else {
		file->out = fdopen(fd, "w");
	}
	return file->out != NULL;
}

bool beside_close(struct beside *file)
{
	bool is_bad = fflush(file->out) == EOF || ferror(file->out);
	int error = errno;

	if (fclose(file->out) == EOF && !is_bad) {
		is_bad = true;
		error = errno;
	}
	if (*file->place && !is_bad && rename(file->temporary, file->place) < 0) {
		is_bad = true;
		error = errno;
	}
	if (*file->place && is_bad)
		unlink(file->temporary);
	errno = error;
	return !is_bad;
}

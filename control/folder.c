/* SPDX-License-Identifier: Apache-2.0 */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/runtime.h"

static int refuse_folder(struct refusal *why, const char *path, const char *what)
{
	return refuse(why, 500, "the runtime folder %s %s", path, what);
}

/* Shims believe what stands in the folder, so nobody else may be able to write there. */
static int check_folder(const char *path, int fd, struct refusal *why)
{
	struct stat folder;

	if (fstat(fd, &folder) < 0)
		return refuse_folder(why, path, strerror(errno));
	if (folder.st_uid != geteuid())
		return refuse_folder(why, path, "belongs to another user; choose one with --dir");
	if (folder.st_mode & 077)
		return refuse_folder(why, path, "is open to other users; chmod 700 it");
	return 0;
}

/* A link is not followed: under /tmp it may be somebody else's. */
static int open_folder(const char *path, struct refusal *why)
{
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return refuse(
			why, 500, "cannot make the runtime folder %s: %s", path, strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return refuse(
			why, 500, "cannot open the runtime folder %s: %s", path, strerror(errno));
	if (check_folder(path, fd, why)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

static int refuse_held(struct folder *folder, struct refusal *why)
{
	char pid[32] = "";
	ssize_t len = pread(folder->lock, pid, sizeof(pid) - 1, 0);

	pid[len > 0 ? len : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	return refuse(why, 500, "%s is held by another chaos-control, pid %s", folder->path,
		*pid ? pid : "unknown");
}

static int take_lock(struct folder *folder, struct refusal *why)
{
	struct stat status;

	if (flock(folder->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? refuse_held(folder, why)
					    : refuse(why, 500, "cannot lock %s: %s", folder->path,
						      strerror(errno));
	/* A private daemon removes its files at its end: then this lock is nobody's to respect. */
	if (fstat(folder->lock, &status) || status.st_nlink == 0)
		return refuse(why, 500, "%s is being removed by the daemon that held it; try again",
			folder->path);
	if (ftruncate(folder->lock, 0) < 0 || dprintf(folder->lock, "%d\n", getpid()) < 0)
		return refuse(why, 500, "cannot write %s/" RUNTIME_LOCK ": %s", folder->path,
			strerror(errno));
	return 0;
}

static int lock_folder(struct folder *folder, int fd, struct refusal *why)
{
	folder->lock = openat(fd, RUNTIME_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (folder->lock < 0)
		return refuse(why, 500, "cannot open %s/" RUNTIME_LOCK ": %s", folder->path,
			strerror(errno));
	if (take_lock(folder, why)) {
		close(folder->lock);
		return -EINVAL;
	}
	return 0;
}

int folder_open(struct folder *folder, const char *path, struct refusal *why)
{
	char chosen[PATH_MAX];
	int fd;
	int error;

	if (!path && runtime_folder(chosen, sizeof(chosen)) < 0)
		return refuse(why, 500, "the path of the runtime folder is too long");
	if (!path)
		path = chosen;
	fd = open_folder(path, why);
	if (fd < 0)
		return -EINVAL;
	if (realpath(path, folder->path))
		error = lock_folder(folder, fd, why);
	else
		error = refuse_folder(why, path, strerror(errno));
	close(fd);
	return error;
}

int folder_file(
	const struct folder *folder, const char *name, char *out, size_t cap, struct refusal *why)
{
	int len = snprintf(out, cap, "%s/%s", folder->path, name);

	if (len < 0 || (size_t)len >= cap)
		return refuse(why, 500,
			"the path %s/%s is too long: %zu bytes are possible; choose a shorter one "
			"with --dir",
			folder->path, name, cap - 1);
	return 0;
}

void folder_close(struct folder *folder)
{
	/* The lock file stays: were it removed, two daemons could each hold a lock of that name. */
	close(folder->lock);
}

void folder_remove(const struct folder *folder)
{
	static const char *const files[] = {
		RUNTIME_SOCKET,
		RUNTIME_TABLE,
		RUNTIME_JOURNAL,
		RUNTIME_LOCK,
	};
	char path[PATH_MAX];
	struct refusal why;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (folder_file(folder, files[i], path, sizeof(path), &why) == 0)
			unlink(path);
	rmdir(folder->path);
}

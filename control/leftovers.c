/* SPDX-License-Identifier: Apache-2.0 */
#include "leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "living.h"
#include "shim/memory/runtime.h"

#define PREFIX	 "chaos-run."
#define TEMPLATE PREFIX "XXXXXX"
#define LAST	 "/tmp"

/* Longer ones leave no room for the name of a socket. */
#define SESSION_MAX 64

static const char *session_folder(void)
{
	const char *session = getenv("XDG_RUNTIME_DIR");

	return session && *session == '/' && strlen(session) < SESSION_MAX ? session : NULL;
}

int leftovers_make_folder(char folder[PATH_MAX])
{
	const char *session = session_folder();

	if (session) {
		snprintf(folder, PATH_MAX, "%s/" TEMPLATE, session);
		if (mkdtemp(folder))
			return 0;
	}
	snprintf(folder, PATH_MAX, LAST "/" TEMPLATE);
	return mkdtemp(folder) ? 0 : -errno;
}

static bool has_name(const char *name)
{
	return strlen(name) == sizeof(TEMPLATE) - 1 &&
	       strncmp(name, PREFIX, sizeof(PREFIX) - 1) == 0;
}

/* As mkdtemp() makes it. A link is not followed: under /tmp it may be somebody else's. Returns -1: it is
 * not. */
static int open_own(int parent, const char *name)
{
	int fd = has_name(name)
			 ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			 : -1;
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
		(status.st_mode & 07777) == 0700)
		return fd;
	close(fd);
	return -1;
}

/* A user's own folder may be called so, too, and is to keep what its daemon has saved. */
static bool is_private(int folder)
{
	struct stat status;

	return fstatat(folder, RUNTIME_PRIVATE, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(status.st_mode);
}

/* Takes the lock of a daemon that is gone. One that begins makes the file, locks it, and then writes its
 * pid: a file without one is left alone, lest it be refused its lock. Returns -1: it is not to be had. */
static int take_lock(int folder)
{
	int fd = openat(folder, RUNTIME_LOCK, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
		status.st_size > 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		fstat(fd, &status) == 0 && status.st_nlink > 0)
		return fd;
	close(fd);
	return -1;
}

/* Programs go on with the rules of a daemon that was killed. Where the journal is of another release, that
 * cannot be told. */
static bool lists_living(int fd)
{
	struct stat status;
	void *map = MAP_FAILED;
	bool any;

	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		(uint64_t)status.st_size == sizeof(struct journal))
		map = mmap(NULL, sizeof(struct journal), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return true;
	any = !journal_valid(map, sizeof(struct journal)) || living_any(map);
	munmap(map, sizeof(struct journal));
	return any;
}

static bool is_used(int folder, const char *path)
{
	struct folder supervised = {0};
	int fd = openat(folder, RUNTIME_JOURNAL, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool any;

	snprintf(supervised.path, sizeof(supervised.path), "%s", path);
	if (folder_is_supervised(&supervised))
		return true;
	if (fd < 0)
		return errno != ENOENT;
	any = lists_living(fd);
	close(fd);
	return any;
}

static void remove_named(int parent, const char *place, const char *name)
{
	int folder = open_own(parent, name), lock = folder < 0 ? -1 : take_lock(folder);
	char path[PATH_MAX];

	if (lock >= 0) {
		snprintf(path, sizeof(path), "%s/%s", place, name);
		if (is_private(folder) && !is_used(folder, path)) {
			folder_remove_files(folder);
			unlinkat(parent, name, AT_REMOVEDIR);
		}
		close(lock);
	}
	if (folder >= 0)
		close(folder);
}

static void remove_below(const char *place)
{
	DIR *entries = opendir(place);
	const struct dirent *entry;

	if (!entries)
		return;
	while ((entry = readdir(entries)))
		remove_named(dirfd(entries), place, entry->d_name);
	closedir(entries);
}

void leftovers_remove(void)
{
	const char *session = session_folder();

	if (session)
		remove_below(session);
	remove_below(LAST);
}

void leftovers_remove_folder(const char *folder)
{
	const char *slash = strrchr(folder, '/');
	char place[PATH_MAX];
	int parent;

	if (!slash || slash == folder || !has_name(slash + 1))
		return;
	snprintf(place, sizeof(place), "%.*s", (int)(slash - folder), folder);
	parent = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return;
	remove_named(parent, place, slash + 1);
	close(parent);
}

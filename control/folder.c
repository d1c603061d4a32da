/* SPDX-License-Identifier: Apache-2.0 */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "file.h"
#include "shim/memory/runtime.h"

/* The lock is the last to go, since it guards the others. */
enum own_file {
	SOCKET,
	SOCKET_NEXT,
	SUPERVISOR,
	TABLE,
	JOURNAL,
	MODEL,
	CA,
	CA_KEY,
	STATE,
	PRIVATE,
	LOCK,
	OWN_FILES
};

static const char *const own_files[OWN_FILES] = {
	[SOCKET] = RUNTIME_SOCKET,
	[SOCKET_NEXT] = RUNTIME_SOCKET_NEXT,
	[SUPERVISOR] = RUNTIME_SUPERVISOR, /* of one that was killed */
	[TABLE] = RUNTIME_TABLE,
	[JOURNAL] = RUNTIME_JOURNAL,
	[MODEL] = RUNTIME_MODEL,
	[CA] = RUNTIME_CA,
	[CA_KEY] = RUNTIME_CA_KEY,
	[STATE] = RUNTIME_STATE,
	[PRIVATE] = RUNTIME_PRIVATE,
	[LOCK] = RUNTIME_LOCK,
};

_Static_assert(sizeof(RUNTIME_SOCKET_NEXT) == sizeof(RUNTIME_SOCKET), "see runtime.h");

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

/* What was there a moment ago has been removed with the daemon that had it. */
static int status_of(int error)
{
	return error == ENOENT ? FOLDER_BUSY : 500;
}

/* A link is not followed: under /tmp it may be somebody else's. */
static int open_folder(struct folder *folder, const char *path, struct refusal *why)
{
	int fd;

	folder->is_new = mkdir(path, 0700) == 0;
	if (!folder->is_new && errno != EEXIST)
		return refuse(why, 500, "cannot make the runtime folder %s: %s%s", path,
			strerror(errno), errno == ENOENT ? "; make its parent first" : "");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return refuse(why, status_of(errno), "cannot open the runtime folder %s: %s%s",
			path, strerror(errno),
			errno == ENOTDIR ? "; choose another with --dir" : "");
	if (check_folder(path, fd, why)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* That of a chaos-run has been begun with that option. */
static bool is_private(const char *pid)
{
	char path[64], *arguments;
	size_t size;
	bool is;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	arguments = file_read(path, &size);
	is = arguments && memmem(arguments, size, "\0--private", sizeof("\0--private"));
	free(arguments);
	return is;
}

static int refuse_held(struct folder *folder, struct refusal *why)
{
	char pid[32] = "";
	ssize_t len = pread(folder->lock, pid, sizeof(pid) - 1, 0);

	pid[len > 0 ? len : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	if (*pid && is_private(pid))
		return refuse(why, FOLDER_BUSY,
			"%s is held by the private daemon of a chaos-run, pid %s, which ends with "
			"its last program; try again then, or choose another folder with --dir",
			folder->path, pid);
	return refuse(why, FOLDER_BUSY,
		"%s is held by another chaos-control, pid %s; choose another folder with --dir",
		folder->path, *pid ? pid : "unknown");
}

/* A lock without a pid in it is a new one, whoever has made it; and any socket is a stale one. */
static void look_around(struct folder *folder, int fd, bool lock_is_old)
{
	struct stat status;

	folder->there = (unsigned)lock_is_old << LOCK;
	for (enum own_file i = TABLE; i < LOCK; i++)
		if (fstatat(fd, own_files[i], &status, AT_SYMLINK_NOFOLLOW) == 0)
			folder->there |= 1u << i;
}

/* What a private daemon leaves when it is killed is anybody's to remove. Returns 0 or -1. */
static int mark(const struct folder *folder, int fd)
{
	int file;

	if (!folder->is_private)
		return unlinkat(fd, RUNTIME_PRIVATE, 0) == 0 || errno == ENOENT ? 0 : -1;
	file = openat(fd, RUNTIME_PRIVATE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0)
		return -1;
	close(file);
	return 0;
}

static int take_lock(struct folder *folder, int fd, struct refusal *why)
{
	struct stat status;

	if (flock(folder->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? refuse_held(folder, why)
					    : refuse(why, 500, "cannot lock %s: %s", folder->path,
						      strerror(errno));
	/* A private daemon removes its files at its end: then this lock is nobody's to respect. */
	if (fstat(folder->lock, &status) || status.st_nlink == 0)
		return refuse(why, FOLDER_BUSY,
			"%s is being removed by the daemon that held it; try again", folder->path);
	look_around(folder, fd, status.st_size > 0);
	if (mark(folder, fd) == 0 && ftruncate(folder->lock, 0) == 0 &&
		dprintf(folder->lock, "%d\n", getpid()) > 0)
		return 0;
	refuse(why, 500, "cannot write %s/" RUNTIME_LOCK ": %s", folder->path, strerror(errno));
	folder_restore(folder);
	return -EINVAL;
}

static int lock_folder(struct folder *folder, int fd, struct refusal *why)
{
	folder->lock = openat(fd, RUNTIME_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (folder->lock < 0)
		return refuse(why, status_of(errno), "cannot open %s/" RUNTIME_LOCK ": %s",
			folder->path, strerror(errno));
	if (take_lock(folder, fd, why)) {
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
	if (!*path)
		return refuse(why, 500, "--dir is empty; give the path of a folder");
	fd = open_folder(folder, path, why);
	if (fd < 0)
		return -EINVAL;
	if (realpath(path, folder->path))
		error = lock_folder(folder, fd, why);
	else
		error = refuse_folder(why, path, strerror(errno));
	/* Another daemon may have come into it meanwhile: then this fails. */
	if (error && folder->is_new)
		rmdir(path);
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

bool folder_is_supervised(const struct folder *folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len = snprintf(
		address.sun_path, sizeof(address.sun_path), "%s/" RUNTIME_SUPERVISOR, folder->path);
	bool answers;
	int fd;

	if (len < 0 || (size_t)len >= sizeof(address.sun_path))
		return false;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	answers = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN;
	close(fd);
	return answers;
}

void folder_close(struct folder *folder)
{
	/* The lock file stays: were it removed, two daemons could each hold a lock of that name. */
	close(folder->lock);
}

static void remove_files(const struct folder *folder, unsigned kept)
{
	char path[PATH_MAX];
	struct refusal why;

	for (enum own_file i = 0; i < OWN_FILES; i++)
		if (!(kept >> i & 1) &&
			folder_file(folder, own_files[i], path, sizeof(path), &why) == 0)
			unlink(path);
}

void folder_remove(const struct folder *folder)
{
	remove_files(folder, 1u << STATE); /* a daemon that removes all else has saved none */
	rmdir(folder->path);
}

void folder_remove_files(int fd)
{
	char fresh[64];

	unlinkat(fd, RUNTIME_MODEL_NEXT, 0);
	for (enum own_file i = 0; i < OWN_FILES; i++) {
		snprintf(fresh, sizeof(fresh), "%s.new", own_files[i]);
		unlinkat(fd, fresh, 0);
		unlinkat(fd, own_files[i], 0);
	}
}

void folder_restore(const struct folder *folder)
{
	remove_files(folder, folder->there);
	if (folder->is_new)
		rmdir(folder->path);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "binary.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "script.h"
#include "shim/base/kernel.h"

/* The kernel follows this many `#!` lines. */
#define MAX_LEVELS 5

/* Would the kernel run the program as somebody else? Then the loader drops LD_PRELOAD. */
static enum binary_obstacle look_at_privileges(int fd, const struct stat *info)
{
	struct statvfs mount;
	bool as_owner = info->st_mode & S_ISUID && info->st_uid != getuid();
	bool as_group =
		info->st_mode & S_ISGID && info->st_mode & S_IXGRP && info->st_gid != getgid();

	/* Root has them all, and so gains nothing by them. */
	if (!as_owner && !as_group &&
		(getuid() == 0 || fgetxattr(fd, "security.capability", NULL, 0) <= 0))
		return BINARY_NONE;
	if ((fstatvfs(fd, &mount) == 0 && mount.f_flag & ST_NOSUID) ||
		kernel_call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0) == 1)
		return BINARY_NONE;
	return as_owner || as_group ? BINARY_SETUID : BINARY_CAPABILITIES;
}

/* Can this be given to execve()? 0 or -errno. Directories have an x bit, too, and cannot. */
static int look_at_access(const struct binary *found)
{
	struct stat info;

	if (fstatat(found->folder, found->path, &info, 0) < 0)
		return -errno;
	/* A sandbox may know nothing of this call, and answers with another error. */
	if (faccessat(found->folder, found->path, X_OK, AT_EACCESS) < 0 && errno == EACCES)
		return -EACCES;
	return S_ISREG(info.st_mode) ? 0 : -EACCES;
}

static enum binary_obstacle obstacle_of(int error)
{
	if (error == 0)
		return BINARY_NONE;
	return error == -ENOENT ? BINARY_NOT_FOUND : BINARY_NOT_EXECUTABLE;
}

/* Puts the two together; false if they are too long. */
static bool join(struct span folder, struct span name, struct binary *found)
{
	char *out = found->path;

	if (!folder.len)
		folder = SPAN(".");
	if (folder.len + 1 + name.len >= found->cap)
		return false;
	out = mempcpy(out, folder.at, folder.len);
	*out++ = '/';
	out = mempcpy(out, name.at, name.len);
	*out = '\0';
	return true;
}

static bool copy(struct span text, struct binary *found)
{
	if (text.len >= found->cap)
		return false;
	memcpy(found->path, text.at, text.len);
	found->path[text.len] = '\0';
	return true;
}

/* As of execvp(). */
static const char *folders_of(const char *path)
{
	return path ? path : "/bin:/usr/bin";
}

static bool is_sought(struct script command)
{
	return command.is_sought && command.file.len && !span_find(command.file, '/');
}

/* Along $PATH: the first that can be executed; what cannot is stepped over, but remembered. */
static enum binary_obstacle search(struct span name, const char *path, struct binary *found)
{
	int worst = -ENOENT;

	for (const char *next = folders_of(path); next;) {
		struct span folder = {next, strcspn(next, ":")};
		int error = join(folder, name, found) ? look_at_access(found) : -ENOENT;

		if (error == 0)
			return BINARY_NONE;
		if (error == -EACCES)
			worst = error;
		next = next[folder.len] ? next + folder.len + 1 : NULL;
	}
	copy(name, found);
	return obstacle_of(worst);
}

static enum binary_obstacle find(struct script next, const char *path, struct binary *found)
{
	bool is_whole;

	*found->path = '\0';
	if (is_sought(next))
		return search(next.file, path, found);
	if (!next.file.len || span_find(next.file, '/'))
		is_whole = copy(next.file, found);
	else
		is_whole = join(SPAN("."), next.file, found);
	return is_whole ? obstacle_of(look_at_access(found)) : BINARY_NOT_FOUND;
}

/* One level: a program is judged; of a script, what runs it goes into `next`, whose bytes are in `head`. */
static enum binary_obstacle look_at_file(
	struct binary *found, char head[SCRIPT_HEAD], bool through_env, struct script *next)
{
	enum binary_obstacle obstacle = BINARY_NONE;
	struct stat info;
	long size = -1;
	int fd = (int)kernel_call(SYS_openat, found->folder, (long)found->path,
		O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0, 0, 0);

	next->file.len = 0;
	if (fd < 0)
		return BINARY_UNREADABLE;
	if (fstat(fd, &info) == 0)
		size = kernel_call(SYS_pread64, fd, (long)head, SCRIPT_HEAD, 0, 0, 0);
	if (size < 0) {
		obstacle = BINARY_UNREADABLE;
	} else if (size >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0) {
		obstacle = look_at_privileges(fd, &info);
		if (!obstacle)
			obstacle = binary_look_elf_file(fd, (uint64_t)info.st_size);
	} else {
		found->is_text |= size < 2 || memcmp(head, "#!", 2) != 0;
		*next = script_follow((struct span){head, (size_t)size}, through_env);
	}
	kernel_call(SYS_close, fd, 0, 0, 0, 0, 0);
	return obstacle;
}

size_t binary_room(const char *command, const char *path, int how)
{
	struct script script = {span_of(command), how & BINARY_SOUGHT};
	size_t longest = 1;

	if (is_sought(script))
		for (const char *next = folders_of(path); *next; next += *next == ':') {
			size_t len = strcspn(next, ":");

			longest = len > longest ? len : longest;
			next += len;
		}
	longest += 1 + script.file.len + 1;
	/* The kernel takes no longer one; an interpreter is no longer than a head. */
	longest = longest < PATH_MAX ? longest : PATH_MAX;
	return longest > SCRIPT_HEAD + 2 ? longest : SCRIPT_HEAD + 2;
}

void binary_find(const char *command, const char *path, int how, struct binary *found)
{
	found->obstacle = find((struct script){span_of(command), how & BINARY_SOUGHT}, path, found);
}

void binary_look(const char *command, const char *path, int how, struct binary *found)
{
	struct script next = {span_of(command), how & BINARY_SOUGHT};
	char head[SCRIPT_HEAD];

	found->is_text = false;
	for (int level = 0; level <= MAX_LEVELS; level++) {
		found->obstacle = find(next, path, found);
		if (found->obstacle)
			return;
		found->obstacle = look_at_file(found, head, how & BINARY_THROUGH_ENV, &next);
		if (found->obstacle || !next.file.len)
			return;
	}
	found->obstacle = BINARY_TOO_DEEP;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "spawned.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "shim/base/kernel.h"

/* As glibc has them since it knows of folders (2.29): no function tells what is in them. */
enum kind { DUP2 = 1, OPEN = 2, CHDIR = 3, FCHDIR = 4 };

struct __spawn_action {
	int kind;
	union {
		struct {
			int fd, copy;
		} dup2;
		struct {
			int fd;
			const char *path;
			int flags;
			mode_t mode;
		} open;
		const char *folder;
		int fd;
	};
};

static int open_from(int from, const char *path)
{
	int fd;

	if (from < 0 && from != AT_FDCWD)
		return from;
	fd = (int)kernel_call(
		SYS_openat, from, (long)path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
	if (from >= 0)
		kernel_call(SYS_close, from, 0, 0, 0, 0, 0);
	return fd;
}

static int after(const struct __spawn_action *actions, int count);

/* What `fd` is after the first `count` of them. */
static int open_descriptor(const struct __spawn_action *actions, int count, int fd)
{
	for (int i = count; i--;) {
		const struct __spawn_action *action = &actions[i];

		if (action->kind == DUP2 && action->dup2.copy == fd)
			fd = action->dup2.fd;
		else if (action->kind == OPEN && action->open.fd == fd)
			return open_from(after(actions, i), action->open.path);
	}
	return (int)kernel_call(
		SYS_openat, fd, (long)".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
}

/* The folder after the first `count` of them. */
static int after(const struct __spawn_action *actions, int count)
{
	for (int i = count; i--;) {
		if (actions[i].kind == CHDIR)
			return open_from(after(actions, i), actions[i].folder);
		if (actions[i].kind == FCHDIR)
			return open_descriptor(actions, i, actions[i].fd);
	}
	return AT_FDCWD;
}

int spawned_folder(const posix_spawn_file_actions_t *actions)
{
	return actions ? after(actions->__actions, actions->__used) : AT_FDCWD;
}

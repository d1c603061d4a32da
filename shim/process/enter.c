/* SPDX-License-Identifier: Apache-2.0 */
#include "enter.h"

#include <alloca.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"
#include "shim/base/kernel.h"
#include "shim/libc/real.h"
#include "shim/memory/runtime.h"
#include "shim/program/binary.h"
#include "shim/program/supervisable.h"

/* In front of the program's own arguments: the name, a descriptor, the folder, the program. */
#define OWN_ARGUMENTS 4

/* So many arguments find room a second time: on the stack of a process, and in a vfork child, which may be
 * on any. */
enum { ARGUMENTS_MAX = 16384, ARGUMENTS_MAX_VFORK = 512 };

#define DESCRIPTOR     "/proc/self/fd/"
#define DESCRIPTOR_MAX (sizeof(DESCRIPTOR) + 16)
#define NUMBER_MAX     16

/* A debugger waits for the program at the next exec, and a user who is no longer the same has no access to
 * the folder. */
static bool is_traced(void)
{
	char status[512];
	const char *tracer;
	long fd = kernel_call(SYS_openat, AT_FDCWD, (long)"/proc/self/status", O_RDONLY | O_CLOEXEC,
		     0, 0, 0),
	     len;

	if (fd < 0)
		return false;
	len = kernel_call(SYS_read, fd, (long)status, sizeof(status) - 1, 0, 0, 0);
	kernel_call(SYS_close, fd, 0, 0, 0, 0, 0);
	status[len > 0 ? len : 0] = '\0';
	tracer = strstr(status, "\nTracerPid:\t");
	return tracer && tracer[strlen("\nTracerPid:\t")] != '0';
}

/* What has been put in the folder's place knows nothing of this run. */
__attribute__((noinline)) static bool is_folder_there(void)
{
	size_t len = strlen(shim.folder);
	// cppcheck-suppress allocaCalled
	char *path = alloca(len + sizeof("/" RUNTIME_JOURNAL));
	struct stat status;

	memcpy(path, shim.folder, len);
	strcpy(path + len, "/" RUNTIME_JOURNAL);
	return real.stat(path, &status) == 0 && status.st_ino == atomic_load(&shim.journal_inode);
}

static bool is_possible(char *const envp[])
{
	return !shim.follow.is_off && *shim.follow.helper && *shim.folder &&
	       geteuid() == getauxval(AT_EUID) && follow_has_folder(&shim.follow, envp) &&
	       is_folder_there() &&
	       faccessat(AT_FDCWD, shim.follow.helper, X_OK, AT_EACCESS) == 0 && !is_traced() &&
	       supervisable_probe() == 0;
}

/* A descriptor that would be closed when chaos-enter begins: a copy, which that one closes. Or -errno. */
static int keep(int fd)
{
	long flags = kernel_call(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0);

	if (flags < 0 || !(flags & FD_CLOEXEC))
		return fd;
	return (int)kernel_call(SYS_fcntl, fd, F_DUPFD, 3, 0, 0, 0);
}

bool enter_plan(struct enter *enter, char *const argv[], char *const envp[])
{
	size_t text = 0;

	enter->count = 0;
	while (argv && argv[enter->count])
		enter->count++;
	if (!argv || enter->count > (shim_is_own() ? ARGUMENTS_MAX : ARGUMENTS_MAX_VFORK) ||
		!is_possible(envp))
		return false;
	if (enter->folder >= 0) {
		enter->kept = keep(enter->folder);
		if (enter->kept < 0)
			return false;
		text = NUMBER_MAX + DESCRIPTOR_MAX + strlen(enter->command);
	} else if (enter->how & BINARY_SOUGHT) {
		text = binary_room(enter->command, getenv("PATH"), enter->how);
	}
	/* At least a name, and the NULL. */
	enter->room = (OWN_ARGUMENTS + enter->count + 2) * sizeof(*argv) + text;
	return true;
}

/* The path of a descriptor's file, and in front of it what chaos-enter is told of a copy. */
static const char **put_descriptor(const struct enter *enter, const char **next, char *text)
{
	char *path = text + NUMBER_MAX;

	if (enter->kept != enter->folder) {
		snprintf(text, NUMBER_MAX, "-%d", enter->kept);
		*next++ = text;
	}
	*next++ = shim.folder;
	sprintf(path, DESCRIPTOR "%d%s%s", enter->kept, *enter->command ? "/" : "", enter->command);
	*next++ = path;
	return next;
}

static const char *put_program(const struct enter *enter, char *text)
{
	struct binary found = {.path = text, .folder = enter->from};

	if (!(enter->how & BINARY_SOUGHT))
		return enter->command;
	found.cap = binary_room(enter->command, getenv("PATH"), enter->how);
	binary_find(enter->command, getenv("PATH"), enter->how, &found);
	return text;
}

char *const *enter_fill(const struct enter *enter, char *const argv[], void *room)
{
	const char **filled = room, **next = filled;
	char *text = (char *)(filled + OWN_ARGUMENTS + enter->count + 2);

	*next++ = "chaos-enter";
	if (enter->folder >= 0) {
		next = put_descriptor(enter, next, text);
	} else {
		*next++ = shim.folder;
		*next++ = put_program(enter, text);
	}
	/* The kernel gives a program without arguments one. */
	if (!enter->count)
		*next++ = "";
	memcpy(next, argv, (enter->count + 1) * sizeof(*argv));
	return room;
}

void enter_failed(const struct enter *enter)
{
	if (enter->folder >= 0 && enter->kept != enter->folder)
		kernel_call(SYS_close, enter->kept, 0, 0, 0, 0, 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another program begins. It is given what it needs to be followed where the environment lacks that. In
 * a vfork child all memory is the parent's, but the stack from here on: what is made, is made there.
 */

#include "exec.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/base/kernel.h"
#include "shim/io/deliver.h"
#include "shim/process/child.h"
#include "shim/process/shim.h"
#include "shim/process/spawned.h"
#include "shim/program/binary.h"

#define EXPORT __attribute__((visibility("default")))

/* The environment for the child, in the caller's stack frame where it is not `envp`. */
#define GIVEN(child, envp)                                                                         \
	((child).is_given ? follow_fill(                                                           \
				    &shim.follow, envp, &(child).plan, alloca((child).plan.room))  \
			  : (envp))

/* What chaos-enter is to be given, likewise; NULL: it is not to begin this program. */
#define ENTERING(child, argv)                                                                      \
	((child).enter.room ? enter_fill(&(child).enter, argv, alloca((child).enter.room)) : NULL)

/* Comes back if chaos-enter has not begun. */
static void enter(struct child *child, char *const *entering, char *const *given, char *const *envp)
{
	if (!entering)
		return;
	real.execve(shim.follow.helper, entering, given);
	child_begin_alone(child, envp);
}

/* Only a program that has not begun comes back. */
static int failed(const struct child *child, int result)
{
	child_failed(child);
	return result;
}

int exec_execve(const char *path, char *const argv[], char *const envp[])
{
	char *const *given, *const *entering;
	struct child child;

	child_begin(&child, path, 0, argv, envp);
	// cppcheck-suppress allocaCalled
	given = GIVEN(child, envp);
	// cppcheck-suppress allocaCalled
	entering = ENTERING(child, argv);
	deliver_all(child.cannot_begin);
	enter(&child, entering, given, envp);
	return failed(&child, real.execve(path, argv, given));
}

int exec_execv(const char *path, char *const argv[])
{
	char *const *envp = environ, *const * given, *const * entering;
	struct child child;

	child_begin(&child, path, 0, argv, envp);
	// cppcheck-suppress allocaCalled
	given = GIVEN(child, envp);
	// cppcheck-suppress allocaCalled
	entering = ENTERING(child, argv);
	deliver_all(child.cannot_begin);
	enter(&child, entering, given, envp);
	return failed(
		&child, child.is_given ? real.execve(path, argv, given) : real.execv(path, argv));
}

int exec_execvp(const char *file, char *const argv[])
{
	char *const *envp = environ, *const * given, *const * entering;
	struct child child;

	child_begin(&child, file, BINARY_SOUGHT, argv, envp);
	// cppcheck-suppress allocaCalled
	given = GIVEN(child, envp);
	// cppcheck-suppress allocaCalled
	entering = ENTERING(child, argv);
	deliver_all(child.cannot_begin);
	enter(&child, entering, given, envp);
	return failed(
		&child, child.is_given ? real.execvpe(file, argv, given) : real.execvp(file, argv));
}

int exec_execvpe(const char *file, char *const argv[], char *const envp[])
{
	char *const *given, *const *entering;
	struct child child;

	child_begin(&child, file, BINARY_SOUGHT, argv, envp);
	// cppcheck-suppress allocaCalled
	given = GIVEN(child, envp);
	// cppcheck-suppress allocaCalled
	entering = ENTERING(child, argv);
	deliver_all(child.cannot_begin);
	enter(&child, entering, given, envp);
	return failed(&child, real.execvpe(file, argv, given));
}

int exec_execveat(int folder, const char *path, char *const argv[], char *const envp[], int flags)
{
	char *const *given, *const *entering;
	struct child child;

	/* One that is not to be found by a link is left to the kernel. */
	child_begin_at(&child, folder, path, flags & ~AT_EMPTY_PATH ? NULL : argv, envp);
	// cppcheck-suppress allocaCalled
	given = GIVEN(child, envp);
	// cppcheck-suppress allocaCalled
	entering = ENTERING(child, argv);
	deliver_all(child.cannot_begin);
	enter(&child, entering, given, envp);
	return failed(&child, real.execveat(folder, path, argv, given, flags));
}

int exec_fexecve(int fd, char *const argv[], char *const envp[])
{
	char *const *given, *const *entering;
	struct child child;

	child_begin_at(&child, fd, "", argv, envp);
	// cppcheck-suppress allocaCalled
	given = GIVEN(child, envp);
	// cppcheck-suppress allocaCalled
	entering = ENTERING(child, argv);
	deliver_all(child.cannot_begin);
	enter(&child, entering, given, envp);
	return failed(&child, real.fexecve(fd, argv, given));
}

typedef int spawn_function(pid_t *pid, const char *name, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]);

/* These say that a program does not begin, and nothing of what is to be done before. */
static bool is_of_program(int error)
{
	return error == E2BIG || error == EACCES || error == ENOENT;
}

/* By one of the two, which seeks its program as `how` says, below `folder`. */
static int spawn_from(int folder, spawn_function *function, int how, pid_t *pid, const char *name,
	const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
	char *const argv[], char *const envp[])
{
	char *const *given, *const *entering;
	struct child child;
	int error;

	child_begin_from(&child, folder, name, how, argv, envp);
	// cppcheck-suppress allocaCalled
	given = GIVEN(child, envp);
	// cppcheck-suppress allocaCalled
	entering = ENTERING(child, argv);
	if (entering) {
		error = real.posix_spawn(
			pid, shim.follow.helper, actions, attributes, entering, given);
		if (!is_of_program(error))
			return error;
		child_begin_alone(&child, envp);
	}
	error = function(pid, name, actions, attributes, argv, given);
	if (error)
		child_failed(&child);
	return error;
}

static int spawn(spawn_function *function, int how, pid_t *pid, const char *name,
	const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
	char *const argv[], char *const envp[])
{
	int folder =
		name && *name != '/' && child_is_looked_at() ? spawned_folder(actions) : AT_FDCWD;
	int error = spawn_from(folder, function, how, pid, name, actions, attributes, argv, envp);

	if (folder >= 0)
		kernel_call(SYS_close, folder, 0, 0, 0, 0, 0);
	return error;
}

int exec_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	return spawn(real.posix_spawn, 0, pid, path, actions, attributes, argv, envp);
}

int exec_posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	return spawn(real.posix_spawnp, BINARY_SOUGHT, pid, file, actions, attributes, argv, envp);
}

/* ---- arguments as a list ---- */

/* How many arguments stand before the NULL that ends them, with the first. */
static size_t count_arguments(const char *first, va_list list)
{
	size_t count = 0;

	for (const char *next = first; next; next = va_arg(list, const char *))
		count++;
	return count;
}

/* Fills `argv` (of `count` + 1), and leaves the list behind the NULL. */
static void take_arguments(char **argv, size_t count, const char *first, va_list list)
{
	const char *next = first;

	for (size_t i = 0; i < count; i++, next = va_arg(list, const char *))
		argv[i] = (char *)next;
	argv[count] = NULL;
}

/* The program's stack holds the list already: a second one of the same size finds room. */
#define TAKE(argv, first)                                                                          \
	va_list list;                                                                              \
	size_t count;                                                                              \
	char **argv;                                                                               \
                                                                                                   \
	va_start(list, first);                                                                     \
	count = count_arguments(first, list);                                                      \
	va_end(list);                                                                              \
	argv = alloca((count + 1) * sizeof(*argv));                                                \
	va_start(list, first);                                                                     \
	take_arguments(argv, count, first, list)

EXPORT int execl(const char *path, const char *first, ...)
{
	// cppcheck-suppress allocaCalled
	TAKE(argv, first);
	va_end(list);
	return exec_execv(path, argv);
}

EXPORT int execlp(const char *file, const char *first, ...)
{
	// cppcheck-suppress allocaCalled
	TAKE(argv, first);
	va_end(list);
	return exec_execvp(file, argv);
}

EXPORT int execle(const char *path, const char *first, ...)
{
	char *const *envp;

	// cppcheck-suppress allocaCalled
	TAKE(argv, first);
	envp = va_arg(list, char *const *);
	va_end(list);
	return exec_execve(path, argv, envp);
}

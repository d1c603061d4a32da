/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another program begins. It is given what it needs to be followed where the environment lacks that. In
 * a vfork child all memory is the parent's, but the stack from here on: what is made, is made there.
 */

#include "exec.h"

#include <alloca.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include "shim/io/deliver.h"
#include "shim/process/shim.h"

#define EXPORT __attribute__((visibility("default")))

/* With no daemon ever seen there is nothing that a child could miss. */
bool exec_is_lacking(char *const envp[], struct follow_plan *plan)
{
	return shim.follow.name && (atomic_load(&shim.journal) || atomic_load(&shim.table)) &&
	       follow_plan(&shim.follow, envp, plan);
}

/* The environment for the child, in the caller's stack frame where it is not `envp`. */
#define FOLLOWED(envp)                                                                             \
	({                                                                                         \
		struct follow_plan plan;                                                           \
                                                                                                   \
		exec_is_lacking(envp, &plan)                                                       \
			? follow_fill(&shim.follow, envp, &plan, alloca(plan.room))                \
			: (envp);                                                                  \
	})

int exec_execve(const char *path, char *const argv[], char *const envp[])
{
	// cppcheck-suppress allocaCalled
	char *const *followed = FOLLOWED(envp);

	deliver_all();
	return real.execve(path, argv, followed);
}

int exec_execv(const char *path, char *const argv[])
{
	// cppcheck-suppress allocaCalled
	char *const *followed = FOLLOWED(environ);

	deliver_all();
	return followed == environ ? real.execv(path, argv) : real.execve(path, argv, followed);
}

int exec_execvp(const char *file, char *const argv[])
{
	// cppcheck-suppress allocaCalled
	char *const *followed = FOLLOWED(environ);

	deliver_all();
	return followed == environ ? real.execvp(file, argv) : real.execvpe(file, argv, followed);
}

int exec_execvpe(const char *file, char *const argv[], char *const envp[])
{
	// cppcheck-suppress allocaCalled
	char *const *followed = FOLLOWED(envp);

	deliver_all();
	return real.execvpe(file, argv, followed);
}

int exec_execveat(int folder, const char *path, char *const argv[], char *const envp[], int flags)
{
	// cppcheck-suppress allocaCalled
	char *const *followed = FOLLOWED(envp);

	deliver_all();
	return real.execveat(folder, path, argv, followed, flags);
}

int exec_fexecve(int fd, char *const argv[], char *const envp[])
{
	// cppcheck-suppress allocaCalled
	char *const *followed = FOLLOWED(envp);

	deliver_all();
	return real.fexecve(fd, argv, followed);
}

int exec_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	// cppcheck-suppress allocaCalled
	char *const *followed = FOLLOWED(envp);

	return real.posix_spawn(pid, path, actions, attributes, argv, followed);
}

int exec_posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	// cppcheck-suppress allocaCalled
	char *const *followed = FOLLOWED(envp);

	return real.posix_spawnp(pid, file, actions, attributes, argv, followed);
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

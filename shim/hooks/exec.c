/* SPDX-License-Identifier: Apache-2.0 */
/* The exec functions whose arguments are a list: as their kin in hooks.def. */

#include <alloca.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include "shim/io/deliver.h"
#include "shim/libc/real.h"

#define EXPORT __attribute__((visibility("default")))

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
	deliver_all();
	return real.execv(path, argv);
}

EXPORT int execlp(const char *file, const char *first, ...)
{
	// cppcheck-suppress allocaCalled
	TAKE(argv, first);
	va_end(list);
	deliver_all();
	return real.execvp(file, argv);
}

EXPORT int execle(const char *path, const char *first, ...)
{
	char *const *envp;

	// cppcheck-suppress allocaCalled
	TAKE(argv, first);
	envp = va_arg(list, char *const *);
	va_end(list);
	deliver_all();
	return real.execve(path, argv, envp);
}

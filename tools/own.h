/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_OWN_H
#define CHAOS_TOOLS_OWN_H

/* Our own files and programs: beside this program, or where `make install` puts them. */

#include <limits.h>
#include <stdbool.h>

/* Finds a file in one of the places, folders that are absolute or relative to this program's; NULL
 * ends them. */
bool own_find(const char *name, const char *const *places, char path[PATH_MAX]);

/* The library, and where it may be, beside programs that only others of ours run. */
#define OWN_LIBRARY "libchaos-shim.so"
#define OWN_LIBRARY_PLACES                                                                         \
	{                                                                                          \
		".", "../lib/chaos-run", CHAOS_PREFIX "/lib/chaos-run", NULL                       \
	}

/* The path of such a program, or its bare name. */
const char *own_helper(const char *name, char path[PATH_MAX]);

/* A program's path, or its bare name, to be sought along $PATH. */
const char *own_program(const char *name, char path[PATH_MAX]);

/* As execvp(), but past the hook of a library around us: that would see to it that it is preloaded. */
void own_execute(const char *const *argv);

/*
 * Runs one of our programs to its end, without a preload, and with no file of the caller's open: a
 * daemon may outlive it. Returns its exit code, or -1. `said` is what it said on stderr, which the caller frees;
 * NULL: no memory.
 */
int own_run(const char *const *argv, char **said);

#endif

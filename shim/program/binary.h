/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BINARY_H
#define CHAOS_BINARY_H

/* Looks at a command before it is run: may a preloaded library reach it? */

#include <stdbool.h>
#include <stddef.h>

#include "elf.h"
#include "obstacle.h"

struct binary {
	enum binary_obstacle obstacle;
	char *path;   /* the file that it was found in: the command, or an interpreter */
	size_t cap;   /* of the caller's buffer that it is written to */
	int folder;   /* of the caller's: where a relative path begins; AT_FDCWD, or a descriptor */
	bool is_text; /* without a `#!` line: the kernel itself refuses it */
};

/* How a command is followed. */
enum binary_how {
	BINARY_SOUGHT = 1,	/* one without a '/' is sought along $PATH, as by execvp() */
	BINARY_THROUGH_ENV = 2, /* the command of `#!/usr/bin/env NAME` and of `env -S` is, too */
};

/* What `cap` has to be at least, so that nothing is too long to be found. */
size_t binary_room(const char *command, const char *path, int how);

/* Finds the file of `command` itself, without a look into it. */
void binary_find(const char *command, const char *path, int how, struct binary *found);

/*
 * Follows `command` through `#!` lines, and to /bin/sh for a text without one, and looks at the file that
 * the kernel would load in the end. `how`: of enum binary_how; `path`: the value of $PATH (NULL: unset).
 * Uses no memory but the stack, little of that, and may change errno.
 */
void binary_look(const char *command, const char *path, int how, struct binary *found);

#endif

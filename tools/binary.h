/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_BINARY_H
#define CHAOS_TOOLS_BINARY_H

/* Looks at a command before it is run: may a preloaded library reach it? */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* What stands between a preload and a command. */
enum binary_obstacle {
	BINARY_NONE,
	BINARY_NOT_FOUND,
	BINARY_NOT_EXECUTABLE,
	BINARY_UNREADABLE,
	BINARY_TOO_DEEP, /* interpreters of interpreters, more than the kernel follows */
	BINARY_DAMAGED,
	BINARY_OTHER_MACHINE,
	BINARY_STATIC,
	BINARY_GO, /* dynamically linked, but makes its own system calls */
	BINARY_OTHER_LIBC,
	BINARY_SETUID,
	BINARY_CAPABILITIES,
	BINARY_OBSTACLES
};

struct binary {
	enum binary_obstacle obstacle;
	char path[PATH_MAX]; /* the file that it was found in: the command, or an interpreter */
};

/*
 * Follows `command` as execvp() would: along `path` (the value of $PATH; NULL: unset) when it has no
 * '/', through `#!` lines, `#!/usr/bin/env NAME` and `env -S` included, and to /bin/sh for a text
 * without one; then looks at the file that the kernel would load in the end.
 */
void binary_look(const char *command, const char *path, struct binary *found);

/* Does nothing stand in the way but that it makes its own system calls, which a supervisor can see? */
bool binary_can_be_supervised(enum binary_obstacle obstacle);

/* An ELF file of `size` bytes, whatever they hold. */
enum binary_obstacle binary_look_elf(const void *image, size_t size);

/* What is wrong, to be read after the path, and what may be done about it (NULL: nothing). */
const char *binary_reason(enum binary_obstacle obstacle);
const char *binary_remedy(enum binary_obstacle obstacle);

#endif

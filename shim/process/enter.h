/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ENTER_H
#define CHAOS_ENTER_H

/*
 * A program that makes its own system calls is begun by chaos-enter, in whose place it then is: that one
 * has a supervisor take its connections. Nothing is written to but the stack, so that a vfork child may do it.
 */

#include <stdbool.h>
#include <stddef.h>

/* How a program is named. */
struct enter {
	const char *command;
	int how;      /* of enum binary_how */
	int from;     /* where a relative path begins: AT_FDCWD, or a descriptor */
	int folder;   /* a descriptor that `command` begins at, or is of (""); -1: none */
	int kept;     /* the same, or a copy that outlives an exec */
	size_t count; /* of its arguments */
	size_t room;  /* bytes that enter_fill() needs; 0: the program is begun by itself */
};

/* May chaos-enter begin it, with this environment (NULL: empty)? Plans the room, if so. */
bool enter_plan(struct enter *enter, char *const argv[], char *const envp[]);

/* Makes the arguments of chaos-enter in `room`. It uses the strings of `argv`. */
char *const *enter_fill(const struct enter *enter, char *const argv[], void *room);

/* chaos-enter did not begin: gives back what was taken for it. */
void enter_failed(const struct enter *enter);

#endif

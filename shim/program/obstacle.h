/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_OBSTACLE_H
#define CHAOS_OBSTACLE_H

#include <stdbool.h>

/* What stands between a preload and a command. These numbers stand in the journal. */
enum binary_obstacle {
	BINARY_NONE,
	BINARY_NOT_FOUND,
	BINARY_NOT_EXECUTABLE,
	BINARY_UNREADABLE,
	BINARY_TOO_DEEP, /* interpreters of interpreters, more than the kernel follows */
	BINARY_DAMAGED,
	BINARY_OTHER_MACHINE,
	BINARY_STATIC,
	BINARY_OTHER_LIBC,
	BINARY_SETUID,
	BINARY_CAPABILITIES,
	BINARY_GO,	    /* dynamically linked, but makes its own system calls */
	BINARY_ENVIRONMENT, /* nothing of the binary: it was not told to load the library, */
	BINARY_LIBRARY,	    /* or cannot; */
	BINARY_USER,	    /* it runs as another user, where it cannot ask the daemon; */
	BINARY_EFFECTIVE,   /* its effective user is not the real one; */
	BINARY_GUEST,	    /* it makes its own system calls, as another user than the run */
	BINARY_OBSTACLES
};

/* What is wrong, to be read after the path, and what may be done about it (NULL: nothing). */
const char *binary_reason(enum binary_obstacle obstacle);
const char *binary_remedy(enum binary_obstacle obstacle);

/* Does nothing stand in the way but that it makes its own system calls, which a supervisor can see? */
bool binary_can_be_supervised(enum binary_obstacle obstacle);

#endif

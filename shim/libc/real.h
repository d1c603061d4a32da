/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REAL_H
#define CHAOS_REAL_H

/* The functions that the program would call if the library were not there. Nothing in shim/ calls a
 * hooked name in any other way: such a call would come back to the library itself. */

#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* "(a, b)" -> "a, b" */
#define HOOK_LIST(...) __VA_ARGS__

#define HOOK_FD(ret, name, parameters, arguments) ret(*name) parameters;
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments)                                   \
	ret (*name)(HOOK_LIST parameters, ...);
#define HOOK_ANY(ret, name, parameters, arguments) ret(*name) parameters;
#define HOOK_PLAIN				   HOOK_ANY
#define HOOK_END				   HOOK_ANY
#define HOOK_PATH				   HOOK_ANY
#define HOOK_PATH_VARIADIC			   HOOK_FD_VARIADIC
#define HOOK_EXEC				   HOOK_ANY
struct real {
#include "hooks.def"
};

/* Filled by real_resolve(), constant from then on. */
extern struct real real;

/* Finds them all. Called by the constructor, or by a hook that is called before it. */
void real_resolve(void);

/* Does connect() lead into the C library, with no other library (a proxy's) between? */
bool real_connects_straight(void);

#endif

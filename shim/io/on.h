/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ON_H
#define CHAOS_ON_H

/* What the hooks do: on_NAME, in life.c, send.c, files.c, recv.c and wait.c. */

#include "shim/libc/real.h"

struct conn;

#define HOOK_FD(ret, name, parameters, arguments)                                                  \
	ret on_##name(struct conn *conn, HOOK_LIST parameters);
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments)                                   \
	ret on_##name(struct conn *conn, HOOK_LIST parameters, void *arg);
#define HOOK_ANY(ret, name, parameters, arguments) ret on_##name parameters;
#define HOOK_PLAIN				   HOOK_ANY
#include "shim/libc/hooks.def"

#endif

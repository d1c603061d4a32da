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
#define HOOK_END(ret, name, parameters, arguments)
#define HOOK_PATH(ret, name, parameters, arguments)
#define HOOK_PATH_VARIADIC(ret, name, parameters, last, arguments)
#define HOOK_EXEC HOOK_END
#include "shim/libc/hooks.def"
#undef HOOK_FD
#undef HOOK_FD_VARIADIC
#undef HOOK_ANY
#undef HOOK_PLAIN
#undef HOOK_END
#undef HOOK_PATH
#undef HOOK_PATH_VARIADIC
#undef HOOK_EXEC

#endif

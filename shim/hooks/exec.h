/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_EXEC_H
#define CHAOS_EXEC_H

/* What the hooks of functions that begin another program do: exec_NAME, in exec.c and shell.c. */

#include "shim/libc/real.h"

#define HOOK_FD(ret, name, parameters, arguments)
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments)
#define HOOK_ANY(ret, name, parameters, arguments)
#define HOOK_PLAIN(ret, name, parameters, arguments)
#define HOOK_END(ret, name, parameters, arguments)
#define HOOK_EXEC(ret, name, parameters, arguments) ret exec_##name parameters;
#define HOOK_PATH(ret, name, parameters, arguments)
#define HOOK_PATH_VARIADIC(ret, name, parameters, last, arguments)
#include "shim/libc/hooks.def"
#undef HOOK_FD
#undef HOOK_FD_VARIADIC
#undef HOOK_ANY
#undef HOOK_PLAIN
#undef HOOK_END
#undef HOOK_EXEC
#undef HOOK_PATH
#undef HOOK_PATH_VARIADIC

#endif

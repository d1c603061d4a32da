/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TRUST_ON_H
#define CHAOS_TRUST_ON_H

/* What the hooks that open a path do: on_NAME, in open.c. `caller` is where they return to. */

#include <sys/types.h>

#include "shim/libc/real.h"

#define HOOK_FD(ret, name, parameters, arguments)
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments)
#define HOOK_ANY(ret, name, parameters, arguments)
#define HOOK_PLAIN(ret, name, parameters, arguments)
#define HOOK_END(ret, name, parameters, arguments)
#define HOOK_EXEC(ret, name, parameters, arguments)
#define HOOK_PATH(ret, name, parameters, arguments)                                                \
	ret on_##name(const void *caller, HOOK_LIST parameters);
#define HOOK_PATH_VARIADIC(ret, name, parameters, last, arguments)                                 \
	ret on_##name(const void *caller, HOOK_LIST parameters, mode_t mode);
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

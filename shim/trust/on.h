/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TRUST_ON_H
#define CHAOS_TRUST_ON_H

/* What the hooks that open a path do: on_NAME, in open.c. `caller` is where they return to. */

#include <sys/types.h>

#include "shim/libc/real.h"

#define HOOK_PATH(ret, name, parameters, arguments)                                                \
	ret on_##name(const void *caller, HOOK_LIST parameters);
#define HOOK_PATH_VARIADIC(ret, name, parameters, last, arguments)                                 \
	ret on_##name(const void *caller, HOOK_LIST parameters, mode_t mode);
#include "shim/libc/hooks.def"

#endif

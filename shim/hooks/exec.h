/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_EXEC_H
#define CHAOS_EXEC_H

/* What the hooks of functions that begin another program do: exec_NAME, in exec.c and shell.c. */

#include "shim/libc/real.h"

#define HOOK_EXEC(ret, name, parameters, arguments) ret exec_##name parameters;
#include "shim/libc/hooks.def"

#endif

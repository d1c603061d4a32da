/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TLS_ON_H
#define CHAOS_TLS_ON_H

/* What the hooks do: on_NAME, in openssl.c and gnutls.c. */

#include "stack.h"

#define STACK_LIST(...) __VA_ARGS__
#define HOOK_TLS(ret, name, parameters, arguments, types)                                          \
	ret on_##name(const struct stack *stack, STACK_LIST parameters);
#define REAL_TLS(ret, name, parameters)
#include "tls.def"
#undef HOOK_TLS
#undef REAL_TLS

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_STACK_H
#define CHAOS_STACK_H

/*
 * Copies of TLS libraries in this process. Which copy is meant is told by the session, where it points
 * into the library that made it, by the caller of a hook (the copy that it is linked to), or by a
 * handle given to dlsym(): RTLD_NEXT knows nothing of a library that came with an RTLD_LOCAL dlopen,
 * and there may be several.
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* gnutls_datum_t */
struct gnutls_bytes {
	unsigned char *data;
	unsigned int size;
};

#define HOOK_TLS(ret, name, parameters, arguments, types) ret(*name) parameters;
#define REAL_TLS(ret, name, parameters)			  ret(*name) parameters;
struct stack {
	const void *base, *end; /* where the library is loaded */
				/* The real functions; NULL where this copy has none. */
#include "tls.def"
};
#undef HOOK_TLS
#undef REAL_TLS

/*
 * The copy that a session is of, which the code that returns to `caller` calls `name` with: it need not
 * be linked to a copy itself, since its last call may have been a jump. Never NULL: a copy without the
 * function is the program's own mistake, and ends it as it would without the library.
 */
const struct stack *stack_of(const char *name, const void *session, const void *caller);

/* The copy that a function belongs to; NULL if there is no room for another one. */
const struct stack *stack_of_function(const void *function);

/* Its place among all copies: 0 .. STACKS_MAX - 1. */
#define STACKS_MAX 32
int stack_place(const struct stack *stack);

/* Is this address within the library that this code is in? */
bool stack_is_ours(const void *address);

/* The function that the caller would have reached; NULL: none. */
void *stack_real_for(const char *name, const void *caller);

/* Around what is made once for each copy. A signal handler that comes meanwhile is not to wait for the
 * same lock: what stack_lock() gives is for stack_unlock(). */
sig_atomic_t stack_lock(void);
void stack_unlock(sig_atomic_t before);

/* Around a fork. `is_inside`: this thread has interrupted a call of its own into the library. */
void stack_before_fork(bool is_inside);
void stack_after_fork_parent(bool is_inside);
void stack_after_fork_child(bool is_inside);

#endif

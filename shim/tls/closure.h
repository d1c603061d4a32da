/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CLOSURE_H
#define CHAOS_CLOSURE_H

#include "stack.h"

/* A function that does what the hook `name` does, for sessions of this copy. `function` if it can't
 * be made. */
void *closure_of(const struct stack *stack, const char *name, void *function);

#endif

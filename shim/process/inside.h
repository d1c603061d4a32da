/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_INSIDE_H
#define CHAOS_INSIDE_H

#include <signal.h>

/* Is this thread in the library? Then a signal handler that it is interrupted by must not touch locks
 * and heap, and what it calls passes. A vfork child is inside, too, from its first instruction on: its
 * memory is the parent's. */
extern _Thread_local volatile sig_atomic_t inside __attribute__((tls_model("initial-exec")));

#endif

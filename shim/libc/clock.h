/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CLOCK_H
#define CHAOS_CLOCK_H

/* The kernel's time, whatever other preloaded libraries make of it for the program. */

#include <stdint.h>

/* Finds the kernel's function, which makes no system call. For the constructor. */
void clock_resolve(void);

/* The program forbids itself the instruction that it is read by: from now on the kernel is asked. */
void clock_avoid_counter(void);

uint64_t clock_now(void); /* CLOCK_MONOTONIC, nanoseconds */

#endif

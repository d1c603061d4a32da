/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TIMER_H
#define CHAOS_TIMER_H

/*
 * Deadlines and what is to be done at them, on one helper thread per process that is made with the
 * first deadline. It knows nothing of connections. Setting one is O(log n).
 *
 * The clock is the kernel's CLOCK_MONOTONIC, asked and waited for by system calls: a program may run
 * with a library that fakes the C library's.
 */

#include <stdbool.h>
#include <stdint.h>

struct timer {
	uint64_t when;	/* nanoseconds; meaningful while it is set */
	uint32_t place; /* in the heap, from 1; 0: not set */
	/* Called on the helper, with no lock held. The timer is not set any more then. */
	void (*due)(struct timer *timer);
};

/* Nanoseconds of CLOCK_MONOTONIC, as the kernel has it. */
uint64_t timer_now(void);

/* Sets the timer to `when`; one that is set already comes at the earlier time of both. True: it is set now and was not before.
 * -errno in *error, if that is not NULL, when there is no memory or no thread to be had: then it is
 * not set. Not for signal handlers that have interrupted this very call. */
bool timer_set(struct timer *timer, uint64_t when, int *error);

/* Around fork(). `is_inside`: this thread has interrupted a call of its own into the library. The
 * child has no helper and no timers. */
void timer_before_fork(bool is_inside);
void timer_after_fork_parent(bool is_inside);
void timer_after_fork_child(bool is_inside);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_MONOTONIC_H
#define CHAOS_MONOTONIC_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC, nanoseconds: the clock that events are stamped with. */
static inline uint64_t monotonic_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

#endif

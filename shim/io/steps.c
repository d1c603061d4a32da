/* SPDX-License-Identifier: Apache-2.0 */
#include "steps.h"

#include <sched.h>

#define COUNT 64

static struct exchange_step steps[COUNT];
static _Atomic uint64_t taken; /* bit set */

struct exchange_step *steps_take(void)
{
	uint64_t set = atomic_load_explicit(&taken, memory_order_relaxed);

	for (;;) {
		int place = set == UINT64_MAX ? 0 : __builtin_ctzll(~set);

		if (set == UINT64_MAX) {
			sched_yield();
			set = atomic_load(&taken);
		} else if (atomic_compare_exchange_weak(&taken, &set, set | 1ull << place)) {
			return &steps[place];
		}
	}
}

void steps_give_back(struct exchange_step *step)
{
	atomic_fetch_and_explicit(&taken, ~(1ull << (step - steps)), memory_order_release);
}

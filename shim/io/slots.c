/* SPDX-License-Identifier: Apache-2.0 */
#include "slots.h"

#include <stddef.h>
#include <sys/mman.h>

#define PAGES (SLOTS_MAX / SLOTS_NEAR)

_Atomic uintptr_t slots_near[SLOTS_NEAR];

/* Of the descriptors past the near ones: [0] is not used. */
static _Atomic(_Atomic uintptr_t *) pages[PAGES];
static _Atomic unsigned int highest;

_Atomic uintptr_t *slots_find(int fd)
{
	unsigned int number = (unsigned int)fd;
	_Atomic uintptr_t *page;

	if (number < SLOTS_NEAR)
		return &slots_near[number];
	if (number >= SLOTS_MAX)
		return NULL;
	page = atomic_load_explicit(&pages[number / SLOTS_NEAR], memory_order_acquire);
	return page ? page + number % SLOTS_NEAR : NULL;
}

static void note_highest(unsigned int number)
{
	unsigned int before = atomic_load_explicit(&highest, memory_order_relaxed);

	while (before < number && !atomic_compare_exchange_weak(&highest, &before, number))
		continue;
}

_Atomic uintptr_t *slots_make(int fd)
{
	_Atomic uintptr_t *place = slots_find(fd), *page, *nothing = NULL;
	size_t size = SLOTS_NEAR * sizeof(*page);

	if (!place && (unsigned int)fd < SLOTS_MAX) {
		page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (page == MAP_FAILED)
			return NULL;
		if (!atomic_compare_exchange_strong(
			    &pages[(unsigned int)fd / SLOTS_NEAR], &nothing, page))
			munmap(page, size);
		place = slots_find(fd);
	}
	if (place)
		note_highest((unsigned int)fd);
	return place;
}

unsigned int slots_end(void)
{
	return atomic_load(&highest) + 1;
}

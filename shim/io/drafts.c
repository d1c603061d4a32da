/* SPDX-License-Identifier: Apache-2.0 */
#include "drafts.h"

#include <sys/mman.h>

#define SMALL_SIZE  4096u
#define SMALL_COUNT 64
#define LARGE_COUNT 2

static char small[SMALL_COUNT][SMALL_SIZE];
static char large[LARGE_COUNT][EXCHANGE_DRAFT_MAX];
static _Atomic uint64_t small_taken, large_taken; /* bit sets */

/* The place of a free one, that is taken then; -1: there is none. */
static int take(_Atomic uint64_t *taken, int count)
{
	uint64_t set = atomic_load(taken);

	for (;;) {
		int place = set == UINT64_MAX ? count : __builtin_ctzll(~set);

		if (place >= count)
			return -1;
		if (atomic_compare_exchange_weak(taken, &set, set | 1ull << place))
			return place;
	}
}

static struct draft find(size_t cap)
{
	int place = cap <= SMALL_SIZE ? take(&small_taken, SMALL_COUNT) : -1;
	void *map;

	if (place >= 0)
		return (struct draft){.at = small[place], .cap = SMALL_SIZE};
	place = take(&large_taken, LARGE_COUNT);
	if (place >= 0)
		return (struct draft){.at = large[place], .cap = EXCHANGE_DRAFT_MAX};
	map = mmap(NULL, EXCHANGE_DRAFT_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);
	return (struct draft){.at = map == MAP_FAILED ? NULL : map, .cap = EXCHANGE_DRAFT_MAX};
}

bool drafts_grow(struct draft *draft, size_t cap)
{
	struct draft larger = find(cap);

	if (!larger.at)
		return false;
	larger.len = draft->len;
	if (draft->len)
		memcpy(larger.at, draft->at, draft->len);
	if (draft->at)
		drafts_release(draft);
	*draft = larger;
	return true;
}

/* Where it stands among the places of that size; -1: not there. */
static long place_of(const char *at, const char *places, size_t size, size_t count)
{
	uintptr_t distance = (uintptr_t)at - (uintptr_t)places;

	return distance < size * count ? (long)(distance / size) : -1;
}

void drafts_release(struct draft *draft)
{
	long in_small = place_of(draft->at, small[0], SMALL_SIZE, SMALL_COUNT);
	long in_large = place_of(draft->at, large[0], EXCHANGE_DRAFT_MAX, LARGE_COUNT);

	if (in_small >= 0)
		atomic_fetch_and(&small_taken, ~(1ull << in_small));
	else if (in_large >= 0)
		atomic_fetch_and(&large_taken, ~(1ull << in_large));
	else
		munmap(draft->at, EXCHANGE_DRAFT_MAX);
	*draft = (struct draft){0};
}

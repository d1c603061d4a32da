/* SPDX-License-Identifier: Apache-2.0 */
#include "unfollowed.h"

#include <string.h>

/* FNV-1a; never 0. */
static uint64_t key_of(uint32_t reason, const char *path)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ reason;

	for (; *path; path++)
		hash = (hash ^ (uint8_t)*path) * 0x100000001b3ull;
	return hash ? hash : 1;
}

/* The end of a long path tells more than its beginning. */
static const char *name_of(const char *path)
{
	size_t len = strlen(path);

	return len > JOURNAL_PROGRAM_MAX ? path + len - JOURNAL_PROGRAM_MAX : path;
}

struct journal_program *unfollowed_add(struct journal *journal, uint32_t reason, const char *path)
{
	uint64_t key = key_of(reason, path);

	atomic_fetch_add(&journal->unfollowed, 1);
	for (int i = 0; i < JOURNAL_PROGRAMS; i++) {
		struct journal_program *place = &journal->programs[i];
		uint64_t owner = 0;

		if (atomic_compare_exchange_strong(&place->key, &owner, key)) {
			strncpy(place->path, name_of(path), sizeof(place->path));
			atomic_store(&place->reason, reason);
		} else if (owner != key) {
			continue;
		}
		atomic_fetch_add(&place->count, 1);
		return place;
	}
	return NULL;
}

void unfollowed_remove(struct journal *journal, struct journal_program *place)
{
	atomic_fetch_sub(&journal->unfollowed, 1);
	if (place)
		atomic_fetch_sub(&place->count, 1);
}

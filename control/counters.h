/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_COUNTERS_H
#define CHAOS_CONTROL_COUNTERS_H

/*
 * Which rule has which counter of the journal. It is kept here, since what stands in the journal is
 * anybody's to change. A rule keeps its counter for as long as it is published. The counter of one
 * that has gone stays its own for one publication more: a shim may just be counting.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/memory/journal.h"

struct lease {
	uint64_t rule;
	uint32_t counter;
	bool dropped; /* not among the rules last published */
};

struct counters {
	struct lease *leases; /* ascending by rule, each rule once */
	size_t count;
};

/* Who has which counter according to the journal's file. Returns 0 or -errno (then nobody). */
int counters_read(struct counters *counters, int journal_fd);

/*
 * The leases after the publication of `rules` (`count` ids, at most half of JOURNAL_COUNTERS, each
 * different). Nothing is written yet.
 */
void counters_plan(
	const struct counters *now, const uint64_t *rules, size_t count, struct counters *next);

/* Behind the last counter that somebody has. */
size_t counters_used(const struct counters *counters);

/* Writes to the journal what has changed from `now` to `next`: new counters start at 0. */
void counters_write(
	const struct counters *now, const struct counters *next, struct journal *journal);

/* The lease of a rule, or NULL. */
const struct lease *counters_find(const struct counters *counters, uint64_t rule);

/* Of a count and one that may be anything: no smaller than the first. */
static inline uint64_t counters_sum(uint64_t own, uint64_t guests)
{
	return guests > UINT64_MAX - own ? UINT64_MAX : own + guests;
}

void counters_free(struct counters *counters);

#endif

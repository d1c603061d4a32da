/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_STATS_H
#define CHAOS_CONTROL_STATS_H

/* What the journal has counted while somebody observed, as the API and the reports show it. */

#include <cjson/cJSON.h>

#include "shim/memory/journal.h"

/* Counts of one operation, read once. */
struct stats_operation {
	char service[OPERATION_FAMILY_MAX + 1],
		operation[OPERATION_NAME_MAX + 1]; /* UTF-8; "": others */
	uint64_t calls, attempts, ended, faults, delayed, succeeded, recovered, unanswered;
	/* Calls of which no attempt has succeeded, and none is under way: a difference of sums, too small where
	 * attempts are seen whose first one was not. */
	uint64_t failed;
	uint64_t p50, p90, p99; /* nanoseconds */
	struct {
		uint32_t status; /* 0: all others */
		uint32_t count;
	} statuses[OPERATION_STATUSES]; /* in their order; count 0: no more */
};

/* Reads line `place` (< OPERATIONS). False: it counts nothing. */
bool stats_read(const struct journal *journal, uint32_t place, struct stats_operation *stats);

/* The same of one of such lines. */
bool stats_of(const struct operation *line, struct stats_operation *stats);

/* {"service", "operation", "calls", "attempts", "faults", "failed", "statuses", "p50Ms", …} of each, by name. */
cJSON *stats_array(const struct stats_operation *all, size_t count);
cJSON *stats_lines(const struct operation *lines);

/* {"rule" id, "matched", "fired", "delivered", "taken"} of one rule's counter. */
cJSON *stats_counter(const struct journal_counter *counter);

#endif

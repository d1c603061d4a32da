/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_REMOVED_H
#define CHAOS_CONTROL_REMOVED_H

/* The rules that have left the configuration, with what was counted of them: who added a rule for a
 * while wants to know of it when it has gone. The last ones alone; how many are forgotten is counted. */

#include <cjson/cJSON.h>

#include "config.h"
#include "writer.h"

#define REMOVED_MAX 4096u

struct removed_rule {
	struct config_rule *rule; /* shared */
	uint32_t number;	  /* in its list, from 1, when it went */
	struct journal_counter counter;
};

struct removed {
	struct removed_rule *rules; /* a ring: the one with number n is at n % REMOVED_MAX */
	uint64_t count;		    /* of all that went */
};

/* Takes the rules that nobody but `config` has any more. */
void removed_take(
	struct removed *removed, const struct writer *writer, const struct config *config);

/* Reads the counters of those that still have theirs. To be called before each publication, which
 * gives away the counters of the rules that went before the last one. */
void removed_count(struct removed *removed, const struct writer *writer);

/* Calls it for each, oldest first, with the counts of now. */
typedef void removed_told(void *context, const struct removed_rule *rule);
void removed_each(const struct removed *removed, const struct writer *writer, removed_told *told,
	void *context);

/* How many are not kept any more. */
uint64_t removed_forgotten(const struct removed *removed);

void removed_free(struct removed *removed);

#endif

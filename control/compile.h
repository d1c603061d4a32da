/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_COMPILE_H
#define CHAOS_CONTROL_COMPILE_H

/* Rules -> a slot of the rule table, in the daemon's own memory. */

#include "rule.h"

struct compiled {
	struct table_slot slot;	    /* as it is to be, but for the counters of its rules */
	struct table_capacity need; /* the least that a table must have room for */
};

/*
 * Compiles the rules, in the order in which they are to be tried. Returns 0, or -ENOSPC with
 * *reason (static) saying which limit of the table they pass, or -EINVAL for a name, code or message
 * that is too long. On success compiled_free() has to follow.
 */
int compile_rules(struct compiled *compiled, const struct rule *const *rules, size_t count,
	uint64_t latency_ns, const char **reason);
void compiled_free(struct compiled *compiled);

/* The least power of two that is not below `count`. */
uint32_t compile_round(uint32_t count);

/* Writes the header of an empty table of that capacity; all of it was zero. False if it is over a
 * limit. */
bool compile_header(struct table_file *file, const struct table_capacity *capacity);

/* The parts of a slot that are in use, and where they belong in another that has room for them. */
struct compiled_part {
	const void *from;
	void *to;
	size_t len; /* in bytes, a multiple of 8 */
};
#define COMPILED_PARTS 8
void compiled_parts(const struct compiled *compiled, const struct table_slot *to,
	struct compiled_part parts[COMPILED_PARTS]);

/* Copies them there, so that a reader whom it overtakes notices: see table.h. */
void compiled_store(const struct compiled *compiled, const struct table_slot *to);

#endif

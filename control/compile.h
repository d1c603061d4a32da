/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_COMPILE_H
#define CHAOS_CONTROL_COMPILE_H

/* Rules -> a slot of the rule table, in the daemon's own memory. */

#include "rule.h"

struct compiled {
	struct table_slot *slot; /* as it is to be, but for the counters of its rules */
	uint32_t text_len;
};

/*
 * Compiles the rules, in the order in which they are to be tried. Returns 0, or -ENOSPC with
 * *reason (static) saying which limit of the table they pass, or -EINVAL for a name, code or message
 * that is too long. On success compiled_free() has to follow.
 */
int compile_rules(struct compiled *compiled, const struct rule *const *rules, size_t count,
	uint64_t latency_ns, const char **reason);
void compiled_free(struct compiled *compiled);

/* The parts of a slot that are in use, in ascending order. */
struct compiled_part {
	size_t at, len; /* in bytes, both multiples of 8 */
};
#define COMPILED_PARTS 8
void compiled_parts(const struct compiled *compiled, struct compiled_part parts[COMPILED_PARTS]);

#endif

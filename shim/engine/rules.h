/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_RULES_H
#define CHAOS_RULES_H

/* Matching: call + table snapshot + dice -> verdict. */

#include "shim/memory/table.h"
#include "aws/call.h"

/* A source of random numbers that threads may share: SplitMix64 over an atomic counter. */
struct dice {
	_Atomic uint64_t state;
};
static inline uint64_t dice_draw(struct dice *dice)
{
	const uint64_t step = 0x9e3779b97f4a7c15ull;
	uint64_t z = atomic_fetch_add_explicit(&dice->state, step, memory_order_relaxed) + step;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Of the rules that a call has matched, and whose dice have said no, so many are told of. */
#define RULES_DECLINED 8

/* What the rules say of one call. */
struct rules_verdict {
	uint64_t latency_ns; /* to be waited first, fault or not */
	bool is_fault;
	/* Set if is_fault: */
	uint64_t rule;	/* table_rule.id */
	uint32_t place; /* of the rule in table_slot.rules, while the generation stays */
	uint32_t counter;
	int candidate; /* of the call: the one that the rule is about */
	/* Always: */
	uint64_t generation; /* of the table that said so; 0: nothing was in force */
	uint32_t declined_count;
	struct {
		uint64_t rule;
		uint32_t counter;
	} declined[RULES_DECLINED];
};

/* What a rule answers with; copied out of the table, so valid after it has moved on. */
struct rules_text {
	int status;
	uint32_t code_len, message_len;
	char code[TABLE_CODE_MAX];
	char message[TABLE_MESSAGE_MAX];
};

/*
 * Looks a call up. The first rule that matches wins; one whose dice say no lets the next try.
 * `dice` may be NULL: they say yes wherever they can.
 * `table` may be NULL: nothing is in force. Never blocks: a table that moves on during the look-up
 * is looked at again.
 */
void rules_match(const struct table *table, const struct aws_call *call, struct dice *dice,
	struct rules_verdict *verdict);

/*
 * What the rule of a verdict with is_fault answers this call with. False: the table has moved on
 * since; the call is to be matched again.
 */
bool rules_text(const struct table *table, const struct rules_verdict *verdict,
	const struct aws_call *call, struct rules_text *answer);

/* Both, until they are of one generation. `answer` is set if verdict->is_fault. */
void rules_decide(const struct table *table, const struct aws_call *call, struct dice *dice,
	struct rules_verdict *verdict, struct rules_text *answer);

/*
 * What of a call the rules in force look at: a set of enum aws_want. 0: of no rule, or of rules for
 * any call. Also for a `table` that is NULL. Never blocks.
 */
unsigned rules_wanted(const struct table *table);

/*
 * For explanations: tells of one rule whether it is about this call at all (dice left aside).
 * Returns NULL if it matches, else what differs: "service", "region" or "operation".
 */
const char *rules_differs(
	const struct table_slot *slot, const struct table_rule *rule, const struct aws_call *call);

#endif

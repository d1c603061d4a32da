/* SPDX-License-Identifier: Apache-2.0 */

/* A hostile table and a call: look-up must stay within the slot, and its verdict within limits. */

#include "fuzz.h"
#include "shim/engine/rules.h"
#include "shim/memory/journal.h"

struct input {
	const uint8_t *at;
	size_t left;
};

static void take(struct input *input, void *to, size_t len)
{
	size_t there = len < input->left ? len : input->left;

	memset(to, 0, len);
	if (there)
		memcpy(to, input->at, there);
	input->at += there;
	input->left -= there;
}

static struct span take_span(struct input *input)
{
	struct span span;
	uint8_t len;

	take(input, &len, 1);
	span.at = (const char *)input->at;
	span.len = len < input->left ? len : input->left;
	input->at += span.len;
	input->left -= span.len;
	return span;
}

/* The beginning of each part is the input's; all that follows is zero. */
static void take_slot(struct input *input, struct table_slot *slot)
{
	take(input, slot, offsetof(struct table_slot, keys));
	take(input, slot->keys, 16 * sizeof(*slot->keys));
	take(input, slot->bucket, 16 * sizeof(*slot->bucket));
	take(input, slot->order, 8 * sizeof(*slot->order));
	take(input, slot->rules, 8 * sizeof(*slot->rules));
	take(input, slot->names, 8 * sizeof(*slot->names));
	take(input, slot->globs, 4 * sizeof(*slot->globs));
	take(input, slot->text, 128);
}

static void take_call(struct input *input, struct aws_call *call)
{
	uint8_t count;

	take(input, &count, 1);
	call->candidate_count = 1 + count % AWS_CANDIDATES_MAX;
	call->region = take_span(input);
	call->home_region = take_span(input);
	for (int i = 0; i < call->candidate_count; i++) {
		call->candidates[i].service = take_span(input);
		call->candidates[i].operation = take_span(input);
		call->candidates[i].model = -1;
	}
}

static void check_verdict(const struct rules_verdict *verdict, const struct aws_call *call)
{
	if (!verdict->is_fault)
		return;
	check(verdict->candidate >= 0 && verdict->candidate < call->candidate_count);
	check(verdict->status >= 400 && verdict->status <= 599);
	check(verdict->counter < JOURNAL_COUNTERS);
	check(verdict->code_len <= sizeof(verdict->code));
	check(verdict->message_len <= sizeof(verdict->message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct table *table;
	struct input input = {data, size};
	struct aws_call call = {.candidate_count = 0};
	struct rules_verdict verdict;
	struct dice dice = {size};

	if (!table)
		table = calloc(1, sizeof(*table));
	check(table != NULL);
	table->generation = 1;
	take_slot(&input, &table->slots[1]);
	take_call(&input, &call);
	rules_match(table, &call, &dice, &verdict);
	check_verdict(&verdict, &call);
	for (int i = 0; i < 8; i++)
		rules_differs(&table->slots[1], &table->slots[1].rules[i], &call);
	return 0;
}

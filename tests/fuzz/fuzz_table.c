/* SPDX-License-Identifier: Apache-2.0 */

/* A hostile table and a call: look-up must stay within the slot, and its verdict within limits. And a
 * hostile header: what is taken for a table lies within the file. */

#include "fuzz.h"
#include "shim/engine/rules.h"
#include "shim/memory/journal.h"
#include "tests/unit/table_in_memory.h"

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
	take(input, slot->head, sizeof(*slot->head));
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

static void check_verdict(
	const struct table *table, const struct rules_verdict *verdict, const struct aws_call *call)
{
	struct rules_text text;

	if (!verdict->is_fault)
		return;
	check(verdict->candidate >= 0 && verdict->candidate < call->candidate_count);
	check(verdict->counter < JOURNAL_COUNTERS);
	check(rules_text(table, verdict, call, &text));
	check(text.status >= 400 && text.status <= 599);
	check(text.code_len <= sizeof(text.code));
	check(text.message_len <= sizeof(text.message));
}

static void check_inside(const struct table *table, const void *at, size_t len)
{
	const char *begin = (const char *)&table->file;

	check((const char *)at >= begin && (const char *)at + len <= begin + table->size);
}

/* The input's last bytes, laid over capacity and layout of a good header. */
static void check_header(const uint8_t *data, size_t size)
{
	static const struct table_capacity capacity = {8, 8, 4, 16, 16, 128};
	struct table *table = table_in_memory(&capacity);
	size_t len = sizeof(table->file.capacity) + sizeof(table->file.layout);
	const struct table_slot *slot;

	check(table != NULL);
	if (size < len)
		len = size;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)&table->file.capacity)[i] ^= data[size - len + i];
	if (table_attach(table, table->file.size))
		for (slot = table->slots; slot < table->slots + 2; slot++) {
			check_inside(table, slot->head, sizeof(*slot->head));
			check_inside(table, slot->keys, slot->capacity.keys * sizeof(*slot->keys));
			check_inside(table, slot->bucket,
				slot->capacity.buckets * sizeof(*slot->bucket));
			check_inside(
				table, slot->order, slot->capacity.rules * sizeof(*slot->order));
			check_inside(
				table, slot->rules, slot->capacity.rules * sizeof(*slot->rules));
			check_inside(
				table, slot->names, slot->capacity.names * sizeof(*slot->names));
			check_inside(
				table, slot->globs, slot->capacity.globs * sizeof(*slot->globs));
			check_inside(table, slot->text, slot->capacity.text);
		}
	free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct table *table;
	struct input input = {data, size};
	struct aws_call call = {.candidate_count = 0};
	struct rules_verdict verdict;
	struct dice dice = {size};

	check_header(data, size);
	if (!table)
		table = table_in_memory(&(struct table_capacity){8, 8, 4, 16, 16, 128});
	check(table != NULL);
	table->file.generation = 1;
	take_slot(&input, &table->slots[1]);
	take_call(&input, &call);
	rules_match(table, &call, &dice, &verdict);
	check_verdict(table, &verdict, &call);
	for (int i = 0; i < 8; i++)
		rules_differs(&table->slots[1], &table->slots[1].rules[i], &call);
	return 0;
}

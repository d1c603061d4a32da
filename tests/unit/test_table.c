/* SPDX-License-Identifier: Apache-2.0 */
#include "table_of.h"

#include <stdio.h>
#include <unistd.h>

#include "shim/memory/journal.h"
#include "shim/memory/table.h"
#include "suite.h"

/* What a field's place is, and what it is agreed to be. */
struct field {
	const char *owner, *name;
	size_t at, size, agreed_at, agreed_size;
};

#define FIELD(owner, name, at, size)                                                               \
	{                                                                                          \
#owner, #name, offsetof(struct owner, name), sizeof(((struct owner *)NULL)->name), \
			at, size                                                                   \
	}
#define WHOLE(owner, size)                                                                         \
	{                                                                                          \
#owner, NULL, sizeof(struct owner), 0, size, 0                                     \
	}

static const struct field layout[] = {
	FIELD(table_text, at, 0, 4),
	FIELD(table_text, len, 4, 4),
	WHOLE(table_text, 8),
	FIELD(table_rule, id, 0, 8),
	FIELD(table_rule, threshold, 8, 8),
	FIELD(table_rule, service, 16, 4),
	FIELD(table_rule, region, 20, 4),
	FIELD(table_rule, operation, 24, 4),
	FIELD(table_rule, counter, 28, 4),
	FIELD(table_rule, list, 32, 2),
	FIELD(table_rule, action, 34, 2),
	FIELD(table_rule, position, 36, 4),
	FIELD(table_rule, status, 40, 2),
	FIELD(table_rule, message_kind, 42, 2),
	FIELD(table_rule, reserved, 44, 4),
	FIELD(table_rule, code, 48, 8),
	FIELD(table_rule, message, 56, 8),
	FIELD(table_rule, reserved2, 64, 32),
	WHOLE(table_rule, 96),
	FIELD(table_name, text, 0, 8),
	WHOLE(table_name, 8),
	FIELD(table_glob, name, 0, 4),
	FIELD(table_glob, dimensions, 4, 4),
	WHOLE(table_glob, 8),
	FIELD(table_key, service, 0, 4),
	FIELD(table_key, region, 4, 4),
	FIELD(table_key, operation, 8, 4),
	FIELD(table_key, start, 12, 4),
	FIELD(table_key, count, 16, 4),
	WHOLE(table_key, 20),
	FIELD(table_slot, rule_count, 0, 4),
	FIELD(table_slot, name_count, 4, 4),
	FIELD(table_slot, glob_count, 8, 4),
	FIELD(table_slot, bucket_mask, 12, 4),
	FIELD(table_slot, key_mask, 16, 4),
	FIELD(table_slot, key_shapes, 20, 4),
	FIELD(table_slot, latency_ns, 24, 8),
	FIELD(table_slot, reserved, 32, 96),
	FIELD(table_slot, keys, 128, 2621440),
	FIELD(table_slot, bucket, 2621568, 1048576),
	FIELD(table_slot, order, 3670144, 262144),
	FIELD(table_slot, rules, 3932288, 6291456),
	FIELD(table_slot, names, 10223744, 1048576),
	FIELD(table_slot, globs, 11272320, 524288),
	FIELD(table_slot, text, 11796608, 16777216),
	WHOLE(table_slot, 28573824),
	FIELD(table, magic, 0, 8),
	FIELD(table, version, 8, 4),
	FIELD(table, header_size, 12, 4),
	FIELD(table, size, 16, 8),
	FIELD(table, reserved, 24, 32),
	FIELD(table, generation, 56, 8),
	FIELD(table, retired, 64, 8),
	FIELD(table, pad, 72, 4024),
	FIELD(table, slots, 4096, 57147648),
	WHOLE(table, 57151744),
	FIELD(journal_counter, rule, 0, 8),
	FIELD(journal_counter, fired, 8, 8),
	FIELD(journal_counter, taken, 16, 8),
	FIELD(journal_counter, reserved, 24, 8),
	WHOLE(journal_counter, 32),
	FIELD(journal_process, pid, 0, 4),
	FIELD(journal_process, reserved, 4, 4),
	FIELD(journal_process, start, 8, 8),
	FIELD(journal_process, since, 16, 8),
	FIELD(journal_process, connections, 24, 8),
	FIELD(journal_process, calls, 32, 8),
	FIELD(journal_process, faults, 40, 8),
	FIELD(journal_process, delayed, 48, 8),
	FIELD(journal_process, blind, 56, 64),
	FIELD(journal_process, blind_aws, 120, 8),
	FIELD(journal_process, command, 128, 64),
	FIELD(journal_process, blind_host, 192, 128),
	FIELD(journal_process, unnamed, 320, 8),
	WHOLE(journal_process, 328),
	FIELD(journal_event, sequence, 0, 8),
	FIELD(journal_event, body, 8, 248),
	WHOLE(journal_event, 256),
	FIELD(journal, magic, 0, 8),
	FIELD(journal, version, 8, 4),
	FIELD(journal, header_size, 12, 4),
	FIELD(journal, size, 16, 8),
	FIELD(journal, calls, 24, 8),
	FIELD(journal, faults, 32, 8),
	FIELD(journal, delayed, 40, 8),
	FIELD(journal, connections, 48, 8),
	FIELD(journal, blind, 56, 64),
	FIELD(journal, blind_aws, 120, 8),
	FIELD(journal, processes_lost, 128, 8),
	FIELD(journal, event_head, 136, 8),
	FIELD(journal, unnamed, 144, 8),
	FIELD(journal, pad, 152, 3944),
	FIELD(journal, counters, 4096, 4194304),
	FIELD(journal, processes, 4198400, 1343488),
	FIELD(journal, events, 5541888, 4194304),
	WHOLE(journal, 9736192),
};

START_TEST(every_field_of_the_shared_files_has_its_fixed_place)
{
	const struct field *field = &layout[_i];

	ck_assert_msg(field->at == field->agreed_at && field->size == field->agreed_size,
		"%s.%s has moved: at %zu, %zu bytes", field->owner, field->name, field->at,
		field->size);
}
END_TEST

START_TEST(the_shared_files_have_no_field_and_no_padding_but_these)
{
	size_t end = 0;

	for (size_t i = 0; i < COUNT(layout); i++) {
		ck_assert_msg(layout[i].at == end, "%s: a gap at %zu", layout[i].owner, end);
		end = layout[i].name ? end + layout[i].size : 0;
	}
}
END_TEST

enum change { MAGIC, VERSION, HEADER, SIZE, SHORT, NOTHING };

START_TEST(a_table_of_another_build_or_size_is_refused)
{
	struct table *table = table_of(NULL, 0);
	size_t size = sizeof(*table);

	table->magic += _i == MAGIC;
	table->version += _i == VERSION;
	table->header_size += _i == HEADER;
	table->size += _i == SIZE;
	size -= _i == SHORT;
	ck_assert_int_eq(table_valid(table, size), _i == NOTHING);
	ck_assert(!table_valid(table, 0));
	free(table);
}
END_TEST

START_TEST(a_journal_of_another_build_or_size_is_refused)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	size_t size = sizeof(*journal);

	journal->magic = JOURNAL_MAGIC + (_i == MAGIC);
	journal->version = JOURNAL_VERSION + (_i == VERSION);
	journal->header_size = offsetof(struct journal, counters) + (_i == HEADER);
	journal->size = sizeof(*journal) + (_i == SIZE);
	size -= _i == SHORT;
	ck_assert_int_eq(journal_valid(journal, size), _i == NOTHING);
	ck_assert(!journal_valid(journal, 0));
	free(journal);
}
END_TEST

START_TEST(a_process_has_a_start_time_while_it_lives)
{
	const uint32_t beyond_any_pid = 1u << 30;

	ck_assert_uint_gt(journal_process_start((uint32_t)getpid()), 0);
	ck_assert_uint_ge(journal_process_start((uint32_t)getpid()), journal_process_start(1));
	ck_assert_uint_eq(journal_process_start(beyond_any_pid), 0);
}
END_TEST

static const struct {
	const char *glob, *text;
	bool matches;
} globs[] = {
	{"s3", "s3", true},
	{"s3", "S3", false},
	{"s3", "s3control", false},
	{"", "", true},
	{"", "a", false},
	{"*", "", true},
	{"*", "anything", true},
	{"?", "", false},
	{"?", "a", true},
	{"?", "ab", false},
	{"us-*", "us-east-1", true},
	{"us-*", "us-gov-west-1", true},
	{"us-*", "eu-west-1", false},
	{"us-*", "us", false},
	{"*-1", "us-east-1", true},
	{"*-1", "us-east-12", false},
	{"us-?ast-?", "us-east-2", true},
	{"*Object*", "GetObjectAcl", true},
	{"*Object*", "GetBucket", false},
	{"a*b*c", "a-b-b-c", true},
	{"a*b*c", "a-c-b", false},
	{"**a", "bbba", true},
	{"a**", "a", true},
	{"*?", "", false},
	{"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
};

START_TEST(a_star_stands_for_any_run_and_a_question_mark_for_one_byte)
{
	ck_assert_int_eq(table_glob_matches(span_of(globs[_i].glob), span_of(globs[_i].text)),
		globs[_i].matches);
}
END_TEST

START_TEST(before_the_first_publication_there_is_no_slot)
{
	struct table *table = calloc(1, sizeof(*table));
	struct table_view view = table_look(table);

	ck_assert_ptr_null(view.slot);
	ck_assert(table_still(&view));
	free(table);
}
END_TEST

START_TEST(generations_take_turns_in_the_two_slots)
{
	struct table *table = calloc(1, sizeof(*table));

	for (uint64_t generation = 1; generation < 5; generation++) {
		table->generation = generation;
		ck_assert_ptr_eq(table_look(table).slot, &table->slots[generation % 2]);
	}
	free(table);
}
END_TEST

START_TEST(what_was_read_before_a_publication_does_not_count)
{
	struct table *table = table_of(NULL, 0);
	struct table_view view = table_look(table);

	ck_assert(table_still(&view));
	table->generation++;
	ck_assert(!table_still(&view));
	view = table_look(table);
	ck_assert(table_still(&view));
	free(table);
}
END_TEST

START_TEST(every_name_is_found_and_no_other)
{
	enum { NAMES = 1000 };
	static char names[NAMES][16];
	static struct rule rules[NAMES];
	struct table *table;

	for (int i = 0; i < NAMES; i++) {
		snprintf(names[i], sizeof(names[i]), "Operation%d", i);
		rules[i] = rule_of((uint64_t)i + 1, NULL, NULL, names[i]);
	}
	table = table_of(rules, NAMES);
	for (int i = 0; i < NAMES; i++) {
		uint32_t id = table_find_name(&table->slots[1], span_of(names[i]));

		ck_assert_uint_ne(id, 0);
		ck_assert(span_equal(table_name(&table->slots[1], id), span_of(names[i])));
	}
	ck_assert_uint_eq(table_find_name(&table->slots[1], SPAN("Operation")), 0);
	ck_assert_uint_eq(table_find_name(&table->slots[1], SPAN("operation1")), 0);
	ck_assert_uint_eq(table_find_name(&table->slots[1], SPAN("")), 0);
	free(table);
}
END_TEST

START_TEST(the_rules_with_the_same_names_are_found_in_their_order)
{
	const struct rule rules[] = {
		rule_of(1, "s3", "us-east-1", NULL),
		rule_of(2, "sqs", NULL, NULL),
		rule_of(3, "s3", "us-east-1", NULL),
		rule_of(4, "s3", "us-east-1", "GetObject"),
	};
	struct table *table = table_of(rules, COUNT(rules));
	const struct table_slot *slot = &table->slots[1];
	uint32_t s3 = table_find_name(slot, SPAN("s3"));
	uint32_t region = table_find_name(slot, SPAN("us-east-1")), start;

	ck_assert_uint_eq(table_find_key(slot, s3, region, 0, &start), 2);
	ck_assert_uint_eq(slot->order[start], 0);
	ck_assert_uint_eq(slot->order[start + 1], 2);
	ck_assert_uint_eq(table_find_key(slot, s3, 0, 0, &start), 0);
	ck_assert_uint_eq(table_find_key(slot, 0, 0, 0, &start), 0);
	free(table);
}
END_TEST

/* A slot full of bytes that mean nothing. */
static struct table_slot *hostile_slot(uint8_t byte)
{
	struct table_slot *slot = malloc(sizeof(*slot));

	ck_assert_ptr_nonnull(slot);
	memset(slot, byte, sizeof(*slot));
	return slot;
}

static const uint8_t garbage[] = {0x01, 0x7f, 0x80, 0xff, 0x5a};

START_TEST(look_ups_in_garbage_end_within_the_slot)
{
	struct table_slot *slot = hostile_slot(garbage[_i]);
	uint32_t start = 0, count;

	ck_assert_uint_eq(table_find_name(slot, SPAN("s3")), 0);
	count = table_find_key(slot, 1, 1, 1, &start);
	ck_assert(count == 0 || (start < TABLE_RULES && count <= TABLE_RULES - start));
	free(slot);
}
END_TEST

static const struct table_text outside[] = {
	{TABLE_TEXT, 1},
	{TABLE_TEXT - 1, 2},
	{0, TABLE_TEXT + 1},
	{1, UINT32_MAX},
	{UINT32_MAX, 1},
	{UINT32_MAX, UINT32_MAX},
};

START_TEST(a_text_outside_of_the_slot_is_empty)
{
	struct table_slot *slot = hostile_slot('x');
	char copy[2];

	slot->names[0].text = outside[_i];
	ck_assert_uint_eq(table_text(slot, &outside[_i]).len, 0);
	ck_assert_uint_eq(table_copy(slot, &outside[_i], copy, sizeof(copy)), 0);
	ck_assert_uint_eq(table_name(slot, 1).len, 0);
	free(slot);
}
END_TEST

START_TEST(a_text_at_the_very_end_of_the_slot_is_whole)
{
	struct table_slot *slot = hostile_slot('x');
	const struct table_text last = {TABLE_TEXT - 3, 3};
	char copy[4] = "----";

	ck_assert(span_equal(table_text(slot, &last), SPAN("xxx")));
	ck_assert_uint_eq(table_copy(slot, &last, copy, 2), 2);
	ck_assert_mem_eq(copy, "xx--", 4);
	ck_assert_uint_eq(table_copy(slot, &last, copy, 4), 3);
	ck_assert_mem_eq(copy, "xxx-", 4);
	free(slot);
}
END_TEST

START_TEST(a_name_that_is_no_name_is_empty)
{
	struct table_slot *slot = hostile_slot('x');

	slot->names[0].text = (struct table_text){0, TABLE_NAME_MAX + 1};
	ck_assert_uint_eq(table_name(slot, 0).len, 0);
	ck_assert_uint_eq(table_name(slot, 1).len, 0);
	ck_assert_uint_eq(table_name(slot, TABLE_NAMES + 1).len, 0);
	ck_assert_uint_eq(table_name(slot, UINT32_MAX).len, 0);
	free(slot);
}
END_TEST

START_TEST(a_run_of_rules_outside_of_the_slot_is_empty)
{
	static const uint32_t runs[][2] = {
		{TABLE_RULES, 1}, {TABLE_RULES - 1, 2}, {0, UINT32_MAX}, {UINT32_MAX, UINT32_MAX}};
	const struct rule rule = rule_of(1, "s3", NULL, NULL);
	struct table *table = table_of(&rule, 1);
	struct table_slot *slot = &table->slots[1];
	uint32_t at = table_hash_key(1, 0, 0) & slot->key_mask, start;

	ck_assert_uint_eq(table_find_key(slot, 1, 0, 0, &start), 1);
	for (size_t i = 0; i < COUNT(runs); i++) {
		slot->keys[at].start = runs[i][0];
		slot->keys[at].count = runs[i][1];
		ck_assert_uint_eq(table_find_key(slot, 1, 0, 0, &start), 0);
	}
	free(table);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *tests = tcase_create("table");

	tcase_add_loop_test(
		tests, every_field_of_the_shared_files_has_its_fixed_place, 0, COUNT(layout));
	tcase_add_test(tests, the_shared_files_have_no_field_and_no_padding_but_these);
	tcase_add_loop_test(tests, a_table_of_another_build_or_size_is_refused, 0, NOTHING + 1);
	tcase_add_loop_test(tests, a_journal_of_another_build_or_size_is_refused, 0, NOTHING + 1);
	tcase_add_test(tests, a_process_has_a_start_time_while_it_lives);
	tcase_add_loop_test(
		tests, a_star_stands_for_any_run_and_a_question_mark_for_one_byte, 0, COUNT(globs));
	tcase_add_test(tests, before_the_first_publication_there_is_no_slot);
	tcase_add_test(tests, generations_take_turns_in_the_two_slots);
	tcase_add_test(tests, what_was_read_before_a_publication_does_not_count);
	tcase_add_test(tests, every_name_is_found_and_no_other);
	tcase_add_test(tests, the_rules_with_the_same_names_are_found_in_their_order);
	tcase_add_loop_test(tests, look_ups_in_garbage_end_within_the_slot, 0, COUNT(garbage));
	tcase_add_loop_test(tests, a_text_outside_of_the_slot_is_empty, 0, COUNT(outside));
	tcase_add_test(tests, a_text_at_the_very_end_of_the_slot_is_whole);
	tcase_add_test(tests, a_name_that_is_no_name_is_empty);
	tcase_add_test(tests, a_run_of_rules_outside_of_the_slot_is_empty);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

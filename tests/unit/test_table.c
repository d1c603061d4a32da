/* SPDX-License-Identifier: Apache-2.0 */
#include "table_of.h"

#include <errno.h>
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

static const struct field fields[] = {
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
	FIELD(table_glob, dimensions, 4, 2),
	FIELD(table_glob, first, 6, 2),
	WHOLE(table_glob, 8),
	FIELD(table_key, service, 0, 4),
	FIELD(table_key, region, 4, 4),
	FIELD(table_key, operation, 8, 4),
	FIELD(table_key, start, 12, 4),
	FIELD(table_key, count, 16, 4),
	WHOLE(table_key, 20),
	FIELD(table_head, rule_count, 0, 4),
	FIELD(table_head, name_count, 4, 4),
	FIELD(table_head, glob_count, 8, 4),
	FIELD(table_head, bucket_mask, 12, 4),
	FIELD(table_head, key_mask, 16, 4),
	FIELD(table_head, key_shapes, 20, 4),
	FIELD(table_head, latency_ns, 24, 8),
	FIELD(table_head, flags, 32, 4),
	FIELD(table_head, reserved1, 36, 4),
	FIELD(table_head, reserved, 40, 88),
	WHOLE(table_head, 128),
	FIELD(table_capacity, rules, 0, 4),
	FIELD(table_capacity, names, 4, 4),
	FIELD(table_capacity, globs, 8, 4),
	FIELD(table_capacity, buckets, 12, 4),
	FIELD(table_capacity, keys, 16, 4),
	FIELD(table_capacity, text, 20, 4),
	WHOLE(table_capacity, 24),
	FIELD(table_layout, keys, 0, 4),
	FIELD(table_layout, buckets, 4, 4),
	FIELD(table_layout, order, 8, 4),
	FIELD(table_layout, rules, 12, 4),
	FIELD(table_layout, names, 16, 4),
	FIELD(table_layout, globs, 20, 4),
	FIELD(table_layout, text, 24, 4),
	FIELD(table_layout, slot_size, 28, 4),
	WHOLE(table_layout, 32),
	FIELD(table_file, magic, 0, 8),
	FIELD(table_file, version, 8, 4),
	FIELD(table_file, header_size, 12, 4),
	FIELD(table_file, size, 16, 8),
	FIELD(table_file, reserved, 24, 32),
	FIELD(table_file, generation, 56, 8),
	FIELD(table_file, retired, 64, 8),
	FIELD(table_file, capacity, 72, 24),
	FIELD(table_file, layout, 96, 32),
	FIELD(table_file, guests, 128, 8),
	FIELD(table_file, pad, 136, 3960),
	WHOLE(table_file, 4096),
	FIELD(journal_counter, rule, 0, 8),
	FIELD(journal_counter, fired, 8, 8),
	FIELD(journal_counter, limit, 16, 8),
	FIELD(journal_counter, matched, 24, 8),
	FIELD(journal_counter, delivered, 32, 8),
	FIELD(journal_counter, taken, 40, 8),
	FIELD(journal_counter, reserved, 48, 16),
	WHOLE(journal_counter, 64),
	FIELD(journal_process, pid, 0, 4),
	FIELD(journal_process, run, 4, 4),
	FIELD(journal_process, start, 8, 8),
	FIELD(journal_process, since, 16, 8),
	FIELD(journal_process, connections, 24, 8),
	FIELD(journal_process, calls, 32, 8),
	FIELD(journal_process, faults, 40, 8),
	FIELD(journal_process, delayed, 48, 8),
	FIELD(journal_process, blind, 56, 64),
	FIELD(journal_process, blind_aws, 120, 8),
	FIELD(journal_process, command, 128, 64),
	FIELD(journal_process, blind_hosts, 192, 1024),
	FIELD(journal_process, unnamed, 1216, 8),
	FIELD(journal_process, lanes, 1224, 32),
	FIELD(journal_process, reserved2, 1256, 24),
	WHOLE(journal_process, 1280),
	FIELD(journal_host, key, 0, 8),
	FIELD(journal_host, reason, 8, 4),
	FIELD(journal_host, host, 12, 116),
	WHOLE(journal_host, 128),
	FIELD(event_slot, sequence, 0, 8),
	FIELD(event_slot, event, 8, 504),
	WHOLE(event_slot, 512),
	FIELD(event, started, 0, 8),
	FIELD(event, first, 8, 8),
	FIELD(event, ended, 16, 8),
	FIELD(event, delayed, 24, 8),
	FIELD(event, rule, 32, 8),
	FIELD(event, sent, 40, 8),
	FIELD(event, received, 48, 8),
	FIELD(event, connection, 56, 8),
	FIELD(event, pid, 64, 4),
	FIELD(event, run, 68, 4),
	FIELD(event, token, 72, 4),
	FIELD(event, body, 76, 4),
	FIELD(event, operation, 80, 2),
	FIELD(event, status, 82, 2),
	FIELD(event, attempt, 84, 2),
	FIELD(event, action, 86, 1),
	FIELD(event, taken, 87, 1),
	FIELD(event, end, 88, 1),
	FIELD(event, lane, 89, 1),
	FIELD(event, is_reused, 90, 1),
	FIELD(event, attempts_max, 91, 1),
	FIELD(event, lengths, 92, 12),
	FIELD(event, used, 104, 2),
	FIELD(event, texts, 106, 398),
	WHOLE(event, 504),
	FIELD(operation, key, 0, 8),
	FIELD(operation, named, 8, 4),
	FIELD(operation, service_len, 12, 1),
	FIELD(operation, operation_len, 13, 1),
	FIELD(operation, reserved, 14, 2),
	FIELD(operation, service, 16, 32),
	FIELD(operation, operation, 48, 88),
	FIELD(operation, calls, 136, 8),
	FIELD(operation, attempts, 144, 8),
	FIELD(operation, ended, 152, 8),
	FIELD(operation, faults, 160, 8),
	FIELD(operation, delayed, 168, 8),
	FIELD(operation, succeeded, 176, 8),
	FIELD(operation, recovered, 184, 8),
	FIELD(operation, unanswered, 192, 8),
	FIELD(operation, duration, 200, 8),
	FIELD(operation, statuses, 208, 128),
	FIELD(operation, durations, 336, 1024),
	WHOLE(operation, 1360),
	FIELD(journal_program, key, 0, 8),
	FIELD(journal_program, count, 8, 8),
	FIELD(journal_program, reason, 16, 4),
	FIELD(journal_program, path, 20, 108),
	WHOLE(journal_program, 128),
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
	FIELD(journal, unattached, 144, 8),
	FIELD(journal, counters_used, 152, 8),
	FIELD(journal, unnamed, 160, 8),
	FIELD(journal, unfollowed, 168, 8),
	FIELD(journal, programs, 176, 2048),
	FIELD(journal, guests, 2224, 96),
	FIELD(journal, delivered, 2320, 8),
	FIELD(journal, taken, 2328, 8),
	FIELD(journal, observed, 2336, 8),
	FIELD(journal, events_lost, 2344, 8),
	FIELD(journal, unobserved, 2352, 8),
	FIELD(journal, pad, 2360, 1736),
	FIELD(journal, counters, 4096, 8388608),
	FIELD(journal, processes, 8392704, 5242880),
	FIELD(journal, operations, 13635584, 2785280),
	FIELD(journal, events, 16420864, 16777216),
	WHOLE(journal, 33198080),
};

START_TEST(every_field_of_the_shared_files_has_its_fixed_place)
{
	const struct field *field = &fields[_i];

	ck_assert_msg(field->at == field->agreed_at && field->size == field->agreed_size,
		"%s.%s has moved: at %zu, %zu bytes", field->owner, field->name, field->at,
		field->size);
}
END_TEST

START_TEST(the_shared_files_have_no_field_and_no_padding_but_these)
{
	size_t end = 0;

	for (size_t i = 0; i < COUNT(fields); i++) {
		ck_assert_msg(fields[i].at == end, "%s: a gap at %zu", fields[i].owner, end);
		end = fields[i].name ? end + fields[i].size : 0;
	}
}
END_TEST

/* Where the arrays of a slot lie, by its capacity. */
static const struct {
	struct table_capacity capacity;
	struct table_layout layout;
	uint64_t file_size;
} layouts[] = {
	{{128, 512, 128, 1024, 256, 65536}, {128, 5248, 9344, 9856, 22144, 26240, 27264, 94208},
		192512},
	{{3, 1, 1, 2, 1, 3}, {128, 152, 160, 176, 464, 472, 480, 4096}, 12288},
	{{TABLE_RULES, TABLE_NAMES, TABLE_GLOBS, TABLE_BUCKET, TABLE_KEYS, TABLE_TEXT},
		{128, 2621568, 3670144, 3932288, 10223744, 11272320, 11796608, 28577792}, 57159680},
};

START_TEST(the_arrays_of_a_slot_lie_where_its_capacity_says)
{
	struct table_layout layout;

	ck_assert(table_lay_out(&layouts[_i].capacity, &layout));
	ck_assert_mem_eq(&layout, &layouts[_i].layout, sizeof(layout));
	ck_assert_uint_eq(table_file_size(&layout), layouts[_i].file_size);
	ck_assert_uint_le(layouts[_i].file_size, table_file_size_max());
}
END_TEST

static const struct table_capacity impossible[] = {
	{TABLE_RULES + 1, 1, 1, 1, 1, 1},
	{1, TABLE_NAMES + 1, 1, 1, 1, 1},
	{1, 1, TABLE_GLOBS + 1, 1, 1, 1},
	{1, 1, 1, 2 * TABLE_BUCKET, 1, 1},
	{1, 1, 1, 3, 1, 1},
	{1, 1, 1, 0, 1, 1},
	{1, 1, 1, 1, 2 * TABLE_KEYS, 1},
	{1, 1, 1, 1, 6, 1},
	{1, 1, 1, 1, 0, 1},
	{1, 1, 1, 1, 1, TABLE_TEXT + 1},
	{UINT32_MAX, UINT32_MAX, UINT32_MAX, 1u << 31, 1u << 31, UINT32_MAX},
};

START_TEST(there_is_no_slot_of_an_impossible_capacity)
{
	struct table_layout layout;

	ck_assert(!table_lay_out(&impossible[_i], &layout));
}
END_TEST

static const struct table_capacity small = {8, 8, 8, 16, 16, 64};

static size_t small_size(void)
{
	struct table_layout layout;

	ck_assert(table_lay_out(&small, &layout));
	return table_file_size(&layout);
}

enum change { MAGIC, VERSION, HEADER, SIZE, SHORT, LONG, NOTHING };

START_TEST(a_table_of_another_build_or_size_is_refused)
{
	struct table *table = table_in_memory(&small);
	size_t size = small_size();

	table->file.magic += _i == MAGIC;
	table->file.version += _i == VERSION;
	table->file.header_size += _i == HEADER;
	table->file.size += _i == SIZE;
	size = size - (_i == SHORT) + (_i == LONG);
	ck_assert_int_eq(table_attach(table, size), _i == NOTHING);
	ck_assert(!table_attach(table, 0));
	free(table);
}
END_TEST

START_TEST(a_header_that_does_not_fit_its_file_is_refused)
{
	struct table *table = table_in_memory(&small);
	size_t words = sizeof(small) / 4 + sizeof(table->file.layout) / 4;
	uint32_t *word = (uint32_t *)&table->file.capacity;

	for (size_t i = 0; i < words; i++) {
		uint32_t before = word[i];
		uint32_t other[] = {0, before + 4096, 2 * before, UINT32_MAX, 1u << 31};

		for (size_t k = 0; k < COUNT(other); k++) {
			word[i] = other[k];
			/* A slot ends with a page, so there may be room for another length of text. */
			ck_assert_msg(!table_attach(table, table->file.size) ||
					      (i == 5 && other[k] < 4096),
				"word %zu: %u", i, other[k]);
		}
		word[i] = before;
	}
	ck_assert(table_attach(table, table->file.size));
	free(table);
}
END_TEST

START_TEST(what_the_header_says_later_moves_no_bound)
{
	const struct rule rule = rule_of(1, "s3", NULL, NULL);
	struct table *table = table_of(&rule, 1);

	memset(&table->file.capacity, 0xff, sizeof(table->file.capacity));
	memset(&table->file.layout, 0xff, sizeof(table->file.layout));
	ck_assert_uint_eq(table_find_name(&table->slots[1], SPAN("s3")), 1);
	ck_assert_uint_eq(table_name(&table->slots[1], TABLE_NAMES).len, 0);
	free(table);
}
END_TEST

/* A file of the bytes of a table; its name is gone already. */
static int file_of(const struct table *table, size_t size)
{
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(&table->file, 1, size, file), size);
	ck_assert_int_eq(fflush(file), 0);
	return fileno(file);
}

START_TEST(a_file_is_mapped_with_a_page_of_our_own_before_it)
{
	const struct rule rule = rule_of(1, "s3", NULL, NULL);
	struct table *made = table_of(&rule, 1);
	struct table *table = table_map(file_of(made, made->size), made->size);

	ck_assert_ptr_nonnull(table);
	ck_assert_uint_eq(table_find_name(&table->slots[1], SPAN("s3")), 1);
	ck_assert_uint_eq(table->size, made->size);
	table_unmap(table);
	free(made);
}
END_TEST

START_TEST(a_file_that_is_no_table_is_not_mapped)
{
	struct table *made = table_in_memory(&small);
	uint64_t sizes[] = {0, 1, sizeof(struct table_file) - 1, sizeof(struct table_file),
		table_file_size_max() + 1, UINT64_MAX};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		errno = 0;
		ck_assert_ptr_null(table_map(file_of(made, made->size), sizes[i]));
		ck_assert_int_eq(errno, EINVAL);
	}
	errno = 0;
	ck_assert_ptr_null(table_map(-1, made->size));
	ck_assert_int_eq(errno, EBADF);
	free(made);
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
	size = size - (_i == SHORT) + (_i == LONG);
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
	struct table *table = table_in_memory(&small);
	struct table_view view = table_look(table);

	ck_assert_ptr_null(view.slot);
	ck_assert(table_still(&view));
	free(table);
}
END_TEST

START_TEST(generations_take_turns_in_the_two_slots)
{
	struct table *table = table_in_memory(&small);

	for (uint64_t generation = 1; generation < 5; generation++) {
		table->file.generation = generation;
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
	table->file.generation++;
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

/* A table whose slots are full of bytes that mean nothing. */
static struct table *hostile_table(uint8_t byte)
{
	struct table *table = table_in_memory(&small);

	ck_assert_ptr_nonnull(table);
	for (int i = 0; i < 2; i++)
		memset(table->slots[i].head, byte, table->file.layout.slot_size);
	return table;
}

static const uint8_t garbage[] = {0x01, 0x7f, 0x80, 0xff, 0x5a};

START_TEST(look_ups_in_garbage_end_within_the_slot)
{
	struct table *table = hostile_table(garbage[_i]);
	struct table_slot *slot = &table->slots[1];
	uint32_t start = 0, count;

	ck_assert_uint_eq(table_find_name(slot, SPAN("s3")), 0);
	count = table_find_key(slot, 1, 1, 1, &start);
	ck_assert(count == 0 || (start < small.rules && count <= small.rules - start));
	free(table);
}
END_TEST

enum { TEXT = 64 };
static const struct table_text outside[] = {
	{TEXT, 1},
	{TEXT - 1, 2},
	{0, TEXT + 1},
	{1, UINT32_MAX},
	{UINT32_MAX, 1},
	{UINT32_MAX, UINT32_MAX},
};

START_TEST(a_text_outside_of_the_slot_is_empty)
{
	struct table *table = hostile_table('x');
	struct table_slot *slot = &table->slots[1];
	char copy[2];

	slot->names[0].text = outside[_i];
	ck_assert_uint_eq(table_text(slot, &outside[_i]).len, 0);
	ck_assert_uint_eq(table_copy(slot, &outside[_i], copy, sizeof(copy)), 0);
	ck_assert_uint_eq(table_name(slot, 1).len, 0);
	free(table);
}
END_TEST

START_TEST(a_text_at_the_very_end_of_the_slot_is_whole)
{
	struct table *table = hostile_table('x');
	struct table_slot *slot = &table->slots[1];
	const struct table_text last = {TEXT - 3, 3};
	char copy[4] = "----";

	ck_assert(span_equal(table_text(slot, &last), SPAN("xxx")));
	ck_assert_uint_eq(table_copy(slot, &last, copy, 2), 2);
	ck_assert_mem_eq(copy, "xx--", 4);
	ck_assert_uint_eq(table_copy(slot, &last, copy, 4), 3);
	ck_assert_mem_eq(copy, "xxx-", 4);
	free(table);
}
END_TEST

START_TEST(a_name_that_is_no_name_is_empty)
{
	struct table *table = table_in_memory(&(struct table_capacity){8, 8, 8, 16, 16, 1024});
	struct table_slot *slot = &table->slots[1];

	slot->names[0].text = (struct table_text){0, TABLE_NAME_MAX + 1};
	ck_assert_uint_eq(table_name(slot, 0).len, 0);
	ck_assert_uint_eq(table_name(slot, 1).len, 0);
	ck_assert_uint_eq(table_name(slot, 8 + 1).len, 0);
	ck_assert_uint_eq(table_name(slot, UINT32_MAX).len, 0);
	free(table);
}
END_TEST

START_TEST(a_run_of_rules_outside_of_the_slot_is_empty)
{
	static const uint32_t runs[][2] = {
		{1, 1}, {0, 2}, {0, UINT32_MAX}, {UINT32_MAX, UINT32_MAX}};
	const struct rule rule = rule_of(1, "s3", NULL, NULL);
	struct table *table = table_of(&rule, 1);
	struct table_slot *slot = &table->slots[1];
	uint32_t at = table_hash_key(1, 0, 0) & slot->head->key_mask, start;

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
		tests, every_field_of_the_shared_files_has_its_fixed_place, 0, COUNT(fields));
	tcase_add_test(tests, the_shared_files_have_no_field_and_no_padding_but_these);
	tcase_add_loop_test(tests, a_table_of_another_build_or_size_is_refused, 0, NOTHING + 1);
	tcase_add_loop_test(
		tests, the_arrays_of_a_slot_lie_where_its_capacity_says, 0, COUNT(layouts));
	tcase_add_loop_test(
		tests, there_is_no_slot_of_an_impossible_capacity, 0, COUNT(impossible));
	tcase_add_test(tests, a_header_that_does_not_fit_its_file_is_refused);
	tcase_add_test(tests, what_the_header_says_later_moves_no_bound);
	tcase_add_test(tests, a_file_is_mapped_with_a_page_of_our_own_before_it);
	tcase_add_test(tests, a_file_that_is_no_table_is_not_mapped);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* What the folder's own programs and guests tell, as one. */

#include <stdio.h>
#include <sys/mman.h>

#include "control/together.h"
#include "suite.h"

static struct writer writer;

static struct journal *make_journal(void)
{
	struct journal *journal = mmap(NULL, sizeof(*journal), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert_ptr_ne(journal, MAP_FAILED);
	return journal;
}

static void setup(void)
{
	writer = (struct writer){.has_events = true, .journal = make_journal()};
	writer.guests.journal = make_journal();
	atomic_store(&writer.guests.users[0], 65534);
}

static void teardown(void)
{
	munmap(writer.journal, sizeof(*writer.journal));
	munmap(writer.guests.journal, sizeof(*writer.guests.journal));
}

/* ---- operations ---- */

static struct operation *count(struct journal *journal, struct span service, struct span operation)
{
	uint32_t place = operations_find(journal->operations, service, operation);

	operations_begin(&journal->operations[place], &(struct event){0});
	return &journal->operations[place];
}

/* How many lines there are, and how many attempts they count. */
static void expect_lines(unsigned lines_wanted, uint64_t attempts_wanted)
{
	struct operation *lines = together_operations(&writer);
	unsigned found = 0;
	uint64_t attempts = 0;

	for (uint32_t i = 0; i < OPERATIONS; i++) {
		found += atomic_load(&lines[i].attempts) != 0;
		attempts += atomic_load(&lines[i].attempts);
	}
	ck_assert_uint_eq(found, lines_wanted);
	ck_assert_uint_eq(attempts, attempts_wanted);
	free(lines);
}

START_TEST(lines_without_a_name_are_told_as_one)
{
	for (int i = 0; i < 3; i++) {
		char name[8];

		snprintf(name, sizeof(name), "Op%d", i);
		atomic_store(&count(writer.journal, SPAN("s3"), span_of(name))->named, 0);
	}
	count(writer.journal, SPAN(""), SPAN(""));
	count(writer.journal, SPAN("s3"), SPAN("GetObject"));
	expect_lines(2, 5);
}
END_TEST

START_TEST(names_that_look_the_same_are_told_as_one)
{
	count(writer.journal, SPAN("s3"), SPAN("Get\xff"));
	count(writer.journal, SPAN("s3"), SPAN("Get\xfe"));
	count(writer.guests.journal, SPAN("s3"), SPAN("Get\xfd"));
	expect_lines(1, 3);
}
END_TEST

/* ---- events ---- */

static struct event_reader reader;

/* As a guest may write them. */
static void write_as_guest(uint64_t how_many)
{
	struct journal *journal = writer.guests.journal;

	while (how_many--)
		event_write(journal->events, JOURNAL_EVENTS, &journal->event_head,
			&(struct event){.status = 200});
}

static uint64_t taken_over(void)
{
	uint64_t before = atomic_load(&writer.journal->event_head);

	together_events(&writer, &reader);
	return atomic_load(&writer.journal->event_head) - before;
}

static void setup_events(void)
{
	setup();
	reader = (struct event_reader){0};
	ck_assert_uint_eq(taken_over(), 0);
}

START_TEST(all_events_of_guests_come_in_the_end)
{
	uint64_t sum = 0;

	write_as_guest(JOURNAL_EVENTS);
	for (int look = 0; look < 8; look++)
		sum += taken_over();
	ck_assert_uint_eq(sum, JOURNAL_EVENTS);
	ck_assert_uint_eq(reader.lost, 0);
}
END_TEST

START_TEST(one_look_leaves_most_of_the_ring_to_the_folders_own)
{
	write_as_guest(JOURNAL_EVENTS);
	ck_assert_uint_le(taken_over(), JOURNAL_EVENTS / 4);
}
END_TEST

START_TEST(what_guests_lose_is_not_lost_by_the_folders_own)
{
	write_as_guest(JOURNAL_EVENTS + 100);
	taken_over();
	ck_assert_uint_eq(reader.lost, 100);
	ck_assert_uint_eq(atomic_load(&writer.journal->events_lost), 0);
}
END_TEST

static const uint64_t heads[] = {2ull * JOURNAL_EVENTS, 1ull << 40, UINT64_MAX};

START_TEST(a_head_that_a_guest_makes_up_counts_for_one_ring_a_look)
{
	atomic_store(&writer.guests.journal->event_head, heads[_i]);
	taken_over();
	ck_assert_uint_le(reader.lost, JOURNAL_EVENTS);
	ck_assert_uint_eq(atomic_load(&writer.journal->events_lost), 0);
	ck_assert_uint_eq(atomic_load(&writer.journal->event_head), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("together");
	TCase *tests = tcase_create("operations");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, lines_without_a_name_are_told_as_one);
	tcase_add_test(tests, names_that_look_the_same_are_told_as_one);
	suite_add_tcase(suite, tests);
	tests = tcase_create("events");
	tcase_add_checked_fixture(tests, setup_events, teardown);
	tcase_add_test(tests, all_events_of_guests_come_in_the_end);
	tcase_add_test(tests, one_look_leaves_most_of_the_ring_to_the_folders_own);
	tcase_add_test(tests, what_guests_lose_is_not_lost_by_the_folders_own);
	tcase_add_loop_test(
		tests, a_head_that_a_guest_makes_up_counts_for_one_ring_a_look, 0, COUNT(heads));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

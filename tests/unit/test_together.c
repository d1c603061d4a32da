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

int main(void)
{
	Suite *suite = suite_create("together");
	TCase *tests = tcase_create("operations");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, lines_without_a_name_are_told_as_one);
	tcase_add_test(tests, names_that_look_the_same_are_told_as_one);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

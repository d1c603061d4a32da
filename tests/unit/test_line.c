/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "shim/engine/line.h"
#include "suite.h"

static struct line line;
static uint64_t next;

static void teardown(void)
{
	line_clear(&line);
}

static void put(const char *text, uint64_t due)
{
	ck_assert(line_put(&line, LINE_SEND, text, strlen(text), due));
}

/* The bytes that are due by then are taken; they must be these. */
static void expect(const char *text, uint64_t now)
{
	struct line_item *item = line_due(&line, now, &next);

	ck_assert_ptr_nonnull(item);
	ck_assert_uint_eq(item->len - item->at, strlen(text));
	ck_assert_mem_eq(item->bytes + item->at, text, strlen(text));
	line_done(&line, strlen(text));
}

START_TEST(what_is_put_first_is_done_first)
{
	put("one", 0);
	put("two", 0);
	put("three", 0);
	expect("one", 0);
	expect("two", 0);
	put("four", 0);
	expect("three", 0);
	expect("four", 0);
	ck_assert(line_is_empty(&line));
}
END_TEST

START_TEST(nothing_is_done_before_it_is_due)
{
	put("late", 5000);
	ck_assert_ptr_null(line_due(&line, 4999, &next));
	ck_assert_uint_eq(next, 5000);
	expect("late", 5000);
	ck_assert_uint_eq(next, 0);
}
END_TEST

START_TEST(what_is_due_waits_for_what_stands_before_it)
{
	put("late", 5000);
	put("soon", 1000);
	put("now", 0);
	ck_assert_ptr_null(line_due(&line, 2000, &next));
	ck_assert_uint_eq(next, 5000);
	expect("late", 6000);
	expect("soon", 6000);
	expect("now", 6000);
}
END_TEST

START_TEST(an_empty_line_has_no_time)
{
	ck_assert_ptr_null(line_due(&line, UINT64_MAX, &next));
	ck_assert_uint_eq(next, 0);
}
END_TEST

START_TEST(an_item_that_is_done_in_part_keeps_its_place)
{
	put("abcdef", 0);
	put("ghi", 0);
	line_done(&line, 4);
	ck_assert_uint_eq(line.bytes, 5);
	expect("ef", 0);
	expect("ghi", 0);
	ck_assert_uint_eq(line.bytes, 0);
}
END_TEST

START_TEST(an_item_without_bytes_is_done_at_once)
{
	ck_assert(line_put(&line, LINE_ANSWER, NULL, 0, 5000));
	ck_assert(line_put(&line, LINE_SHUTDOWN, NULL, 0, 0));
	ck_assert_uint_eq(line.bytes, 0);
	ck_assert_int_eq(line_due(&line, 5000, &next)->what, LINE_ANSWER);
	line_done(&line, 0);
	ck_assert_int_eq(line_due(&line, 5000, &next)->what, LINE_SHUTDOWN);
	line_done(&line, 0);
	ck_assert(line_is_empty(&line));
}
END_TEST

START_TEST(the_bytes_are_its_own)
{
	char text[] = "abc";

	put(text, 0);
	memset(text, 'x', sizeof(text));
	expect("abc", 0);
}
END_TEST

START_TEST(a_line_that_was_cleared_can_be_used_again)
{
	put("abc", 5000);
	put("def", 0);
	line_done(&line, 1);
	line_clear(&line);
	ck_assert(line_is_empty(&line));
	ck_assert_uint_eq(line.bytes, 0);
	put("ghi", 0);
	expect("ghi", 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("line");
	TCase *tests = tcase_create("line");

	tcase_add_checked_fixture(tests, NULL, teardown);
	tcase_add_test(tests, what_is_put_first_is_done_first);
	tcase_add_test(tests, nothing_is_done_before_it_is_due);
	tcase_add_test(tests, what_is_due_waits_for_what_stands_before_it);
	tcase_add_test(tests, an_empty_line_has_no_time);
	tcase_add_test(tests, an_item_that_is_done_in_part_keeps_its_place);
	tcase_add_test(tests, an_item_without_bytes_is_done_at_once);
	tcase_add_test(tests, the_bytes_are_its_own);
	tcase_add_test(tests, a_line_that_was_cleared_can_be_used_again);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/lines.h"
#include "suite.h"

static FILE *file;
static struct lines lines;

static void setup(void)
{
	file = tmpfile();
	ck_assert_ptr_nonnull(file);
	lines = (struct lines){.fd = fileno(file), .answers = stdout};
}

static void teardown(void)
{
	lines_free(&lines);
	fclose(file);
}

static void add(const char *text)
{
	fputs(text, file);
}

static void add_many(char byte, size_t count)
{
	while (count--)
		putc_unlocked(byte, file);
}

static void begin(void)
{
	ck_assert_int_eq(fflush(file), 0);
	ck_assert_int_eq(lseek(fileno(file), 0, SEEK_SET), 0);
}

static void expect(uint64_t number, const char *text)
{
	struct span line;

	ck_assert_int_eq(lines_next(&lines, &line), 1);
	ck_assert_uint_eq(lines.number, number);
	ck_assert_uint_eq(line.len, strlen(text));
	ck_assert_mem_eq(line.at, text, line.len);
}

static void expect_end(void)
{
	struct span line;

	ck_assert_int_eq(lines_next(&lines, &line), 0);
	ck_assert_int_eq(lines_next(&lines, &line), 0);
}

START_TEST(lines_come_without_their_ends)
{
	add("one\n\nthree\r\n");
	begin();
	expect(1, "one");
	expect(2, "");
	expect(3, "three\r");
	expect_end();
}
END_TEST

START_TEST(the_last_line_may_have_no_end)
{
	add("one\ntwo");
	begin();
	expect(1, "one");
	expect(2, "two");
	expect_end();
}
END_TEST

START_TEST(an_empty_file_has_no_line)
{
	begin();
	expect_end();
}
END_TEST

START_TEST(a_line_may_be_as_long_as_the_limit)
{
	struct span line;

	add("before\n");
	add_many('x', LINES_MAX);
	add("\nafter\n");
	begin();
	expect(1, "before");
	ck_assert_int_eq(lines_next(&lines, &line), 1);
	ck_assert_uint_eq(line.len, LINES_MAX);
	ck_assert(line.at[0] == 'x' && line.at[LINES_MAX - 1] == 'x');
	expect(3, "after");
	expect_end();
}
END_TEST

START_TEST(a_longer_line_is_skipped_and_counted)
{
	struct span line;

	add("before\n");
	add_many('x', 2 * (size_t)LINES_MAX + 10);
	add("\nafter\n");
	begin();
	expect(1, "before");
	ck_assert_int_eq(lines_next(&lines, &line), -EMSGSIZE);
	ck_assert_uint_eq(lines.number, 2);
	expect(3, "after");
	expect_end();
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
	struct span line;

	lines.fd = -1;
	ck_assert_int_eq(lines_next(&lines, &line), -EBADF);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lines");
	TCase *tests = tcase_create("lines");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, lines_come_without_their_ends);
	tcase_add_test(tests, the_last_line_may_have_no_end);
	tcase_add_test(tests, an_empty_file_has_no_line);
	tcase_add_test(tests, a_line_may_be_as_long_as_the_limit);
	tcase_add_test(tests, a_longer_line_is_skipped_and_counted);
	tcase_add_test(tests, what_cannot_be_read_is_an_error);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

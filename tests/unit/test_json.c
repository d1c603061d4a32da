/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/json.h"
#include "control/utf8.h"
#include "suite.h"

/* Parses a copy at the end of a heap block, so that a read past it is found by ASan. */
static cJSON *parse(const char *text, struct refusal *why)
{
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);
	cJSON *value;

	memcpy(copy, text, len);
	*why = (struct refusal){0};
	value = json_parse(copy, len, why);
	free(copy);
	return value;
}

static const struct {
	const char *text, *printed;
} good[] = {
	{"[]", "[]"},
	{" {\n} ", "{}"},
	{"[1,2]", "[1, 2]"},
	{"[1,2,]", "[1, 2]"},
	{"[1,2 , \n ]", "[1, 2]"},
	{"{\"a\":{\"b\":1,},}", "{\"a\": {\"b\": 1}}"},
	{"[{\"a\": \"x\",},]", "[{\"a\": \"x\"}]"},
	{"[\",]\", \"a:b,c\"]", "[\",]\", \"a:b,c\"]"},
	{"[\"\\\"\", \"\\\\\"]", "[\"\\\"\", \"\\\\\"]"},
	{"{\"z\": 1, \"a\": 2}", "{\"z\": 1, \"a\": 2}"},
	{"[\"Gr\xc3\xb6\xc3\x9f"
	 "e \xf0\x9f\x98\x80\"]",
		"[\"Gr\xc3\xb6\xc3\x9f"
		"e \xf0\x9f\x98\x80\"]"},
	{"[\"\\u00f6\"]", "[\"\xc3\xb6\"]"},
	{"[0.3, 1.0, -2, 1e3, 0, -0.5E-1, true, false, null]",
		"[0.3, 1, -2, 1000, 0, -0.05, true, false, null]"},
};

START_TEST(json_is_taken_with_trailing_commas_and_printed_on_one_line)
{
	struct refusal why;
	cJSON *value = parse(good[_i].text, &why);
	char *printed;

	ck_assert_msg(value, "%s: %s", good[_i].text, why.message);
	printed = json_print(value);
	ck_assert_str_eq(printed, good[_i].printed);
	free(printed);
	cJSON_Delete(value);
}
END_TEST

static const struct {
	const char *text;
	int line, column;
	const char *message; /* a part of it */
} bad[] = {
	{"", 0, 0, "empty"},
	{" \n ", 0, 0, "empty"},
	{"[1 2]", 1, 4, "'2' stands where ',' or ']' is expected"},
	{"[{\"a\": 1}\n {\"b\": 2}]", 2, 2, "'{' stands where ',' or ']' is expected"},
	{"{\"a\": \"x\" \"b\": 2}", 1, 11, "'\"' stands where ',' or '}' is expected"},
	{"{\"a\": [\"]\"] \"b\"}", 1, 13, "'\"' stands where ',' or '}' is expected"},
	{"[{\"a\": 1]", 1, 9, "']' stands where ',' or '}' is expected"},
	{"{\"a\": 1, 2}", 1, 10, "'2' stands where a name in double quotes is expected"},
	{"{\"a\": 1, {}}", 1, 10, "'{' stands where a name in double quotes is expected"},
	{"[[1}]", 1, 4, "'}' stands where ',' or ']' is expected"},
	{"[]]", 1, 3, "']' stands where nothing more is expected"},
	{"]", 1, 1, "']' stands where a value is expected"},
	{"[01]", 1, 2, "no number"},
	{"[1.]", 1, 2, "no number"},
	{"[.5]", 1, 2, "not JSON"},
	{"[1.e5]", 1, 2, "no number"},
	{"[1e]", 1, 2, "no number"},
	{"[0x10]", 1, 2, "no number"},
	{"[-]", 1, 2, "no number"},
	{"[True]", 1, 2, "not JSON"},
	{"{1: 2}", 1, 2, "a name in double quotes"},
	{"[\n  {\"service\": s3}\n]", 2, 15, "double quotes"},
	{"[{\"service\": \"s3\"}", 1, 19, "too early; ',' or ']' is expected"},
	{"[\"abc", 1, 2, "not closed"},
	{"{\"a\":", 1, 6, "too early; a value is expected"},
	{"{", 1, 2, "too early; a name in double quotes or '}' is expected"},
	{"[1]\n[2]", 2, 1, "'[' stands where nothing more is expected"},
	{"[,]", 1, 2, "',' stands where a value or ']' is expected"},
	{"[1,,]", 1, 4, "',' stands where a value is expected"},
	{"{\"a\":,}", 1, 6, "',' stands where a value is expected"},
	{"{\"a\" 1}", 1, 6, "'1' stands where ':' is expected"},
	{"{a: 1}", 1, 2, "a name in double quotes"},
	{"{\"a\": 1, b: 2}", 1, 10, "not JSON"},
	{"['a']", 1, 2, "double quotes"},
	{"[\"\xc3\xb6\", x]", 1, 7, "not JSON"},
	{"[\"\xff\"]", 1, 3, "UTF-8"},
	{"[\"\xc3\"]", 1, 3, "UTF-8"},
	{"\xff\xfe", 1, 1, "UTF-8"},
	{"[\"a\nb\"]", 1, 4, "control character"},
	{"[1,\f2]", 1, 4, "control character"},
	{"[\"a\\u0000b\"]", 1, 4, "\\u0000"},
	{"[\"\\x\"]", 1, 3, "escape"},
	{"[\"\\u12g4\"]", 1, 3, "escape"},
	{"[\"\\ud800\"]", 1, 3, "half of a character"},
};

START_TEST(a_syntax_error_is_placed_by_line_and_column)
{
	struct refusal why;
	cJSON *value = parse(bad[_i].text, &why);

	ck_assert_ptr_null(value);
	ck_assert_msg(strstr(why.message, bad[_i].message), "%s: %s", bad[_i].text, why.message);
	ck_assert_int_eq(why.line, bad[_i].line);
	ck_assert_int_eq(why.column, bad[_i].column);
	ck_assert_int_eq(why.status, 400);
}
END_TEST

START_TEST(a_nul_byte_between_values_is_refused)
{
	struct refusal why = {0};

	ck_assert_ptr_null(json_parse("[]\0[]", 5, &why));
	ck_assert_int_eq(why.column, 3);
}
END_TEST

START_TEST(a_hundred_thousand_brackets_are_refused)
{
	static char text[100001];
	struct refusal why;

	memset(text, '[', sizeof(text) - 1);
	ck_assert_ptr_null(parse(text, &why));
	ck_assert_int_eq(why.column, CJSON_NESTING_LIMIT + 1);
	ck_assert_str_eq(why.message, "'[' stands where no further bracket is expected");
}
END_TEST

static const struct {
	const char *one, *other;
	bool equal;
} pairs[] = {
	{"{\"a\":1,\"b\":\"x\"}", "{\"b\":\"x\",\"a\":1}", true},
	{"{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"y\":2,\"x\":1}}", true},
	{"{\"a\":1.0}", "{\"a\":1}", true},
	{"{\"a\":\"\\u0041\"}", "{\"a\":\"A\"}", true},
	{"{\"a\":1}", "{\"a\":\"1\"}", false},
	{"{\"a\":1}", "{\"a\":1,\"b\":1}", false},
	{"{\"a\":0.3}", "{\"a\":0.31}", false},
	{"{\"a\":\"x\"}", "{\"a\":\"X\"}", false},
	{"{}", "{\"a\":null}", false},
};

START_TEST(canonical_texts_are_equal_if_values_are_deeply_equal)
{
	struct refusal why;
	cJSON *one = parse(pairs[_i].one, &why);
	cJSON *other = parse(pairs[_i].other, &why);
	char *left = json_canonical(one);
	char *right = json_canonical(other);

	ck_assert_int_eq(strcmp(left, right) == 0, pairs[_i].equal);
	free(left);
	free(right);
	cJSON_Delete(one);
	cJSON_Delete(other);
}
END_TEST

static const struct {
	const char *text;
	size_t step;
} characters[] = {
	{"a", 1},
	{"\xc2\x80", 2},
	{"\xdf\xbf", 2},
	{"\xe0\xa0\x80", 3},
	{"\xed\x9f\xbf", 3},
	{"\xef\xbf\xbf", 3},
	{"\xf0\x90\x80\x80", 4},
	{"\xf4\x8f\xbf\xbf", 4},
	{"", 0},
	{"\x80", 0},
	{"\xc0\x80", 0},
	{"\xc1\xbf", 0},
	{"\xc3", 0},
	{"\xc3(", 0},
	{"\xe0\x9f\xbf", 0},
	{"\xed\xa0\x80", 0},
	{"\xe2\x82", 0},
	{"\xf0\x8f\xbf\xbf", 0},
	{"\xf4\x90\x80\x80", 0},
	{"\xf5\x80\x80\x80", 0},
};

START_TEST(a_step_is_one_well_formed_character)
{
	ck_assert_uint_eq(
		utf8_step(characters[_i].text, strlen(characters[_i].text)), characters[_i].step);
}
END_TEST

START_TEST(tidying_replaces_what_is_no_printable_character)
{
	char text[] = "a\x1b[1m\xc3\xb6\xff\x7f\xe2\x82";

	utf8_tidy(text);
	ck_assert_str_eq(text, "a?[1m\xc3\xb6????");
}
END_TEST

START_TEST(tidying_replaces_each_character_that_a_terminal_obeys)
{
	char text[] = "a\xc2\x9b"
		      "31m\xe2\x80\xae\xe2\x80\xa8\xe2\x81\xa6\xe2\x80\xaf\n\xc2\xa0.";

	utf8_tidy(text);
	ck_assert_str_eq(text, "a?31m???\xe2\x80\xaf?\xc2\xa0.");
}
END_TEST

START_TEST(printed_json_holds_nothing_that_a_terminal_obeys_and_says_the_same)
{
	static const char text[] = "\033[2J\n\x7f\xc2\x9b"
				   "1m\xe2\x80\xae\xc3\xb6\\\"";
	cJSON *value = cJSON_CreateString(text), *again;
	char *printed = json_print(value);

	ck_assert_str_eq(printed, "\"\\u001b[2J\\n\\u007f\\u009b1m\\u202e\xc3\xb6\\\\\\\"\"");
	again = cJSON_Parse(printed);
	ck_assert_str_eq(cJSON_GetStringValue(again), text);
	cJSON_Delete(value);
	cJSON_Delete(again);
	free(printed);
}
END_TEST

START_TEST(json_with_bytes_that_are_no_characters_is_made_utf8)
{
	char *json = utf8_json("[\n\t\"a\xff\"]");

	ck_assert_str_eq(json, "[\n\t\"a?\"]");
	free(json);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tests = tcase_create("json");

	tcase_add_loop_test(
		tests, json_is_taken_with_trailing_commas_and_printed_on_one_line, 0, COUNT(good));
	tcase_add_loop_test(tests, a_syntax_error_is_placed_by_line_and_column, 0, COUNT(bad));
	tcase_add_test(tests, a_nul_byte_between_values_is_refused);
	tcase_add_test(tests, a_hundred_thousand_brackets_are_refused);
	tcase_add_loop_test(
		tests, canonical_texts_are_equal_if_values_are_deeply_equal, 0, COUNT(pairs));
	tcase_add_loop_test(tests, a_step_is_one_well_formed_character, 0, COUNT(characters));
	tcase_add_test(tests, tidying_replaces_what_is_no_printable_character);
	tcase_add_test(tests, tidying_replaces_each_character_that_a_terminal_obeys);
	tcase_add_test(tests, printed_json_holds_nothing_that_a_terminal_obeys_and_says_the_same);
	tcase_add_test(tests, json_with_bytes_that_are_no_characters_is_made_utf8);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

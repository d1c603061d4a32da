/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim/engine/http1.h"
#include "suite.h"

/* Text is copied to the end of a heap block, so that a read past it is found by ASan. */
static char *exact(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	return copy;
}

static ssize_t parse(struct http1_head *head, const char *text)
{
	return http1_parse(head, text, strlen(text), 0);
}

static const struct {
	const char *data;
	int expected;
} sniffs[] = {
	{"GET / HTTP/1.1", 1},
	{"DELETE /", 1},
	{"P", HTTP1_PARTIAL},
	{"PUT", HTTP1_PARTIAL},
	{"OPTIONS", HTTP1_PARTIAL},
	{"PRI * HTTP/2.0", 0},
	{"get /", 0},
	{"SSH-2.0-OpenSSH", 0},
	{"\x16\x03\x01", 0},
	{"*1\r\n$4\r\nPING", 0},
};

START_TEST(a_stream_is_http_if_it_begins_with_a_method)
{
	ck_assert_int_eq(
		http1_sniff(sniffs[_i].data, strlen(sniffs[_i].data)), sniffs[_i].expected);
}
END_TEST

START_TEST(a_head_gives_method_target_host_fields_and_size)
{
	const char *text = "POST /a/b?c=d HTTP/1.1\r\nHost:  example.org \r\nX-One: 1\r\n"
			   "Content-Length: 3\r\n\r\nabc";
	struct http1_head head;

	ck_assert_int_eq(parse(&head, text), (ssize_t)strlen(text) - 3);
	ck_assert(span_equal(head.method, SPAN("POST")));
	ck_assert(span_equal(head.target, SPAN("/a/b?c=d")));
	ck_assert(span_equal(http1_known(&head, HTTP1_HOST), SPAN("example.org")));
	ck_assert_int_eq(head.minor, 1);
	ck_assert_uint_eq(head.content_length, 3);
	ck_assert(!head.chunked && !head.expects_continue && !head.upgrades);
	ck_assert(span_equal(http1_field(&head, SPAN("x-oNE")), SPAN("1")));
	ck_assert_ptr_null(http1_field(&head, SPAN("X-Two")).at);
}
END_TEST

START_TEST(fields_are_walked_in_order_and_trimmed)
{
	struct http1_head head;
	struct span cursor, name, value;

	parse(&head, "GET / HTTP/1.1\r\nA: 1\r\nB:\t 2 \t\r\nC:\r\n\r\n");
	cursor = head.fields;
	ck_assert(http1_next_field(&cursor, &name, &value));
	ck_assert(span_equal(name, SPAN("A")) && span_equal(value, SPAN("1")));
	ck_assert(http1_next_field(&cursor, &name, &value));
	ck_assert(span_equal(name, SPAN("B")) && span_equal(value, SPAN("2")));
	ck_assert(http1_next_field(&cursor, &name, &value));
	ck_assert(span_equal(name, SPAN("C")) && value.len == 0);
	ck_assert(!http1_next_field(&cursor, &name, &value));
}
END_TEST

/* The names of fields.def, as their ids count. */
static const char *const known[] = {
#define FIRST(id, name) name,
#define NEXT(id, name)	name,
#include "shim/engine/fields.def"
#undef FIRST
#undef NEXT
};

START_TEST(every_known_field_is_noted_in_any_case)
{
	const char *value = _i == HTTP1_CONTENT_LENGTH	    ? "7"
			    : _i == HTTP1_TRANSFER_ENCODING ? "chunked"
							    : "some value";
	char name[32] = {0}, text[128];
	struct http1_head head;

	for (int upper = 0; upper < 2; upper++) {
		for (size_t i = 0; known[_i][i]; i++)
			name[i] = (char)(upper ? toupper(known[_i][i]) : known[_i][i]);
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nx: y\r\n%s: %s\r\n\r\n", name,
			value);
		ck_assert_int_gt(parse(&head, text), 0);
		for (int i = 0; i < HTTP1_FIELDS; i++) {
			if (i == _i)
				ck_assert(span_equal(http1_known(&head, i), span_of(value)));
			else
				ck_assert(!http1_has(&head, i));
		}
	}
}
END_TEST

/* Bit by bit: '-' and a carriage return, say, differ in the bit that tells upper from lower case. */
START_TEST(a_name_that_differs_in_more_than_case_is_another_field)
{
	size_t len = strlen(known[_i]);
	char name[32], text[128];
	struct http1_head head;

	for (size_t bit = 0; bit < 8 * len; bit++) {
		ssize_t size;

		memcpy(name, known[_i], len + 1);
		name[bit / 8] = (char)(name[bit / 8] ^ 1 << bit % 8);
		if (strcasecmp(name, known[_i]) == 0 || name[bit / 8] == ':' || !name[bit / 8])
			continue;
		snprintf(
			text, sizeof(text), "GET / HTTP/1.1\r\n%s: 1\r\nx: %060d\r\n\r\n", name, 1);
		size = parse(&head, text);
		ck_assert(size == HTTP1_BAD || size == (ssize_t)strlen(text));
		ck_assert(!http1_has(&head, _i));
	}
}
END_TEST

/* Wherever steps of 16 or 32 bytes begin and end. */
START_TEST(names_and_values_are_of_any_length)
{
	char text[512], name[101] = {0}, value[101] = {0};
	struct http1_head head;

	for (int n = 1; n < 100; n++) {
		memset(name, "nN-_7"[n % 5], (size_t)n);
		for (int v = 0; v < 100; v++) {
			char *copy;
			ssize_t len;

			memset(value, 'v', (size_t)v);
			value[v] = '\0';
			len = snprintf(text, sizeof(text),
				"GET / HTTP/1.1\r\n%s:%s\r\nHost: a\r\n\r\n", name, value);
			copy = exact(text, (size_t)len);
			ck_assert_int_eq(http1_parse(&head, copy, (size_t)len, 0), len);
			ck_assert(span_equal(http1_field(&head, span_of(name)), span_of(value)));
			ck_assert(span_equal(http1_known(&head, HTTP1_HOST), SPAN("a")));
			free(copy);
		}
	}
}
END_TEST

/* Every byte at every place of a name: the characters of a token, and no others. */
START_TEST(a_name_is_a_token)
{
	static const char others[] = "\"(),/;<=>?@[\\]{} \t\r\x7f";
	char text[256];
	struct http1_head head;

	for (int byte = 1; byte < 256; byte++) {
		bool is_token = byte > 0x20 && byte < 0x7f && !strchr(others, byte);

		for (int at = 0; at < 40 && byte != ':' && byte != '\n'; at++) {
			snprintf(text, sizeof(text),
				"GET / HTTP/1.1\r\n%.*s%c%.*s: v\r\nx: %040d\r\n\r\n", at,
				"abcdefghijabcdefghijabcdefghijabcdefghij", byte, 40 - at,
				"abcdefghijabcdefghijabcdefghijabcdefghij", 1);
			ck_assert_int_eq(parse(&head, text) > 0, is_token);
		}
	}
}
END_TEST

START_TEST(of_a_known_field_that_comes_twice_the_first_is_noted)
{
	struct http1_head head;

	parse(&head, "GET / HTTP/1.1\r\nX-Amz-Target:\r\nx-amz-target: b\r\n\r\n");
	ck_assert(http1_has(&head, HTTP1_TARGET));
	ck_assert_uint_eq(http1_known(&head, HTTP1_TARGET).len, 0);
}
END_TEST

static const char *const good[] = {
	"GET / HTTP/1.1\r\n\r\n",
	"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
	"GET / HTTP/1.1\nHost: a\n\n",
	"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"PUT /x HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
	"PUT /x HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n",
	"GET http://example.org/x HTTP/1.1\r\nHost: example.org\r\n\r\n",
	"PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n",
};

START_TEST(a_whole_head_is_taken)
{
	struct http1_head head;

	ck_assert_int_eq(parse(&head, good[_i]), (ssize_t)strlen(good[_i]));
}
END_TEST

START_TEST(every_beginning_of_a_head_is_partial)
{
	const char *text = good[_i];
	struct http1_head head;

	for (size_t len = 0, seen = 0; len < strlen(text); seen = len++) {
		char *copy = exact(text, len);

		ck_assert_int_eq(http1_parse(&head, copy, len, seen), HTTP1_PARTIAL);
		free(copy);
	}
	ck_assert_int_eq(
		http1_parse(&head, text, strlen(text), strlen(text) - 1), (ssize_t)strlen(text));
}
END_TEST

static const char *const bad[] = {
	"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	"GET / HTTP/1.1\r\nHost:\r\nhost: b\r\n\r\n",
	"GET\r\n",
	"GET /\r\n",
	"GET key\r\n",
	"GET / HTTP/2.0\r\n",
	"GET / HTTP/1.2\r\n",
	"GET / x HTTP/1.1\r\n",
	"G(T / HTTP/1.1\r\n",
	"GET / HTTP/1.1\r\nno colon\r\n\r\n",
	"GET / HTTP/1.1\r\nA: 1\r\n folded\r\n\r\n",
	"GET / HTTP/1.1\r\nA : 1\r\n\r\n",
	"GET / HTTP/1.1\r\n: 1\r\n\r\n",
	"PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
	"PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
	"PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
	"PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
	"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
	"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
};

START_TEST(what_two_parsers_could_read_in_two_ways_is_refused)
{
	struct http1_head head;

	ck_assert_int_eq(parse(&head, bad[_i]), HTTP1_BAD);
}
END_TEST

START_TEST(a_bad_head_in_pieces_is_as_bad)
{
	struct http1_head head;
	ssize_t result = HTTP1_PARTIAL;

	for (size_t len = 0, seen = 0; result == HTTP1_PARTIAL; seen = len++) {
		ck_assert_uint_le(len, strlen(bad[_i]));
		result = http1_parse(&head, bad[_i], len, seen);
	}
	ck_assert_int_eq(result, HTTP1_BAD);
}
END_TEST

START_TEST(a_head_of_64_kib_without_an_end_is_refused)
{
	static char text[HTTP1_HEAD_MAX];
	struct http1_head head;

	memset(text, 'a', sizeof(text));
	memcpy(text, "GET / HTTP/1.1\r\nA: ", 19);
	ck_assert_int_eq(http1_parse(&head, text, sizeof(text) - 1, 0), HTTP1_PARTIAL);
	ck_assert_int_eq(http1_parse(&head, text, sizeof(text), 0), HTTP1_BAD);
}
END_TEST

static const struct {
	const char *head;
	bool upgrades, expects;
} facts[] = {
	{"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", true, false},
	{"GET / HTTP/1.1\r\nConnection: keep-alive, upgrade\r\nUpgrade: h2c\r\n\r\n", true, false},
	{"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", false, false},
	{"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", true, false},
	{"PUT / HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n", false, true},
};

START_TEST(upgrades_and_expectations_are_seen)
{
	struct http1_head head;

	ck_assert_int_gt(parse(&head, facts[_i].head), 0);
	ck_assert_int_eq(head.upgrades, facts[_i].upgrades);
	ck_assert_int_eq(head.expects_continue, facts[_i].expects);
}
END_TEST

static const struct {
	const char *head, *body, *payload;
	size_t rest; /* bytes after the body */
} bodies[] = {
	{"GET / HTTP/1.1\r\n\r\n", "GET", "", 3},
	{"PUT / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", "abcdGET", "abcd", 3},
	{"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n\r\nGET", "", 3},
	{"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nG", "abc0123456789", 1},
	{"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "2\nab\n0\n\n", "ab", 0},
};

START_TEST(a_body_ends_where_its_framing_says_however_it_is_split)
{
	size_t len = strlen(bodies[_i].body), expected = len - bodies[_i].rest;

	for (size_t step = 1; step <= len; step++) {
		char payload[64];
		struct http1_copy copy = {payload, 0, sizeof(payload)};
		struct http1_head head;
		struct http1_body body;
		size_t at = 0;

		parse(&head, bodies[_i].head);
		http1_body_begin(&body, &head);
		while (at < len && !http1_body_done(&body)) {
			size_t size = step < len - at ? step : len - at;
			char *piece = exact(bodies[_i].body + at, size);
			ssize_t used = http1_body_feed(&body, piece, size, &copy);

			free(piece);
			ck_assert_int_ge(used, 0);
			at += (size_t)used;
		}
		ck_assert(http1_body_done(&body));
		ck_assert_uint_eq(at, expected);
		ck_assert_uint_eq(copy.len, strlen(bodies[_i].payload));
		ck_assert_mem_eq(payload, bodies[_i].payload, copy.len);
	}
}
END_TEST

static const char *const bad_bodies[] = {
	"x\r\n",
	"\r\n",
	"1\r\nabc",
	"fffffffffffffffff\r\n",
	"1\rx",
	"1\r\na\rx",
	"0\r\n\rx",
};

START_TEST(a_malformed_chunk_is_an_error)
{
	struct http1_head head;
	struct http1_body body;

	parse(&head, "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
	http1_body_begin(&body, &head);
	ck_assert_int_eq(
		http1_body_feed(&body, bad_bodies[_i], strlen(bad_bodies[_i]), NULL), HTTP1_BAD);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http1");
	TCase *tests = tcase_create("http1");

	tcase_add_loop_test(tests, a_stream_is_http_if_it_begins_with_a_method, 0, COUNT(sniffs));
	tcase_add_test(tests, a_head_gives_method_target_host_fields_and_size);
	tcase_add_test(tests, fields_are_walked_in_order_and_trimmed);
	tcase_add_loop_test(tests, every_known_field_is_noted_in_any_case, 0, HTTP1_FIELDS);
	tcase_add_loop_test(
		tests, a_name_that_differs_in_more_than_case_is_another_field, 0, HTTP1_FIELDS);
	tcase_add_test(tests, names_and_values_are_of_any_length);
	tcase_add_test(tests, a_name_is_a_token);
	tcase_add_test(tests, of_a_known_field_that_comes_twice_the_first_is_noted);
	tcase_add_loop_test(tests, a_whole_head_is_taken, 0, COUNT(good));
	tcase_add_loop_test(tests, every_beginning_of_a_head_is_partial, 0, COUNT(good));
	tcase_add_loop_test(
		tests, what_two_parsers_could_read_in_two_ways_is_refused, 0, COUNT(bad));
	tcase_add_loop_test(tests, a_bad_head_in_pieces_is_as_bad, 0, COUNT(bad));
	tcase_add_test(tests, a_head_of_64_kib_without_an_end_is_refused);
	tcase_add_loop_test(tests, upgrades_and_expectations_are_seen, 0, COUNT(facts));
	tcase_add_loop_test(
		tests, a_body_ends_where_its_framing_says_however_it_is_split, 0, COUNT(bodies));
	tcase_add_loop_test(tests, a_malformed_chunk_is_an_error, 0, COUNT(bad_bodies));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

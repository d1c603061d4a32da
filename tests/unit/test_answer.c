/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "shim/engine/answer.h"
#include "suite.h"

static const struct answer_request get, head = {.is_head = true}, connects = {.is_connect = true};

/* What follows a response that has an end. */
#define NEXT "HTTP/1.1 200 OK\r\n"
/* A text with its size, and how many of its bytes belong to the response. */
#define WHOLE(text)    .data = text, .len = sizeof(text) - 1, .taken = sizeof(text) - 1
#define AND_NEXT(text) .data = text NEXT, .len = sizeof(text NEXT) - 1, .taken = sizeof(text) - 1

static const struct sample {
	const char *what;
	const struct answer_request *request;
	const char *data;
	size_t len;
	size_t taken;
	enum answer_state state;
	int status;
	bool closes, continued;
} samples[] = {
	{"a body as long as said", &get,
		AND_NEXT("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), ANSWER_DONE, 200},
	{"no body of length 0", &get, AND_NEXT("HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n"),
		ANSWER_DONE, 200},
	{"a body of which some is to come", &get,
		WHOLE("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), ANSWER_BODY, 200},
	{"a name in any case", &get, AND_NEXT("HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 3\r\n\r\nabc"),
		ANSWER_DONE, 200},
	{"fields that only begin like those that matter", &get,
		AND_NEXT("HTTP/1.1 200 OK\r\nContent-Length-X: 9\r\nContent-Type: text/plain\r\n"
			 "Transfer-Encodings-That-Are-None: chunked\r\nc: 1\r\n:\r\n"
			 "X-Content-Length: 7\r\nContent-Length: 3\r\n\r\nabc"),
		ANSWER_DONE, 200},
	{"a line without a colon", &get,
		AND_NEXT("HTTP/1.1 200 OK\r\ncontent\r\nContent-Length: 3\r\n\r\nabc"), ANSWER_DONE,
		200},
	{"equal lengths", &get,
		AND_NEXT(
			"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\nContent-Length: 03\r\n\r\nabc"),
		ANSWER_DONE, 200},
	{"different lengths", &get,
		WHOLE("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"),
		ANSWER_BAD, 200},
	{"a list of different lengths", &get,
		WHOLE("HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\n"), ANSWER_BAD, 200},
	{"a length below zero", &get, WHOLE("HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n"),
		ANSWER_BAD, 200},
	{"a length of two words", &get, WHOLE("HTTP/1.1 200 OK\r\nContent-Length: 3 3\r\n\r\n"),
		ANSWER_BAD, 200},
	{"an empty length", &get, WHOLE("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"), ANSWER_BAD,
		200},
	{"a length beyond counting", &get,
		WHOLE("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000000\r\n\r\n"), ANSWER_BAD,
		200},
	{"a name of two words", &get, WHOLE("HTTP/1.1 200 OK\r\nContent -Length: 3\r\n\r\n"),
		ANSWER_UNTIL_CLOSE, 200, .closes = true},
	{"white space before the colon", &get,
		WHOLE("HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\n"), ANSWER_BAD, 200},

	{"chunks", &get,
		AND_NEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"),
		ANSWER_DONE, 200},
	{"chunks of which some are to come", &get,
		WHOLE("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n"),
		ANSWER_BODY, 200},
	{"chunks that make no sense", &get,
		WHOLE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nabcx\r\n"), ANSWER_BAD,
		200},
	{"chunked last", &get,
		AND_NEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip , chunked\r\n\r\n0\r\n\r\n"),
		ANSWER_DONE, 200},
	{"chunked last, of two lines", &get,
		AND_NEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n"
			 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		ANSWER_DONE, 200},
	{"chunked, but not last", &get,
		WHOLE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\nabc"),
		ANSWER_UNTIL_CLOSE, 200, .closes = true},
	{"another coding", &get,
		WHOLE("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: "
		      "3\r\n\r\nabcdef"),
		ANSWER_UNTIL_CLOSE, 200, .closes = true},
	{"a coding of two words", &get,
		WHOLE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked x\r\n\r\n0\r\n\r\n"),
		ANSWER_UNTIL_CLOSE, 200, .closes = true},
	{"a coding that is none", &get,
		AND_NEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: "
			 "3\r\n\r\nabc"),
		ANSWER_DONE, 200},
	{"chunked twice", &get,
		WHOLE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"), ANSWER_BAD,
		200},
	{"a coding before a length", &get,
		AND_NEXT(
			"HTTP/1.1 200 OK\r\nContent-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n"
			"0\r\n\r\n"),
		ANSWER_DONE, 200},
	{"chunks in HTTP/1.0", &get,
		AND_NEXT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n"
			 "Connection: keep-alive\r\n\r\n0\r\n\r\n"),
		ANSWER_DONE, 200, .closes = true},

	{"an end with the connection", &get,
		WHOLE("HTTP/1.1 200 OK\r\nServer: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
		ANSWER_UNTIL_CLOSE, 200, .closes = true},
	{"a connection that ends after it", &get,
		AND_NEXT("HTTP/1.1 503 Slow Down\r\nConnection: x, Close\r\nContent-Length: "
			 "1\r\n\r\na"),
		ANSWER_DONE, 503, .closes = true},
	{"a connection that stays", &get,
		AND_NEXT("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na"),
		ANSWER_DONE, 200},
	{"options that only contain close", &get,
		AND_NEXT("HTTP/1.1 200 OK\r\nConnection: closer, enclose\r\nConnection: not "
			 "close\r\n"
			 "Content-Length: 1\r\n\r\na"),
		ANSWER_DONE, 200},
	{"HTTP/1.0", &get, AND_NEXT("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na"), ANSWER_DONE,
		200, .closes = true},
	{"HTTP/1.0 that stays", &get,
		AND_NEXT("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na"),
		ANSWER_DONE, 200},
	{"HTTP/1.0 that says both", &get,
		AND_NEXT("HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: "
			 "1\r\n\r\na"),
		ANSWER_DONE, 200, .closes = true},

	{"HEAD", &head, AND_NEXT("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), ANSWER_DONE, 200},
	{"HEAD, chunked", &head, AND_NEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
		ANSWER_DONE, 200},
	{"204", &get, AND_NEXT("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n"), ANSWER_DONE,
		204},
	{"304", &get, AND_NEXT("HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"),
		ANSWER_DONE, 304},
	{"CONNECT", &connects, AND_NEXT("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"),
		ANSWER_UPGRADED, 200},
	{"CONNECT, refused", &connects,
		AND_NEXT("HTTP/1.1 407 Who\r\nContent-Length: 3\r\n\r\nabc"), ANSWER_DONE, 407},

	{"a 100 alone", &get, WHOLE("HTTP/1.1 100 Continue\r\n\r\n"), ANSWER_INTERIM, 100,
		.continued = true},
	{"a 103 alone", &get, WHOLE("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), ANSWER_INTERIM,
		103},
	{"100, 102, 103 and the final one", &get,
		AND_NEXT(
			"HTTP/1.1 100 Continue\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"
			"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
			"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"),
		ANSWER_DONE, 200, .continued = true},
	{"a 100 and HEAD", &head,
		AND_NEXT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
			 "1\r\n\r\n"),
		ANSWER_DONE, 200, .continued = true},
	{"an upgrade", &get, AND_NEXT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"),
		ANSWER_UPGRADED, 101},

	{"lines without CR", &get, AND_NEXT("HTTP/1.1 200 OK\nContent-Length: 3\n\nabc"),
		ANSWER_DONE, 200},
	{"folded lines", &get,
		AND_NEXT("HTTP/1.1 200 OK\r\nX: 1,\r\n\tContent-Length: 8\r\nContent-Length:\r\n  "
			 "3\r\n"
			 "Connection: a,\r\n close\r\n\r\nabc"),
		ANSWER_DONE, 200, .closes = true},
	{"a fold within a word", &get,
		WHOLE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chun\r\n ked\r\n\r\n0\r\n\r\n"),
		ANSWER_UNTIL_CLOSE, 200, .closes = true},
	{"no reason phrase", &get, AND_NEXT("HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc"),
		ANSWER_DONE, 200},
	{"an empty reason phrase", &get, AND_NEXT("HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nabc"),
		ANSWER_DONE, 200},
	{"two spaces before the status", &get,
		AND_NEXT("HTTP/1.1  200 OK\r\nContent-Length: 3\r\n\r\nabc"), ANSWER_DONE, 200},
	{"empty lines before", &get,
		AND_NEXT("\r\n\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), ANSWER_DONE,
		200},
	{"empty lines alone", &get, WHOLE("\r\n\r\n"), ANSWER_NONE, 0},
	{"a later minor version", &get, AND_NEXT("HTTP/1.2 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
		ANSWER_DONE, 200},
	{"a status line cut", &get, WHOLE("HTTP/1.1 2"), ANSWER_HEAD, 0},
	{"a head cut", &get, WHOLE("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"), ANSWER_HEAD, 200},
	{"no field at all", &get, WHOLE("HTTP/1.1 200 OK\r\n\r\nabc"), ANSWER_UNTIL_CLOSE, 200,
		.closes = true},

	{"a CR alone for the last line", &get,
		WHOLE("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\rabc"), ANSWER_BAD, 200},
	{"another protocol", &get, WHOLE("SSH-2.0-OpenSSH"), ANSWER_BAD, 0},
	{"HTTP/2", &get, WHOLE("HTTP/2 200\r\n"), ANSWER_BAD, 0},
	{"HTTP/0.9", &get, WHOLE("<html>"), ANSWER_BAD, 0},
	{"a status of two digits", &get, WHOLE("HTTP/1.1 20 OK\r\n"), ANSWER_BAD, 0},
	{"a status of four digits", &get, WHOLE("HTTP/1.1 2000 OK\r\n"), ANSWER_BAD, 200},
	{"a status below 100", &get, WHOLE("HTTP/1.1 099 OK\r\n"), ANSWER_BAD, 99},
	{"a status that is no number", &get, WHOLE("HTTP/1.1 2x0 OK\r\n"), ANSWER_BAD, 0},
};

/* Bytes taken in all. Each piece is copied to a heap block, so that a read past it is found. */
static size_t feed(struct answer *answer, const char *data, size_t len)
{
	char *copy = malloc(len ? len : 1);
	ssize_t count;

	memcpy(copy, data, len);
	count = answer_feed(answer, copy, len);
	free(copy);
	ck_assert_int_le(count, (ssize_t)len);
	ck_assert_int_ge(count, -1);
	ck_assert((count < 0) == (answer->state == ANSWER_BAD));
	if (count >= 0 && (size_t)count < len)
		ck_assert(answer_is_over(answer));
	return count < 0 ? 0 : (size_t)count;
}

static void feed_text(struct answer *answer, const char *text)
{
	feed(answer, text, strlen(text));
}

static void check(const struct sample *sample, const struct answer *answer, size_t taken)
{
	ck_assert_msg(answer->state == sample->state, "%s: state %d", sample->what, answer->state);
	ck_assert_msg(answer->status == sample->status, "%s: %d", sample->what, answer->status);
	if (sample->state == ANSWER_BAD)
		return;
	ck_assert_msg(taken == sample->taken, "%s: %zu bytes", sample->what, taken);
	ck_assert_msg(answer->closes == sample->closes, "%s: closes", sample->what);
	ck_assert_msg(answer->continued == sample->continued, "%s: continued", sample->what);
}

START_TEST(a_response_ends_where_its_head_says)
{
	const struct sample *sample = &samples[_i];
	struct answer answer;

	answer_begin(&answer, sample->request);
	check(sample, &answer, feed(&answer, sample->data, sample->len));
}
END_TEST

START_TEST(pieces_make_no_difference)
{
	const struct sample *sample = &samples[_i];

	for (size_t first = 0; first <= sample->len; first++)
		for (size_t second = first; second <= sample->len; second++) {
			struct answer answer;
			size_t taken;

			answer_begin(&answer, sample->request);
			taken = feed(&answer, sample->data, first);
			if (!answer_is_over(&answer))
				taken += feed(&answer, sample->data + first, second - first);
			if (!answer_is_over(&answer))
				taken += feed(&answer, sample->data + second, sample->len - second);
			check(sample, &answer, taken);
		}
}
END_TEST

START_TEST(single_bytes_make_no_difference)
{
	const struct sample *sample = &samples[_i];
	struct answer answer;
	size_t taken = 0;

	answer_begin(&answer, sample->request);
	for (size_t i = 0; i < sample->len && !answer_is_over(&answer); i++)
		taken += feed(&answer, sample->data + i, 1);
	check(sample, &answer, taken);
}
END_TEST

START_TEST(a_response_that_is_over_takes_no_more)
{
	struct answer answer;

	answer_begin(&answer, &get);
	feed_text(&answer, "HTTP/1.1 204 No Content\r\n\r\n");
	ck_assert_int_eq(answer_feed(&answer, "HTTP", 4), 0);
}
END_TEST

static const struct {
	const char *data;
	enum answer_state state;
} closes[] = {
	{"", ANSWER_CUT},
	{"HTTP/1.1 200 OK\r\n", ANSWER_CUT},
	{"HTTP/1.1 100 Continue\r\n\r\n", ANSWER_CUT},
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", ANSWER_CUT},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", ANSWER_CUT},
	{"HTTP/1.1 200 OK\r\n\r\n", ANSWER_DONE},
	{"HTTP/1.1 200 OK\r\n\r\nabc", ANSWER_DONE},
	{"HTTP/1.1 204 No Content\r\n\r\n", ANSWER_DONE},
	{"HTTP/1.1 101 Switching\r\n\r\n", ANSWER_UPGRADED},
	{"x", ANSWER_BAD},
};

START_TEST(the_end_of_the_connection_ends_or_cuts_it)
{
	struct answer answer;

	answer_begin(&answer, &get);
	feed_text(&answer, closes[_i].data);
	answer_close(&answer);
	ck_assert_int_eq(answer.state, closes[_i].state);
}
END_TEST

/* A head of that size, in one piece or line by line. */
static enum answer_state state_after(size_t size, bool by_line)
{
	static const char start[] = "HTTP/1.1 204 No Content\r\n",
			  line[] = "X-Filler: 0123456789\r\n";
	char *text = malloc(size), *end = text + size - 2;
	struct answer answer;

	memset(text, 'x', size);
	memcpy(text, start, sizeof(start) - 1);
	for (char *at = text + sizeof(start) - 1; at + sizeof(line) + 2 < end;
		at += sizeof(line) - 1)
		memcpy(at, line, sizeof(line) - 1);
	memcpy(end - 2, "\r\n\r\n", 4);
	answer_begin(&answer, &get);
	for (char *at = text; at < text + size && !answer_is_over(&answer);) {
		size_t left = (size_t)(text + size - at);
		const char *lf = memchr(at, '\n', left);
		size_t take = by_line ? (size_t)(lf - at) + 1 : left;

		feed(&answer, at, take);
		at += take;
	}
	free(text);
	return answer.state;
}

START_TEST(a_head_that_no_client_reads_is_bad)
{
	for (int by_line = 0; by_line < 2; by_line++) {
		ck_assert_int_eq(state_after(ANSWER_HEAD_MAX, by_line), ANSWER_DONE);
		ck_assert_int_eq(state_after(ANSWER_HEAD_MAX + 1, by_line), ANSWER_BAD);
	}
}
END_TEST

START_TEST(the_head_is_known_before_the_body)
{
	struct answer answer;

	answer_begin(&answer, &get);
	feed_text(&answer, "HTTP/1.1 100 Continue\r\n\r\n");
	ck_assert(!answer_has_head(&answer));
	feed_text(&answer, "HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r");
	ck_assert(!answer_has_head(&answer));
	feed_text(&answer, "\n");
	ck_assert(answer_has_head(&answer));
	ck_assert_int_eq(answer.state, ANSWER_BODY);
	ck_assert_int_eq(answer.status, 500);
}
END_TEST

START_TEST(a_position_is_small)
{
	ck_assert_uint_le(sizeof(struct answer), 120);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("answer");
	TCase *tests = tcase_create("answer");

	tcase_add_loop_test(tests, a_response_ends_where_its_head_says, 0, COUNT(samples));
	tcase_add_loop_test(tests, pieces_make_no_difference, 0, COUNT(samples));
	tcase_add_loop_test(tests, single_bytes_make_no_difference, 0, COUNT(samples));
	tcase_add_test(tests, a_response_that_is_over_takes_no_more);
	tcase_add_loop_test(tests, the_end_of_the_connection_ends_or_cuts_it, 0, COUNT(closes));
	tcase_add_test(tests, a_head_that_no_client_reads_is_bad);
	tcase_add_test(tests, the_head_is_known_before_the_body);
	tcase_add_test(tests, a_position_is_small);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

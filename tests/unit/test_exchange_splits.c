/* SPDX-License-Identifier: Apache-2.0 */
#include <ucontext.h>

#include "exchange_calls.h"

/*
 * Every split: a stream is told of in the same way, however it is cut
 */

/* What is told of it when all calls fail, and when all are late. */
static const struct stream {
	const char *what, *data;
	size_t len;
	const char *when_faulty, *when_late;
	size_t fault_end; /* of the call that fails; 0: none does, and all passes */
	enum exchange_state state;
} streams[] = {
#define STREAM(what, data) what, data, sizeof(data) - 1
#define SOCKS		   "\5\1\0\5\1\0\1\x7f\0\0\1\1\xbb"
	{STREAM("a call in JSON", JSON_CALL), "connection, fault PutRecord",
		"connection, late call PutRecord", strlen(JSON_CALL), EXCHANGE_HEAD},
	{STREAM("a query call", QUERY_HEAD QUERY_BODY), "connection, fault ListTopics",
		"connection, late call ListTopics", strlen(QUERY_HEAD QUERY_BODY), EXCHANGE_HEAD},
	{STREAM("an upload in chunks", S3_CHUNKED CHUNKS), "connection, fault PutObject",
		"connection, late call PutObject", strlen(S3_CHUNKED CHUNKS), EXCHANGE_HEAD},
	{STREAM("no call", PLAIN_CALL), "connection", "connection", 0, EXCHANGE_HEAD},
	{STREAM("requests without waiting", PLAIN_CALL JSON_CALL S3_PUT "abcdef" PLAIN_CALL),
		"connection, blind pipelined, call PutRecord, blind pipelined, call PutObject",
		"connection, late call PutRecord, late call PutObject", 0, EXCHANGE_HEAD},
	{STREAM("calls without waiting", JSON_CALL JSON_CALL), "connection, fault PutRecord",
		"connection, late call PutRecord, late call PutRecord", strlen(JSON_CALL),
		EXCHANGE_HEAD},
	{STREAM("an upload that does not wait for 100", S3_EXPECT "GET / "),
		"connection, fault PutObject", "connection, late call PutObject",
		strlen(S3_EXPECT "GET / "), EXCHANGE_HEAD},
	{STREAM("TLS through a proxy", CONNECT HELLO), "connection, " HELLO_LOG,
		"connection, " HELLO_LOG, 0, EXCHANGE_FRESH},
	{STREAM("TLS behind SOCKS", SOCKS HELLO), "connection, " HELLO_LOG,
		"connection, " HELLO_LOG, 0, EXCHANGE_FRESH},
	{STREAM("a call behind SOCKS", SOCKS JSON_CALL),
		"connection, blind pipelined, call PutRecord", "connection, late call PutRecord", 0,
		EXCHANGE_HEAD},
	{STREAM("an unfinished head", PLAIN_CALL "POST / HTTP/1.1\r\nHos"), "connection",
		"connection", 0, EXCHANGE_HEAD},
	{STREAM("an unfinished query call", QUERY_HEAD "Version=2010"), "connection", "connection",
		0, EXCHANGE_HEAD},
	{STREAM("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "blind http2", "blind http2", 0,
		EXCHANGE_GONE},
	{STREAM("something like HTTP", "GET key\r\nGET / HTTP/1.1\r\n\r\n"), "", "", 0,
		EXCHANGE_GONE},
	{STREAM("no HTTP", "\x05\x01\x00garbage\r\n" JSON_CALL), "", "", 0, EXCHANGE_GONE},
	{STREAM("garbage behind a call", JSON_CALL "{}\r\n\r\n"), "connection, fault PutRecord",
		"connection, late call PutRecord, blind framing", strlen(JSON_CALL), EXCHANGE_GONE},
};

/* What has been written, when it has all come to its time. */
static void check_stream(const struct stream *stream, bool is_faulty)
{
	size_t on_wire = connection.wire_len;
	bool fails = is_faulty && stream->fault_end;

	come_to(&connection, NOW + 5000);
	ck_assert_log(&connection, is_faulty ? stream->when_faulty : stream->when_late);
	ck_assert_mem_eq(connection.wire, stream->data, connection.wire_len);
	ck_assert_int_eq(connection.exchange.reply != NULL, fails);
	if (!fails) {
		ck_assert_uint_eq(connection.wire_len, stream->len);
		ck_assert_int_eq(connection.exchange.state, stream->state);
		return;
	}
	/* What had passed before stays the beginning of a request that never ends. */
	ck_assert_uint_eq(connection.wire_len, on_wire);
	ck_assert_uint_lt(connection.wire_len, stream->fault_end);
	ck_assert_int_eq(connection.exchange.is_unfinished, connection.wire_len > 0);
	if (connection.exchange.is_unfinished)
		ck_assert(connection.exchange.ended && reply_closes(&connection));
}

/* Written in pieces of this size but for the first one. */
static void write_stream(const struct stream *stream, bool is_faulty, size_t first, size_t size)
{
	close_connection(&connection);
	open_connection(&connection, table);
	for (size_t at = 0, len = first; at < stream->len; at += len, len = size) {
		if (len > stream->len - at)
			len = stream->len - at;
		ck_assert_uint_eq(write_bytes(&connection, stream->data + at, len), len);
	}
	check_stream(stream, is_faulty);
}

static void set_table(bool is_faulty)
{
	if (is_faulty)
		fault_all();
	else
		delay_all(5000, NULL);
}

START_TEST(a_stream_in_two_pieces_meets_the_same_fate)
{
	const struct stream *stream = &streams[_i / 2];

	set_table(_i % 2);
	for (size_t first = 1; first <= stream->len; first++)
		write_stream(stream, _i % 2, first, stream->len);
}
END_TEST

START_TEST(a_stream_in_small_pieces_meets_the_same_fate)
{
	const struct stream *stream = &streams[_i / 2];

	set_table(_i % 2);
	for (size_t size = 1; size <= 7; size++)
		write_stream(stream, _i % 2, size, size);
}
END_TEST

START_TEST(a_stream_in_two_buffers_meets_the_same_fate_and_none_of_a_failing_call_passes)
{
	const struct stream *stream = &streams[_i / 2];

	set_table(_i % 2);
	for (size_t first = 1; first < stream->len; first++) {
		struct span pieces[] = {
			{stream->data, first}, {stream->data + first, stream->len - first}};

		close_connection(&connection);
		open_connection(&connection, table);
		write_spans(&connection, pieces, 2);
		if (_i % 2 && stream->fault_end)
			ck_assert_uint_eq(connection.wire_len, 0);
		check_stream(stream, _i % 2);
	}
}
END_TEST

/*
 * Programs call from threads, fibers and signal handlers with small stacks.
 */

static const struct {
	const char *request;
	bool fails;
} on_stack[] = {
	{JSON_CALL, true},
	{QUERY_HEAD QUERY_BODY, true},
	{S3_CHUNKED, true},
	{PLAIN_CALL, false},
};

static struct {
	ucontext_t test, fiber;
	char stack[256 * 1024];
	struct iovec iov;
} fiber;

static void run_fiber(void)
{
	struct exchange_env env = {&host, &connection, &connection.dice};

	if (!exchange_offer(&connection.exchange, &env, &fiber.iov, 1, &connection.step))
		exchange_take(&connection.exchange, &env, &fiber.iov, 1, &connection.step);
}

#ifdef __SANITIZE_ADDRESS__ /* which widens all frames */
#define STACK_MAX (64 * 1024)
#else
#define STACK_MAX (8 * 1024)
#endif

static size_t stack_used(void)
{
	size_t untouched = 0;

	while (untouched < sizeof(fiber.stack) && fiber.stack[untouched] == 0x5a)
		untouched++;
	return sizeof(fiber.stack) - untouched;
}

START_TEST(a_request_takes_less_than_8_kib_of_the_stack)
{
	const char *request = on_stack[_i].request;

	fault_all();
	fiber.iov = (struct iovec){(void *)request, strlen(request)};
	memset(fiber.stack, 0x5a, sizeof(fiber.stack));
	ck_assert_int_eq(getcontext(&fiber.fiber), 0);
	fiber.fiber.uc_stack = (stack_t){.ss_sp = fiber.stack, .ss_size = sizeof(fiber.stack)};
	fiber.fiber.uc_link = &fiber.test;
	makecontext(&fiber.fiber, run_fiber, 0);
	ck_assert_int_eq(swapcontext(&fiber.test, &fiber.fiber), 0);
	ck_assert_int_eq(connection.exchange.reply != NULL, on_stack[_i].fails);
	ck_assert_uint_lt(stack_used(), STACK_MAX);
}
END_TEST

static void add_splits(TCase *tests)
{
	tcase_add_loop_test(
		tests, a_stream_in_two_pieces_meets_the_same_fate, 0, 2 * COUNT(streams));
	tcase_add_loop_test(
		tests, a_stream_in_small_pieces_meets_the_same_fate, 0, 2 * COUNT(streams));
	tcase_add_loop_test(tests,
		a_stream_in_two_buffers_meets_the_same_fate_and_none_of_a_failing_call_passes, 0,
		2 * COUNT(streams));
}

static void add_stack(TCase *tests)
{
	tcase_add_loop_test(
		tests, a_request_takes_less_than_8_kib_of_the_stack, 0, COUNT(on_stack));
}

int main(void)
{
	static const struct exchange_part parts[] = {
		{"splits", add_splits},
		{"stack", add_stack},
	};

	return run_parts("exchange splits", parts, COUNT(parts));
}

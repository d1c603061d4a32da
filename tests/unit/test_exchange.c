/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <ucontext.h>

#include "exchange_of.h"

#define SIGNED(service)                                                                            \
	"Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/" service              \
	"/aws4_request, SignedHeaders=host, Signature=0\r\n"

#define JSON_HEAD                                                                                  \
	"POST / HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(                                      \
		"kinesis") "X-Amz-Target: Kinesis_20131202.PutRecord\r\n"                          \
			   "Content-Type: application/x-amz-json-1.1\r\nContent-Length: "          \
			   "2\r\n\r\n"
#define JSON_CALL JSON_HEAD "{}"
#define QUERY_FIELDS                                                                               \
	"POST / HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(                                      \
		"sns") "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 36\r\n"
#define QUERY_HEAD QUERY_FIELDS "\r\n"
#define QUERY_BODY "Version=2010-03-31&Action=ListTopics"
#define S3_FIELDS  "PUT /bucket/key HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED("s3")
#define S3_PUT	   S3_FIELDS "Content-Length: 6\r\n\r\n"
#define S3_CHUNKED S3_FIELDS "Transfer-Encoding: chunked\r\n\r\n"
#define S3_EXPECT  S3_FIELDS "Content-Length: 6\r\nExpect: 100-continue\r\n\r\n"
#define CHUNKS	   "5\r\nabcde\r\n3;x=y\r\nfgh\r\n0\r\n\r\n"
#define PLAIN_CALL "GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define CONNECT	   "CONNECT s3.amazonaws.com:443 HTTP/1.1\r\nHost: s3.amazonaws.com:443\r\n\r\n"
#define OK	   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define CONTINUE   "HTTP/1.1 100 Continue\r\n\r\n"
#define REFUSED	   "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"

/* A record with the beginning of a ClientHello, as long as its header says; no byte of it is 0. */
#define HELLO	  "\x16\x03\x01\x01\x02" HELLO_64 HELLO_64 HELLO_64 HELLO_64 "\x01\x01"
#define HELLO_64  HELLO_16 HELLO_16 HELLO_16 HELLO_16
#define HELLO_16  "\x01\x01\x01\x01\x03\x03\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07"
#define HELLO_LOG "hello 263"

static const char socks_hello[] = {5, 1, 0};
static const char socks_request[] = {5, 1, 0, 1, 127, 0, 0, 1, 1, (char)187};

static struct connection connection;
static struct table *table;

static void setup(void)
{
	table = NULL;
	open_connection(&connection, NULL);
}

static void teardown(void)
{
	close_connection(&connection);
	free(table);
	table = NULL;
}

/* All calls of this service (NULL: any) and operation fail. */
static void fault(const char *service, const char *operation)
{
	struct rule rule = rule_of(1, service, NULL, operation);

	table = table_of(&rule, 1);
	connection.table = table;
}

static void fault_all(void)
{
	fault(NULL, NULL);
}

/* All calls wait, and those of this service (NULL: none) fail. */
static void delay_all(uint64_t latency_ns, const char *faulty)
{
	struct rule rule = rule_of(1, faulty, NULL, NULL);

	table = late_table_of(&rule, faulty ? 1 : 0, latency_ns);
	connection.table = table;
}

/*
 * Requests in one piece
 */

START_TEST(without_a_table_all_calls_pass)
{
	ck_assert_uint_eq(write_text(&connection, JSON_CALL), strlen(JSON_CALL));
	ck_assert_wire(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, call PutRecord");
}
END_TEST

START_TEST(a_call_that_a_rule_is_about_is_swallowed_and_answered)
{
	char *reply;

	fault_all();
	ck_assert_uint_eq(write_text(&connection, JSON_CALL), strlen(JSON_CALL));
	ck_assert_wire(&connection, "");
	ck_assert_log(&connection, "connection, fault PutRecord");
	reply = reply_of(&connection);
	ck_assert_int_eq(strncmp(reply, "HTTP/1.1 503 ", 13), 0);
	free(reply);
	ck_assert(!reply_closes(&connection));
	ck_assert(!connection.exchange.is_unfinished && !connection.exchange.ended);
}
END_TEST

START_TEST(a_request_that_is_no_call_passes_whatever_the_rules)
{
	fault_all();
	write_text(&connection, PLAIN_CALL);
	ck_assert_wire(&connection, PLAIN_CALL);
	ck_assert_log(&connection, "connection");
	/* The next request of the connection is looked at again. */
	answer_with(&connection, OK);
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, fault PutRecord");
	ck_assert_wire(&connection, PLAIN_CALL);
}
END_TEST

START_TEST(a_connection_is_counted_once)
{
	write_text(&connection, PLAIN_CALL);
	answer_with(&connection, OK);
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, call PutRecord");
}
END_TEST

START_TEST(a_client_that_wants_no_more_is_told_so)
{
	fault_all();
	write_text(&connection,
		"GET /bucket/key HTTP/1.1\r\nHost: h\r\n" SIGNED("s3") "Connection: close\r\n\r\n");
	ck_assert(reply_closes(&connection));
	ck_assert(connection.exchange.ended && !connection.exchange.is_unfinished);
}
END_TEST

/*
 * Bodies share the fate of their head
 */

START_TEST(the_body_of_a_swallowed_head_is_swallowed)
{
	fault_all();
	write_text(&connection, S3_PUT);
	ck_assert_uint_eq(write_text(&connection, "abc"), 3);
	ck_assert_uint_eq(write_text(&connection, "def"), 3);
	ck_assert_wire(&connection, "");
	ck_assert_log(&connection, "connection, fault PutObject");
}
END_TEST

START_TEST(a_chunked_body_is_followed_to_its_end)
{
	fault_all();
	write_text(&connection, S3_CHUNKED);
	write_text(&connection, "5\r\nab");
	write_text(&connection, "cde\r\n0\r\n\r\n");
	ck_assert(read_reply(&connection));
	write_text(&connection, PLAIN_CALL);
	ck_assert_wire(&connection, PLAIN_CALL);
}
END_TEST

START_TEST(a_reply_may_be_read_before_the_body_has_come)
{
	fault_all();
	write_text(&connection, S3_PUT);
	ck_assert(read_reply(&connection));
	write_text(&connection, "abcdef");
	ck_assert_wire(&connection, "");
	write_text(&connection, PLAIN_CALL);
	ck_assert_wire(&connection, PLAIN_CALL);
}
END_TEST

START_TEST(a_swallowed_body_that_loses_its_framing_is_swallowed_to_the_end)
{
	fault_all();
	write_text(&connection, S3_CHUNKED);
	write_text(&connection, "what?");
	ck_assert(read_reply(&connection));
	write_text(&connection, JSON_CALL);
	ck_assert_wire(&connection, "");
	ck_assert_ptr_null(connection.exchange.reply);
}
END_TEST

START_TEST(a_passing_body_that_loses_its_framing_makes_the_connection_a_blind_one)
{
	write_text(&connection, S3_CHUNKED);
	write_text(&connection, "what?");
	fault_all();
	write_text(&connection, JSON_CALL);
	ck_assert_wire(&connection, S3_CHUNKED "what?" JSON_CALL);
	ck_assert_log(&connection, "connection, call PutObject, blind framing");
}
END_TEST

START_TEST(a_request_with_senseless_framing_is_let_go_and_counted)
{
	fault_all();
	write_text(&connection, PLAIN_CALL);
	write_text(&connection, "PUT / HTTP/1.1\r\nContent-Length: 1\r\n"
				"Transfer-Encoding: chunked\r\n\r\n");
	ck_assert_log(&connection, "connection, blind framing");
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_GONE);
}
END_TEST

/*
 * Requests in pieces: nothing is held back
 */

START_TEST(the_pieces_of_a_head_pass_at_once)
{
	size_t len = strlen(JSON_HEAD) - 1;

	fault_all();
	for (size_t i = 0; i < len; i++) {
		ck_assert_uint_eq(write_part(&connection, JSON_HEAD, i, 1), 1);
		ck_assert_uint_eq(connection.wire_len, i + 1);
	}
	ck_assert_mem_eq(connection.wire, JSON_HEAD, len);
	ck_assert_log(&connection, "");
}
END_TEST

START_TEST(the_piece_that_completes_a_head_is_swallowed_and_the_connection_ends)
{
	fault_all();
	write_bytes(&connection, JSON_HEAD, 20);
	write_from(&connection, JSON_HEAD, 20);
	ck_assert_uint_eq(connection.wire_len, 20);
	ck_assert_log(&connection, "connection, fault PutRecord");
	ck_assert(reply_closes(&connection));
	ck_assert(connection.exchange.is_unfinished && connection.exchange.ended);
	/* Nothing more is sent, not even after the reply. */
	write_text(&connection, "{}");
	ck_assert(!read_reply(&connection));
	write_text(&connection, PLAIN_CALL);
	ck_assert_uint_eq(connection.wire_len, 20);
}
END_TEST

START_TEST(a_call_in_pieces_that_no_rule_is_about_passes_whole)
{
	fault("sqs", NULL);
	write_bytes(&connection, JSON_CALL, 1);
	write_part(&connection, JSON_CALL, 1, 50);
	write_from(&connection, JSON_CALL, 51);
	ck_assert_wire(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, call PutRecord");
}
END_TEST

START_TEST(a_query_call_is_decided_on_with_its_action)
{
	fault("sns", "ListTopics");
	write_text(&connection, QUERY_HEAD);
	write_text(&connection, "Version=2010-03-31");
	ck_assert_wire(&connection, QUERY_HEAD "Version=2010-03-31");
	ck_assert_log(&connection, "connection");
	write_text(&connection, "&Action=ListTopics");
	ck_assert_wire(&connection, QUERY_HEAD "Version=2010-03-31");
	ck_assert(reply_closes(&connection) && connection.exchange.is_unfinished);
}
END_TEST

START_TEST(a_query_call_with_its_action_leaves_the_connection_open)
{
	fault("sns", "ListTopics");
	write_text(&connection, QUERY_HEAD QUERY_BODY);
	ck_assert_log(&connection, "connection, fault ListTopics");
	ck_assert(!reply_closes(&connection));
}
END_TEST

START_TEST(a_request_in_several_buffers_is_decided_on_before_any_of_it_goes)
{
	struct span pieces[] = {
		SPAN("POST / HT"), SPAN(""), span_from(SPAN(JSON_HEAD), 9), SPAN("{}")};

	fault_all();
	write_spans(&connection, pieces, 4);
	ck_assert_wire(&connection, "");
	ck_assert(!reply_closes(&connection));
	ck_assert(!connection.exchange.is_unfinished);
	ck_assert(read_reply(&connection));
}
END_TEST

START_TEST(a_query_call_whose_body_is_in_a_buffer_of_its_own_is_decided_on_before_any_of_it_goes)
{
	struct span pieces[] = {SPAN(QUERY_HEAD), SPAN(QUERY_BODY)};

	fault("sns", "ListTopics");
	write_spans(&connection, pieces, 2);
	ck_assert_wire(&connection, "");
	ck_assert(!reply_closes(&connection));
}
END_TEST

START_TEST(a_step_tells_where_in_the_offer_its_request_is)
{
	struct exchange_env env = {&host, &connection, &connection.dice};
	char body[] = "def", head[] = JSON_HEAD, rest[] = "{}" PLAIN_CALL;
	struct iovec iov[] = {
		{body, 3}, {head, 9}, {head + 9, strlen(head) - 9}, {rest, strlen(rest)}};

	write_text(&connection, S3_PUT "abc");
	answer_with(&connection, REFUSED);
	delay_all(5000, NULL);
	ck_assert(!exchange_offer(&connection.exchange, &env, iov, 4, &connection.step));
	ck_assert_int_eq(connection.step.action, EXCHANGE_PASS);
	ck_assert_uint_eq(connection.step.begin, 3);
	ck_assert_uint_eq(connection.step.end, 3 + strlen(JSON_HEAD));
	ck_assert_uint_eq(connection.step.due, NOW + 5000);
	exchange_take(&connection.exchange, &env, iov, 4, &connection.step);
	ck_assert_wire(&connection, S3_PUT "abcdef");
	come_to(&connection, NOW + 5000);
	ck_assert_wire(&connection, S3_PUT "abcdef" JSON_CALL PLAIN_CALL);
}
END_TEST

/*
 * Latency
 */

START_TEST(latency_makes_a_request_wait)
{
	delay_all(5000, NULL);
	ck_assert_uint_eq(write_text(&connection, JSON_CALL), strlen(JSON_CALL));
	ck_assert_uint_eq(connection.due, NOW + 5000);
	come_to(&connection, NOW + 4999);
	ck_assert_wire(&connection, "");
	come_to(&connection, NOW + 5000);
	ck_assert_wire(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, late call PutRecord");
}
END_TEST

START_TEST(latency_makes_a_reply_wait)
{
	uint64_t next;

	delay_all(5000, "kinesis");
	write_text(&connection, JSON_CALL);
	ck_assert_ptr_null(line_due(&connection.exchange.line, NOW + 4999, &next));
	ck_assert_uint_eq(next, NOW + 5000);
	ck_assert_int_eq(line_due(&connection.exchange.line, next, &next)->what, LINE_ANSWER);
	ck_assert_log(&connection, "connection, late fault PutRecord");
}
END_TEST

START_TEST(a_delayed_body_does_not_overtake_its_head)
{
	delay_all(5000, NULL);
	write_text(&connection, S3_PUT);
	connection.now = NOW + 1000;
	write_text(&connection, "abc");
	ck_assert_wire(&connection, "");
	come_to(&connection, NOW + 5000);
	ck_assert_wire(&connection, S3_PUT "abc");
	write_text(&connection, "def");
	ck_assert_wire(&connection, S3_PUT "abcdef");
}
END_TEST

START_TEST(latency_of_a_request_that_has_begun_delays_only_its_rest)
{
	delay_all(5000, NULL);
	write_bytes(&connection, JSON_CALL, 30);
	write_from(&connection, JSON_CALL, 30);
	ck_assert_uint_eq(connection.wire_len, 30);
	come_to(&connection, NOW + 5000);
	ck_assert_wire(&connection, JSON_CALL);
}
END_TEST

START_TEST(what_follows_a_delayed_request_comes_behind_it)
{
	delay_all(5000, NULL);
	write_text(&connection, JSON_CALL PLAIN_CALL);
	write_text(&connection, PLAIN_CALL);
	ck_assert_wire(&connection, "");
	come_to(&connection, NOW + 5000);
	ck_assert_wire(&connection, JSON_CALL PLAIN_CALL PLAIN_CALL);
}
END_TEST

START_TEST(a_request_is_decided_on_in_the_queue_too)
{
	delay_all(5000, "kinesis");
	write_text(&connection, S3_PUT "abcdef");
	answer_with(&connection, OK);
	write_bytes(&connection, JSON_CALL, 30);
	write_from(&connection, JSON_CALL, 30);
	come_to(&connection, NOW + 5000);
	ck_assert_uint_eq(connection.wire_len, strlen(S3_PUT "abcdef") + 30);
	ck_assert(reply_closes(&connection) && connection.exchange.is_unfinished);
}
END_TEST

/*
 * Several requests
 */

START_TEST(a_pipelined_call_gets_no_fault_and_is_counted)
{
	fault_all();
	write_text(&connection, PLAIN_CALL);
	write_text(&connection, JSON_CALL);
	ck_assert_wire(&connection, PLAIN_CALL JSON_CALL);
	ck_assert_log(&connection, "connection, blind pipelined, call PutRecord");
}
END_TEST

START_TEST(a_call_behind_another_in_the_same_buffer_is_pipelined)
{
	fault_all();
	write_text(&connection, PLAIN_CALL JSON_CALL);
	ck_assert_wire(&connection, PLAIN_CALL JSON_CALL);
	ck_assert_log(&connection, "connection, blind pipelined, call PutRecord");
}
END_TEST

START_TEST(a_call_behind_the_end_of_another_in_the_same_buffer_is_pipelined)
{
	fault("kinesis", NULL);
	write_text(&connection, S3_PUT);
	answer_with(&connection, REFUSED);
	write_text(&connection, "abcdef" JSON_CALL);
	ck_assert_wire(&connection, S3_PUT "abcdef" JSON_CALL);
}
END_TEST

START_TEST(a_reply_that_was_read_to_its_end_leaves_the_connection_open)
{
	fault("kinesis", NULL);
	write_text(&connection, JSON_CALL);
	come_to(&connection, NOW);
	ck_assert(!exchange_reply_read(&connection.exchange, 10));
	ck_assert(read_reply(&connection));
	ck_assert(!exchange_is_busy(&connection.exchange));
	write_text(&connection, JSON_CALL);
	ck_assert(read_reply(&connection));
	write_text(&connection, PLAIN_CALL);
	ck_assert_wire(&connection, PLAIN_CALL);
	ck_assert_log(&connection, "connection, fault PutRecord, fault PutRecord");
}
END_TEST

START_TEST(a_request_before_the_reply_was_read_ends_the_connection)
{
	fault_all();
	write_text(&connection, JSON_CALL);
	ck_assert(!reply_closes(&connection));
	ck_assert_uint_eq(write_text(&connection, PLAIN_CALL), strlen(PLAIN_CALL));
	ck_assert(reply_closes(&connection) && connection.exchange.ended);
	ck_assert_wire(&connection, "");
	ck_assert(!read_reply(&connection));
	ck_assert_log(&connection, "connection, fault PutRecord");
}
END_TEST

START_TEST(a_request_behind_a_swallowed_one_in_the_same_buffer_is_lost_with_the_connection)
{
	fault_all();
	write_text(&connection, JSON_CALL PLAIN_CALL);
	ck_assert(reply_closes(&connection) && connection.exchange.ended);
	ck_assert_wire(&connection, "");
}
END_TEST

START_TEST(a_connection_that_is_to_end_says_so_in_the_reply)
{
	fault_all();
	write_text(&connection, JSON_CALL);
	exchange_end(&connection.exchange);
	exchange_end(&connection.exchange);
	ck_assert(reply_closes(&connection));
	ck_assert(!connection.exchange.is_unfinished);
	ck_assert(!read_reply(&connection));
	ck_assert_ptr_nonnull(exchange_reply(&connection.exchange).at);
	ck_assert_uint_eq(exchange_reply(&connection.exchange).len, 0);
}
END_TEST

START_TEST(a_reply_that_was_read_in_part_stays_as_it_is)
{
	char *before, *after;

	fault_all();
	write_text(&connection, JSON_CALL);
	before = reply_of(&connection);
	exchange_reply_read(&connection.exchange, 10);
	exchange_end(&connection.exchange);
	after = reply_of(&connection);
	ck_assert_str_eq(after, before + 10);
	free(before);
	free(after);
	ck_assert(!read_reply(&connection));
}
END_TEST

START_TEST(without_a_reply_there_is_nothing_to_end)
{
	exchange_end(&connection.exchange);
	ck_assert(!connection.exchange.ended);
	ck_assert_ptr_null(exchange_reply(&connection.exchange).at);
}
END_TEST

START_TEST(another_socket_is_not_acted_on)
{
	struct exchange_env env = {&host, &connection, &connection.dice};
	char call[] = JSON_CALL;
	struct iovec iov = {call, strlen(call)};

	fault_all();
	ck_assert(!exchange_offer(&connection.exchange, &env, &iov, 1, &connection.step));
	exchange_let_go(&connection.exchange, &env, &connection.step);
	ck_assert_ptr_null(connection.exchange.reply);
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_GONE);
	ck_assert(exchange_offer(&connection.exchange, &env, &iov, 1, &connection.step));
}
END_TEST

/*
 * Bytes that the kernel did not take
 */

START_TEST(what_the_kernel_did_not_take_is_not_decided_on_again)
{
	fault("kinesis", NULL);
	connection.kernel_takes = 20;
	ck_assert_uint_eq(write_text(&connection, PLAIN_CALL), 20);
	connection.kernel_takes = SIZE_MAX;
	write_from(&connection, PLAIN_CALL, 20);
	ck_assert_log(&connection, "connection");
	ck_assert_wire(&connection, PLAIN_CALL);
	ck_assert_uint_eq(connection.exchange.ahead, 0);
	answer_with(&connection, OK);
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, fault PutRecord");
}
END_TEST

START_TEST(what_the_kernel_did_not_take_may_be_offered_in_smaller_pieces)
{
	size_t len = strlen(PLAIN_CALL), at = 0;

	connection.kernel_takes = 4;
	at += write_text(&connection, PLAIN_CALL);
	at += write_part(&connection, PLAIN_CALL, at, 10);
	at += write_part(&connection, PLAIN_CALL, at, 3);
	ck_assert_uint_eq(at, 11);
	ck_assert_uint_eq(connection.exchange.ahead, len - at);
	connection.kernel_takes = SIZE_MAX;
	fault_all();
	answer_with(&connection, OK);
	write_from(&connection, PLAIN_CALL JSON_CALL, at);
	ck_assert_wire(&connection, PLAIN_CALL);
	ck_assert_log(&connection, "connection, fault PutRecord");
}
END_TEST

START_TEST(the_beginning_of_a_request_that_the_kernel_did_not_take_is_swallowed_with_it)
{
	fault_all();
	connection.kernel_takes = 12;
	write_bytes(&connection, JSON_CALL, 40);
	connection.kernel_takes = SIZE_MAX;
	write_from(&connection, JSON_CALL, 12);
	ck_assert_uint_eq(connection.wire_len, 12);
	ck_assert(reply_closes(&connection) && connection.exchange.is_unfinished);
}
END_TEST

/*
 * Expect: 100-continue
 */

START_TEST(a_refusal_at_the_head_makes_what_follows_a_request)
{
	fault("kinesis", NULL);
	write_text(&connection, S3_EXPECT);
	ck_assert(exchange_wants_answers(&connection.exchange));
	answer_with(&connection, REFUSED);
	ck_assert(!exchange_wants_answers(&connection.exchange));
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, call PutObject, fault PutRecord");
	ck_assert_wire(&connection, S3_EXPECT);
}
END_TEST

START_TEST(a_refusal_is_seen_in_pieces_too)
{
	write_text(&connection, S3_EXPECT);
	answer_with(&connection, "HTTP/1.1 403 Forb");
	answer_with(&connection, "idden\r\nContent-Length: 10\r\n\r");
	ck_assert(!connection.exchange.has_final);
	answer_with(&connection, "\nabc");
	ck_assert(connection.exchange.has_final);
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, call PutObject, call PutRecord");
}
END_TEST

START_TEST(after_100_a_body_that_looks_like_a_request_is_a_body)
{
	char head[1024];

	fault("kinesis", NULL);
	snprintf(head, sizeof(head),
		S3_FIELDS "Content-Length: %zu\r\nExpect: 100-continue\r\n\r\n", strlen(JSON_CALL));
	write_text(&connection, head);
	answer_with(&connection, CONTINUE);
	ck_assert(exchange_wants_answers(&connection.exchange));
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, call PutObject");
	answer_with(&connection, OK);
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, call PutObject, fault PutRecord");
}
END_TEST

START_TEST(a_client_that_does_not_wait_for_100_sends_a_body)
{
	write_text(&connection, S3_EXPECT);
	write_text(&connection, "GET");
	answer_with(&connection, REFUSED);
	write_text(&connection, "GET");
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_HEAD);
	ck_assert_uint_eq(connection.exchange.draft.len, 0);
}
END_TEST

START_TEST(a_fault_at_a_head_that_expects_100_ends_the_connection)
{
	fault_all();
	write_text(&connection, S3_EXPECT);
	ck_assert(reply_closes(&connection) && connection.exchange.ended);
	ck_assert(!connection.exchange.is_unfinished);
}
END_TEST

START_TEST(a_body_that_has_begun_with_its_head_goes_on_whatever_the_answer)
{
	write_text(&connection, S3_EXPECT "a");
	answer_with(&connection, REFUSED);
	write_text(&connection, "GET /");
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_HEAD);
	ck_assert_int_eq(connection.drafts, 0);
}
END_TEST

START_TEST(the_answer_is_watched_for_a_head_that_came_in_pieces)
{
	write_bytes(&connection, S3_EXPECT, 10);
	write_from(&connection, S3_EXPECT, 10);
	ck_assert(exchange_wants_answers(&connection.exchange));
}
END_TEST

START_TEST(the_answer_is_watched_for_a_head_in_several_buffers)
{
	struct span pieces[] = {SPAN("PUT /bucket"), span_from(SPAN(S3_EXPECT), 11)};

	write_spans(&connection, pieces, 2);
	ck_assert(exchange_wants_answers(&connection.exchange));
}
END_TEST

START_TEST(the_answer_to_an_earlier_request_is_no_refusal)
{
	write_text(&connection, PLAIN_CALL);
	write_bytes(&connection, S3_EXPECT, 10);
	write_from(&connection, S3_EXPECT, 10);
	answer_with(&connection, OK);
	ck_assert(!connection.exchange.has_final);
}
END_TEST

/*
 * Calls that show nobody their bytes
 */

START_TEST(a_body_of_known_length_may_pass_unseen)
{
	fault("kinesis", NULL);
	write_text(&connection, S3_PUT "a");
	ck_assert(exchange_may_pass_unseen(&connection.exchange, 5));
	ck_assert(!exchange_may_pass_unseen(&connection.exchange, 6));
	exchange_passed_unseen(&connection.exchange, 3);
	exchange_passed_unseen(&connection.exchange, 2);
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_HEAD);
	answer_with(&connection, OK);
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, call PutObject, fault PutRecord");
}
END_TEST

START_TEST(the_data_of_a_chunk_may_pass_unseen_but_not_its_framing)
{
	write_text(&connection, S3_CHUNKED);
	ck_assert(!exchange_may_pass_unseen(&connection.exchange, 1));
	write_text(&connection, "5\r\n");
	ck_assert(exchange_may_pass_unseen(&connection.exchange, 5));
	exchange_passed_unseen(&connection.exchange, 5);
	ck_assert(!exchange_may_pass_unseen(&connection.exchange, 1));
	write_text(&connection, "\r\n0\r\n\r\n");
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_HEAD);
}
END_TEST

START_TEST(a_head_may_not_pass_unseen_nor_a_body_that_is_swallowed_or_expected)
{
	ck_assert(!exchange_may_pass_unseen(&connection.exchange, 1));
	write_text(&connection, S3_EXPECT);
	ck_assert(!exchange_may_pass_unseen(&connection.exchange, 1));
	write_text(&connection, "abcdef");
	answer_with(&connection, OK);
	fault_all();
	write_text(&connection, S3_PUT);
	ck_assert(!exchange_may_pass_unseen(&connection.exchange, 1));
}
END_TEST

START_TEST(a_request_that_was_completed_past_us_is_left_behind)
{
	fault_all();
	write_bytes(&connection, JSON_CALL, 50);
	/* The rest went out by a call that is not hooked, and has been answered. */
	answer_with(&connection, OK);
	write_text(&connection, JSON_CALL);
	ck_assert_uint_eq(connection.wire_len, 50);
	ck_assert_log(&connection, "blind framing, connection, fault PutRecord");
	/* Of this one nothing is on the wire. */
	ck_assert(!connection.exchange.is_unfinished && !reply_closes(&connection));
	ck_assert(read_reply(&connection));
}
END_TEST

START_TEST(an_empty_line_behind_a_body_is_no_request)
{
	fault("kinesis", NULL);
	write_text(&connection, S3_PUT "abcdef\r\n");
	answer_with(&connection, OK);
	write_text(&connection, JSON_CALL);
	ck_assert_wire(&connection, S3_PUT "abcdef\r\n");
	ck_assert_log(&connection, "connection, call PutObject, fault PutRecord");
	ck_assert(!connection.exchange.is_unfinished);
}
END_TEST

/*
 * Drafts
 */

START_TEST(a_draft_is_only_kept_while_it_is_needed)
{
	write_bytes(&connection, JSON_HEAD, 20);
	ck_assert_int_eq(connection.drafts, 1);
	ck_assert_uint_eq(connection.exchange.draft.len, 20);
	write_part(&connection, JSON_HEAD, 20, 20);
	ck_assert_uint_eq(connection.exchange.draft.len, 40);
	write_from(&connection, JSON_HEAD, 40);
	ck_assert_int_eq(connection.drafts, 0);
	ck_assert_ptr_null(connection.exchange.draft.at);
}
END_TEST

START_TEST(a_request_in_one_piece_needs_no_draft)
{
	connection.is_poor = true;
	fault_all();
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, fault PutRecord");
}
END_TEST

START_TEST(without_memory_for_a_draft_the_connection_is_a_blind_one)
{
	connection.is_poor = true;
	fault_all();
	write_bytes(&connection, JSON_CALL, 20);
	write_from(&connection, JSON_CALL, 20);
	ck_assert_wire(&connection, JSON_CALL);
	ck_assert_log(&connection, "blind framing");
}
END_TEST

START_TEST(without_memory_for_a_longer_draft_the_shorter_one_is_given_back)
{
	fault_all();
	write_bytes(&connection, JSON_CALL, 20);
	connection.is_poor = true;
	write_from(&connection, JSON_CALL, 20);
	ck_assert_int_eq(connection.drafts, 0);
	ck_assert_wire(&connection, JSON_CALL);
	ck_assert_log(&connection, "blind framing");
}
END_TEST

START_TEST(a_head_that_does_not_end_is_let_go_and_counted)
{
	char line[1024];

	memset(line, 'a', sizeof(line));
	write_text(&connection, "GET / HTTP/1.1\r\nX: ");
	for (int i = 0; i < 64; i++)
		write_bytes(&connection, line, sizeof(line));
	ck_assert_log(&connection, "blind framing");
	ck_assert_int_eq(connection.drafts, 0);
}
END_TEST

START_TEST(a_query_call_whose_action_does_not_come_is_decided_on_without)
{
	static char body[8192];

	memset(body, 'a', sizeof(body));
	write_text(&connection, "POST / HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(
					"sns") "Content-Type: application/x-www-form-urlencoded\r\n"
					       "Content-Length: 1000000\r\n\r\n");
	for (int i = 0; i < 20 && connection.wire_len < sizeof(connection.wire) / 2; i++)
		write_bytes(&connection, body, sizeof(body) / 4);
	ck_assert_int_eq(connection.drafts, 1);
	for (int i = 0; i < 60; i++) {
		connection.wire_len = 0;
		write_bytes(&connection, body, sizeof(body) / 4);
	}
	ck_assert_log(&connection, "connection, call ");
	ck_assert_int_eq(connection.drafts, 0);
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_BODY);
}
END_TEST

/*
 * What is no HTTP, or more than that
 */

static const struct {
	const char *data, *log;
} strangers[] = {
	{"SSH-2.0-OpenSSH_9.2\r\n", ""},
	{"*1\r\n$4\r\nPING\r\n", ""},
	{"GET key\r\n", ""},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "blind http2"},
};

START_TEST(a_stream_that_is_not_http_is_let_go_for_good)
{
	size_t len = strlen(strangers[_i].data);

	fault_all();
	write_text(&connection, strangers[_i].data);
	write_text(&connection, JSON_CALL);
	ck_assert_uint_eq(connection.wire_len, len + strlen(JSON_CALL));
	ck_assert_log(&connection, strangers[_i].log);
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_GONE);
}
END_TEST

START_TEST(after_connect_the_stream_begins_anew)
{
	write_text(&connection, CONNECT);
	answer_with(&connection, OK);
	write_text(&connection, HELLO);
	ck_assert_log(&connection, "connection, " HELLO_LOG);
}
END_TEST

START_TEST(after_an_upgrade_anything_may_come)
{
	write_text(&connection, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
				"Upgrade: websocket\r\n\r\n");
	answer_with(&connection, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
	write_text(&connection, "\x81\x05hello");
	ck_assert_log(&connection, "connection");
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_GONE);
}
END_TEST

START_TEST(behind_socks_requests_are_looked_at)
{
	fault_all();
	write_bytes(&connection, socks_hello, sizeof(socks_hello));
	answer_with(&connection, "\5");
	write_bytes(&connection, socks_request, 5);
	write_bytes(&connection, socks_request + 5, sizeof(socks_request) - 5);
	answer_with(&connection, "\5");
	write_text(&connection, JSON_CALL);
	ck_assert_uint_eq(connection.wire_len, sizeof(socks_hello) + sizeof(socks_request));
	ck_assert_log(&connection, "connection, fault PutRecord");
}
END_TEST

START_TEST(behind_socks_tls_is_found)
{
	write_bytes(&connection, socks_hello, sizeof(socks_hello));
	write_bytes(&connection, socks_request, sizeof(socks_request));
	write_text(&connection, HELLO);
	ck_assert_log(&connection, "connection, " HELLO_LOG);
}
END_TEST

START_TEST(a_request_that_does_not_wait_for_the_proxy_is_pipelined)
{
	fault_all();
	write_bytes(&connection, socks_hello, sizeof(socks_hello));
	write_bytes(&connection, socks_request, sizeof(socks_request));
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, blind pipelined, call PutRecord");
}
END_TEST

/*
 * TLS
 */

START_TEST(a_client_hello_in_pieces_is_told_of_once_and_whole)
{
	size_t len = strlen(HELLO);

	for (size_t i = 0; i < len; i++) {
		ck_assert_log(&connection, "");
		write_part(&connection, HELLO, i, 1);
	}
	ck_assert_log(&connection, "connection, " HELLO_LOG);
	ck_assert_mem_eq(connection.hello.at, HELLO, len);
	ck_assert_uint_eq(connection.wire_len, len);
	ck_assert_int_eq(connection.drafts, 0);
	ck_assert(connection.exchange.is_sealed);
}
END_TEST

START_TEST(what_stands_behind_a_client_hello_is_not_taken_for_plaintext)
{
	struct span pieces[] = {SPAN(HELLO), SPAN("\x14\x03\x03\x01\x01\x01"), SPAN(PLAIN_CALL)};

	write_spans(&connection, pieces, 3);
	ck_assert_wire(&connection, HELLO "\x14\x03\x03\x01\x01\x01" PLAIN_CALL);
	ck_assert_log(&connection, "connection, " HELLO_LOG);
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_FRESH);
	fault_all();
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, " HELLO_LOG ", fault PutRecord");
}
END_TEST

START_TEST(a_client_hello_behind_what_is_delayed_waits_with_all_behind_it)
{
	struct span pieces[] = {SPAN(HELLO), SPAN("\x14\x03\x03\x01\x01\x01")};
	const char *head = S3_FIELDS "Connection: upgrade\r\nUpgrade: TLS/1.0\r\n\r\n";

	delay_all(5000, NULL);
	write_text(&connection, head);
	write_spans(&connection, pieces, 2);
	ck_assert_wire(&connection, "");
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_FRESH);
	come_to(&connection, NOW + 5000);
	ck_assert_uint_eq(connection.wire_len, strlen(head) + strlen(HELLO) + 6);
}
END_TEST

START_TEST(what_the_kernel_did_not_take_of_a_hello_is_not_missing_in_the_session)
{
	fault_all();
	connection.kernel_takes = 10;
	write_bytes(&connection, HELLO, 50);
	ck_assert_uint_eq(connection.exchange.ahead, 40);
	connection.kernel_takes = SIZE_MAX;
	write_from(&connection, HELLO, 10);
	ck_assert_uint_eq(connection.exchange.ahead, 0);
	write_text(&connection, JSON_CALL);
	ck_assert_log(&connection, "connection, " HELLO_LOG ", fault PutRecord");
}
END_TEST

/* Inside TLS the caller keeps the order: what is written below waits for what was delayed. */
START_TEST(in_a_session_what_is_delayed_does_not_make_the_exchange_busy)
{
	delay_all(5000, NULL);
	write_text(&connection, HELLO);
	connection.wire_len = 0;
	write_text(&connection, S3_PUT);
	ck_assert_uint_eq(connection.due, NOW + 5000);
	ck_assert(!line_is_empty(&connection.exchange.line));
	ck_assert(!exchange_is_busy(&connection.exchange));
	ck_assert_uint_eq(write_text(&connection, "abcdef"), 6);
	ck_assert_wire(&connection, "abcdef");
}
END_TEST

START_TEST(a_session_inside_of_the_session_makes_the_connection_a_blind_one)
{
	write_text(&connection, HELLO);
	write_text(&connection, CONNECT);
	answer_with(&connection, OK);
	write_text(&connection, HELLO);
	ck_assert_log(&connection, "connection, " HELLO_LOG ", blind tls");
	ck_assert_int_eq(connection.exchange.state, EXCHANGE_GONE);
}
END_TEST

START_TEST(in_a_session_a_reply_makes_the_exchange_busy)
{
	fault_all();
	write_text(&connection, HELLO);
	write_text(&connection, JSON_CALL);
	ck_assert(exchange_is_busy(&connection.exchange));
	ck_assert(read_reply(&connection));
	ck_assert(!exchange_is_busy(&connection.exchange));
}
END_TEST

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

static void add_requests(TCase *tests)
{
	tcase_add_test(tests, without_a_table_all_calls_pass);
	tcase_add_test(tests, a_call_that_a_rule_is_about_is_swallowed_and_answered);
	tcase_add_test(tests, a_request_that_is_no_call_passes_whatever_the_rules);
	tcase_add_test(tests, a_connection_is_counted_once);
	tcase_add_test(tests, a_client_that_wants_no_more_is_told_so);
}

static void add_bodies(TCase *tests)
{
	tcase_add_test(tests, the_body_of_a_swallowed_head_is_swallowed);
	tcase_add_test(tests, a_chunked_body_is_followed_to_its_end);
	tcase_add_test(tests, a_reply_may_be_read_before_the_body_has_come);
	tcase_add_test(tests, a_swallowed_body_that_loses_its_framing_is_swallowed_to_the_end);
	tcase_add_test(
		tests, a_passing_body_that_loses_its_framing_makes_the_connection_a_blind_one);
	tcase_add_test(tests, a_request_with_senseless_framing_is_let_go_and_counted);
}

static void add_pieces(TCase *tests)
{
	tcase_add_test(tests, the_pieces_of_a_head_pass_at_once);
	tcase_add_test(tests, the_piece_that_completes_a_head_is_swallowed_and_the_connection_ends);
	tcase_add_test(tests, a_call_in_pieces_that_no_rule_is_about_passes_whole);
	tcase_add_test(tests, a_query_call_is_decided_on_with_its_action);
	tcase_add_test(tests, a_query_call_with_its_action_leaves_the_connection_open);
	tcase_add_test(tests, a_request_in_several_buffers_is_decided_on_before_any_of_it_goes);
	tcase_add_test(tests,
		a_query_call_whose_body_is_in_a_buffer_of_its_own_is_decided_on_before_any_of_it_goes);
	tcase_add_test(tests, a_step_tells_where_in_the_offer_its_request_is);
}

static void add_latency(TCase *tests)
{
	tcase_add_test(tests, latency_makes_a_request_wait);
	tcase_add_test(tests, latency_makes_a_reply_wait);
	tcase_add_test(tests, a_delayed_body_does_not_overtake_its_head);
	tcase_add_test(tests, latency_of_a_request_that_has_begun_delays_only_its_rest);
	tcase_add_test(tests, what_follows_a_delayed_request_comes_behind_it);
	tcase_add_test(tests, a_request_is_decided_on_in_the_queue_too);
}

static void add_several(TCase *tests)
{
	tcase_add_test(tests, a_pipelined_call_gets_no_fault_and_is_counted);
	tcase_add_test(tests, a_call_behind_another_in_the_same_buffer_is_pipelined);
	tcase_add_test(tests, a_call_behind_the_end_of_another_in_the_same_buffer_is_pipelined);
	tcase_add_test(tests, a_reply_that_was_read_to_its_end_leaves_the_connection_open);
	tcase_add_test(tests, a_request_before_the_reply_was_read_ends_the_connection);
	tcase_add_test(tests,
		a_request_behind_a_swallowed_one_in_the_same_buffer_is_lost_with_the_connection);
	tcase_add_test(tests, a_connection_that_is_to_end_says_so_in_the_reply);
	tcase_add_test(tests, a_reply_that_was_read_in_part_stays_as_it_is);
	tcase_add_test(tests, without_a_reply_there_is_nothing_to_end);
	tcase_add_test(tests, another_socket_is_not_acted_on);
}

static void add_partial(TCase *tests)
{
	tcase_add_test(tests, what_the_kernel_did_not_take_is_not_decided_on_again);
	tcase_add_test(tests, what_the_kernel_did_not_take_may_be_offered_in_smaller_pieces);
	tcase_add_test(tests,
		the_beginning_of_a_request_that_the_kernel_did_not_take_is_swallowed_with_it);
}

static void add_expect(TCase *tests)
{
	tcase_add_test(tests, a_refusal_at_the_head_makes_what_follows_a_request);
	tcase_add_test(tests, a_refusal_is_seen_in_pieces_too);
	tcase_add_test(tests, after_100_a_body_that_looks_like_a_request_is_a_body);
	tcase_add_test(tests, a_client_that_does_not_wait_for_100_sends_a_body);
	tcase_add_test(tests, a_fault_at_a_head_that_expects_100_ends_the_connection);
	tcase_add_test(tests, a_body_that_has_begun_with_its_head_goes_on_whatever_the_answer);
	tcase_add_test(tests, the_answer_is_watched_for_a_head_that_came_in_pieces);
	tcase_add_test(tests, the_answer_is_watched_for_a_head_in_several_buffers);
	tcase_add_test(tests, the_answer_to_an_earlier_request_is_no_refusal);
}

static void add_unseen(TCase *tests)
{
	tcase_add_test(tests, a_body_of_known_length_may_pass_unseen);
	tcase_add_test(tests, the_data_of_a_chunk_may_pass_unseen_but_not_its_framing);
	tcase_add_test(tests, a_head_may_not_pass_unseen_nor_a_body_that_is_swallowed_or_expected);
	tcase_add_test(tests, a_request_that_was_completed_past_us_is_left_behind);
	tcase_add_test(tests, an_empty_line_behind_a_body_is_no_request);
}

static void add_drafts(TCase *tests)
{
	tcase_add_test(tests, a_draft_is_only_kept_while_it_is_needed);
	tcase_add_test(tests, a_request_in_one_piece_needs_no_draft);
	tcase_add_test(tests, without_memory_for_a_draft_the_connection_is_a_blind_one);
	tcase_add_test(tests, without_memory_for_a_longer_draft_the_shorter_one_is_given_back);
	tcase_add_test(tests, a_head_that_does_not_end_is_let_go_and_counted);
	tcase_add_test(tests, a_query_call_whose_action_does_not_come_is_decided_on_without);
}

static void add_others(TCase *tests)
{
	tcase_add_loop_test(
		tests, a_stream_that_is_not_http_is_let_go_for_good, 0, COUNT(strangers));
	tcase_add_test(tests, after_connect_the_stream_begins_anew);
	tcase_add_test(tests, after_an_upgrade_anything_may_come);
	tcase_add_test(tests, behind_socks_requests_are_looked_at);
	tcase_add_test(tests, behind_socks_tls_is_found);
	tcase_add_test(tests, a_request_that_does_not_wait_for_the_proxy_is_pipelined);
}

static void add_tls(TCase *tests)
{
	tcase_add_test(tests, a_client_hello_in_pieces_is_told_of_once_and_whole);
	tcase_add_test(tests, what_stands_behind_a_client_hello_is_not_taken_for_plaintext);
	tcase_add_test(tests, a_client_hello_behind_what_is_delayed_waits_with_all_behind_it);
	tcase_add_test(
		tests, what_the_kernel_did_not_take_of_a_hello_is_not_missing_in_the_session);
	tcase_add_test(tests, in_a_session_what_is_delayed_does_not_make_the_exchange_busy);
	tcase_add_test(tests, a_session_inside_of_the_session_makes_the_connection_a_blind_one);
	tcase_add_test(tests, in_a_session_a_reply_makes_the_exchange_busy);
}

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
	static const struct {
		const char *name;
		void (*add)(TCase *tests);
	} parts[] = {
		{"requests", add_requests},
		{"bodies", add_bodies},
		{"pieces", add_pieces},
		{"latency", add_latency},
		{"several", add_several},
		{"partial", add_partial},
		{"expect", add_expect},
		{"unseen", add_unseen},
		{"drafts", add_drafts},
		{"others", add_others},
		{"tls", add_tls},
		{"splits", add_splits},
		{"stack", add_stack},
	};
	Suite *suite = suite_create("exchange");

	for (int i = 0; i < COUNT(parts); i++) {
		TCase *tests = tcase_create(parts[i].name);

		tcase_add_checked_fixture(tests, setup, teardown);
		parts[i].add(tests);
		suite_add_tcase(suite, tests);
	}
	return run_suite(suite);
}

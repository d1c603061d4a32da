/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_calls.h"

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

int main(void)
{
	static const struct exchange_part parts[] = {
		{"requests", add_requests},
		{"bodies", add_bodies},
		{"latency", add_latency},
		{"several", add_several},
	};

	return run_parts("exchange", parts, COUNT(parts));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_calls.h"

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

static void add_partial(TCase *tests)
{
	tcase_add_test(tests, what_the_kernel_did_not_take_is_not_decided_on_again);
	tcase_add_test(tests, what_the_kernel_did_not_take_may_be_offered_in_smaller_pieces);
	tcase_add_test(tests,
		the_beginning_of_a_request_that_the_kernel_did_not_take_is_swallowed_with_it);
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

int main(void)
{
	static const struct exchange_part parts[] = {
		{"pieces", add_pieces},
		{"partial", add_partial},
		{"unseen", add_unseen},
		{"drafts", add_drafts},
	};

	return run_parts("exchange pieces", parts, COUNT(parts));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_calls.h"

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

int main(void)
{
	static const struct exchange_part parts[] = {
		{"expect", add_expect},
	};

	return run_parts("exchange expect", parts, COUNT(parts));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_calls.h"

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

int main(void)
{
	static const struct exchange_part parts[] = {
		{"others", add_others},
		{"tls", add_tls},
	};

	return run_parts("exchange streams", parts, COUNT(parts));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "bridge_peers.h"

static struct peers peers;
static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void begin(void)
{
	peers_begin(&peers);
}

static void end(void)
{
	peers_end(&peers);
}

static void speak(int version)
{
	peers_speak(peers.client_context, version);
	peers_speak(peers.server_context, version);
}

/* A connection, and whether each side of it was resumed. */
static void check_resumed(bool by_program, bool to_server)
{
	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_int_eq(SSL_session_reused(peers.client), by_program);
	ck_assert_int_eq(SSL_session_reused(peers.server), to_server);
}

static void forget(void)
{
	SSL_SESSION_free(peers.session);
	peers.session = NULL;
}

START_TEST(both_sides_are_resumed_again_and_again)
{
	speak(versions[_i]);
	check_resumed(false, false);
	for (int i = 0; i < 10; i++) {
		peers_disconnect(&peers);
		check_resumed(true, true);
		ck_assert_int_eq(SSL_get_verify_result(peers.client), X509_V_OK);
	}
}
END_TEST

START_TEST(a_program_that_does_not_resume_is_shown_the_leaf_of_a_server_that_does)
{
	speak(versions[_i]);
	check_resumed(false, false);
	peers_disconnect(&peers);
	forget();
	check_resumed(false, true);
	ck_assert_int_eq(SSL_get_verify_result(peers.client), X509_V_OK);
	ck_assert_int_eq(X509_check_host(peers_leaf(&peers), "localhost", 0, 0, NULL), 1);
}
END_TEST

static void refuse_sessions(void)
{
	SSL_CTX_set_options(peers.server_context, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(peers.server_context, 0);
	SSL_CTX_set_session_cache_mode(peers.server_context, SSL_SESS_CACHE_OFF);
}

START_TEST(a_program_resumes_where_the_server_does_not)
{
	speak(versions[_i]);
	refuse_sessions();
	check_resumed(false, false);
	peers_disconnect(&peers);
	check_resumed(true, false);
}
END_TEST

START_TEST(a_server_that_keeps_sessions_itself_is_resumed)
{
	speak(versions[_i]);
	SSL_CTX_set_options(peers.server_context, SSL_OP_NO_TICKET);
	check_resumed(false, false);
	peers_disconnect(&peers);
	check_resumed(true, true);
}
END_TEST

START_TEST(the_session_of_one_server_does_not_open_another)
{
	speak(versions[_i]);
	refuse_sessions();
	check_resumed(false, false);
	peers_disconnect(&peers);
	peers_server_is(&peers, &(struct wish){.name = "localhost",
					.names = "DNS:localhost,DNS:other.localhost",
					.ends = 10});
	check_resumed(false, false);
	ck_assert_int_eq(X509_check_host(peers_leaf(&peers), "other.localhost", 0, 0, NULL), 1);
}
END_TEST

START_TEST(the_session_of_a_good_server_does_not_open_a_bad_one)
{
	speak(versions[_i]);
	refuse_sessions();
	check_resumed(false, false);
	peers_disconnect(&peers);
	peers_server_is(&peers,
		&(struct wish){
			.name = "localhost", .names = "DNS:localhost", .begins = -5, .ends = -1});
	peers_shake(&peers);
	ck_assert_int_eq(peers.api->failure(peers.bridge), BRIDGE_PROGRAM_REFUSED);
}
END_TEST

START_TEST(the_session_of_a_bad_server_stays_bad)
{
	speak(versions[_i]);
	peers_server_is(&peers,
		&(struct wish){
			.name = "localhost", .names = "DNS:localhost", .begins = -5, .ends = -1});
	SSL_CTX_set_verify(peers.client_context, SSL_VERIFY_NONE, NULL);
	check_resumed(false, false);
	peers_disconnect(&peers);
	check_resumed(true, false);
	ck_assert_str_eq(peers.api->reason(peers.bridge), "certificate has expired");
	peers_disconnect(&peers);
	forget();
	SSL_CTX_set_verify(peers.client_context, SSL_VERIFY_PEER, NULL);
	peers_shake(&peers);
	ck_assert_int_eq(peers.api->failure(peers.bridge), BRIDGE_PROGRAM_REFUSED);
}
END_TEST

/* With the same key for its tickets, as a server has that is told to read its certificate again. */
START_TEST(the_session_of_a_bad_server_does_not_open_a_mended_one)
{
	speak(versions[_i]);
	peers_server_is(&peers,
		&(struct wish){
			.name = "localhost", .names = "DNS:localhost", .begins = -5, .ends = -1});
	SSL_CTX_set_verify(peers.client_context, SSL_VERIFY_NONE, NULL);
	check_resumed(false, false);
	peers_disconnect(&peers);
	peers_server_is(
		&peers, &(struct wish){.name = "localhost", .names = "DNS:localhost", .ends = 10});
	check_resumed(false, false);
	ck_assert_str_eq(peers.api->reason(peers.bridge), "");
}
END_TEST

START_TEST(another_port_is_another_server)
{
	speak(versions[_i]);
	check_resumed(false, false);
	peers_disconnect(&peers);
	peers.target.port++;
	check_resumed(false, false);
}
END_TEST

START_TEST(without_a_name_the_address_is_the_server)
{
	speak(versions[_i]);
	peers.target.name = "";
	check_resumed(false, false);
	peers_disconnect(&peers);
	check_resumed(true, true);
	peers_disconnect(&peers);
	peers.target.address = "127.0.0.2";
	check_resumed(false, false);
}
END_TEST

START_TEST(more_servers_than_are_remembered_are_served)
{
	char name[32];

	speak(TLS1_3_VERSION);
	SSL_CTX_set_verify(peers.client_context, SSL_VERIFY_NONE, NULL);
	for (unsigned i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "b%u.s3.amazonaws.com", i);
		peers.target.name = name;
		forget();
		check_resumed(false, false);
		peers_disconnect(&peers);
	}
	forget();
	check_resumed(false, true);
}
END_TEST

START_TEST(a_server_that_gives_many_sessions_pushes_out_those_of_no_other)
{
	speak(TLS1_3_VERSION);
	check_resumed(false, false);
	peers_disconnect(&peers);
	peers.target.port++;
	SSL_CTX_set_num_tickets(peers.server_context, 150);
	forget();
	check_resumed(false, false);
	peers_disconnect(&peers);
	peers.target.port--;
	forget();
	check_resumed(false, true);
}
END_TEST

/* A session that allows early data, from the server itself. */
static void meet_server(void)
{
	struct peers direct = peers;
	BIO *ends[2];

	SSL_CTX_set_max_early_data(peers.server_context, 1000);
	SSL_CTX_set_verify(peers.client_context, SSL_VERIFY_NONE, NULL);
	BIO_new_bio_pair(&ends[0], 0, &ends[1], 0);
	direct.client = SSL_new(peers.client_context);
	direct.server = SSL_new(peers.server_context);
	SSL_set_app_data(direct.client, &peers);
	SSL_set_bio(direct.client, ends[0], ends[0]);
	SSL_set_bio(direct.server, ends[1], ends[1]);
	SSL_set_connect_state(direct.client);
	SSL_set_accept_state(direct.server);
	for (int i = 0; i < 10; i++) {
		char byte;

		SSL_do_handshake(direct.client);
		SSL_do_handshake(direct.server);
		SSL_peek(direct.client, &byte, 1);
	}
	peers_disconnect(&direct);
	ck_assert_ptr_nonnull(peers.session);
	ck_assert_uint_eq(SSL_SESSION_get_max_early_data(peers.session), 1000);
}

START_TEST(early_data_for_the_server_itself_is_refused)
{
	speak(TLS1_3_VERSION);
	meet_server();
	peers.early = "early";
	peers_connect(&peers);
	peers_move(&peers);
	ck_assert_int_eq(SSL_get_early_data_status(peers.client), SSL_EARLY_DATA_REJECTED);
	ck_assert(!SSL_session_reused(peers.client));
	peers_exchange(&peers);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bridge_resume");
	TCase *tcase = tcase_create("resume");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, both_sides_are_resumed_again_and_again, 0, 2);
	tcase_add_loop_test(tcase,
		a_program_that_does_not_resume_is_shown_the_leaf_of_a_server_that_does, 0, 2);
	tcase_add_loop_test(tcase, a_program_resumes_where_the_server_does_not, 0, 2);
	tcase_add_loop_test(tcase, a_server_that_keeps_sessions_itself_is_resumed, 0, 2);
	tcase_add_loop_test(tcase, the_session_of_one_server_does_not_open_another, 0, 2);
	tcase_add_loop_test(tcase, the_session_of_a_good_server_does_not_open_a_bad_one, 0, 2);
	tcase_add_loop_test(tcase, the_session_of_a_bad_server_stays_bad, 0, 2);
	tcase_add_loop_test(tcase, the_session_of_a_bad_server_does_not_open_a_mended_one, 0, 2);
	tcase_add_loop_test(tcase, another_port_is_another_server, 0, 2);
	tcase_add_loop_test(tcase, without_a_name_the_address_is_the_server, 0, 2);
	tcase_add_test(tcase, more_servers_than_are_remembered_are_served);
	tcase_add_test(tcase, a_server_that_gives_many_sessions_pushes_out_those_of_no_other);
	tcase_add_test(tcase, early_data_for_the_server_itself_is_refused);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

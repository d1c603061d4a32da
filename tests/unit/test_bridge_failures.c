/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/err.h>
#include <openssl/ssl.h>
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

static void check_failed(enum bridge_failure failure)
{
	char byte;

	ck_assert_int_eq(peers.api->state(peers.bridge), BRIDGE_FAILED);
	ck_assert_int_eq(peers.api->failure(peers.bridge), failure);
	ck_assert_str_ne(peers.api->reason(peers.bridge), "");
	ck_assert(!peers.api->to_server(peers.bridge, "x", 1));
	ck_assert(!peers.api->to_program(peers.bridge, "x", 1));
	ck_assert_int_eq(peers.api->read_program(peers.bridge, &byte, 1), -1);
	ck_assert_int_eq(peers.api->read_server(peers.bridge, &byte, 1), -1);
}

static void check_given(const void *data, size_t len)
{
	struct span given = peers.api->for_program(peers.bridge);

	ck_assert_uint_eq(given.len, len);
	ck_assert_int_eq(memcmp(given.at, data, len), 0);
}

/* What the client says that it has failed by. */
static void check_client(int reason)
{
	peers_move(&peers);
	ck_assert_int_eq(ERR_GET_REASON(peers.client_error), reason);
}

START_TEST(the_program_is_given_the_servers_alert)
{
	char sent[64];
	int len;

	peers_speak(peers.server_context, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(peers.server_context, "AES128-SHA"); /* not of its key */
	peers_connect(&peers);
	peers_server_step(&peers);
	len = BIO_read(SSL_get_wbio(peers.server), sent, sizeof(sent));
	ck_assert_int_eq(len, 7);
	peers.api->from_server(peers.bridge, sent, (size_t)len);
	check_failed(BRIDGE_SERVER_FAILED);
	check_given(sent, (size_t)len);
	check_client(SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
}
END_TEST

START_TEST(the_program_is_given_what_is_no_tls)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

	peers_connect(&peers);
	peers.api->from_server(peers.bridge, answer, 2);
	peers.api->from_server(peers.bridge, answer + 2, sizeof(answer) - 3);
	check_failed(BRIDGE_SERVER_FAILED);
	check_given(answer, sizeof(answer) - 1);
	check_client(SSL_R_WRONG_VERSION_NUMBER);
}
END_TEST

START_TEST(an_old_server_fails_for_the_program)
{
	static const int old[] = {TLS1_VERSION, TLS1_1_VERSION};

	peers_speak(peers.server_context, old[_i]);
	peers_speak(peers.client_context, TLS1_2_VERSION);
	peers_shake(&peers);
	check_failed(BRIDGE_SERVER_FAILED);
	check_client(SSL_R_UNSUPPORTED_PROTOCOL);
}
END_TEST

/* What either side insists on, and what the program says of it without a bridge. */
static const struct insistence {
	int program_version, server_version;
	const char *program_ciphers, *server_ciphers, *program_signatures, *program_groups,
		*server_groups;
	int reason;
} insistences[] = {
	{.program_version = TLS1_3_VERSION,
		.server_version = TLS1_2_VERSION,
		.reason = SSL_R_TLSV1_ALERT_PROTOCOL_VERSION},
	{.program_version = TLS1_2_VERSION,
		.server_version = TLS1_3_VERSION,
		.reason = SSL_R_TLSV1_ALERT_PROTOCOL_VERSION},
	{.server_version = TLS1_2_VERSION,
		.program_ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384",
		.server_ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256",
		.reason = SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE},
	{.program_groups = "P-256",
		.server_groups = "P-384",
		.reason = SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE},
};

static void insist(SSL_CTX *context, int version, const char *ciphers, const char *groups)
{
	if (version)
		peers_speak(context, version);
	if (ciphers)
		ck_assert_int_eq(SSL_CTX_set_cipher_list(context, ciphers), 1);
	if (groups)
		ck_assert_int_eq(SSL_CTX_set1_groups_list(context, groups), 1);
}

START_TEST(a_program_that_insists_on_what_its_server_has_not_fails_as_without_us)
{
	const struct insistence *this = &insistences[_i];

	insist(peers.client_context, this->program_version, this->program_ciphers,
		this->program_groups);
	insist(peers.server_context, this->server_version, this->server_ciphers,
		this->server_groups);
	peers_shake(&peers);
	check_failed(BRIDGE_SERVER_FAILED);
	check_client(this->reason);
}
END_TEST

static EVP_PKEY *show_rsa(void)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);

	X509_set_version(certificate, X509_VERSION_3);
	X509_set_pubkey(certificate, key);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -100);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 1000);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(peers.theirs.certificate));
	X509_sign(certificate, peers.theirs.key, EVP_sha256());
	SSL_CTX_use_certificate(peers.server_context, certificate);
	SSL_CTX_use_PrivateKey(peers.server_context, key);
	X509_free(certificate);
	return key;
}

START_TEST(a_program_that_insists_on_ecdsa_does_not_get_rsa)
{
	SSL_CTX *server = peers.server_context;

	/* Without the good one that it has. */
	peers.server_context = SSL_CTX_new(TLS_server_method());
	EVP_PKEY_free(show_rsa());
	SSL_CTX_set1_sigalgs_list(peers.client_context, "ecdsa_secp256r1_sha256");
	peers_shake(&peers);
	check_failed(BRIDGE_SERVER_FAILED);
	check_client(SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
	SSL_CTX_free(server);
}
END_TEST

/* Its session of a server of RSA is not one that may be resumed for a program that would not have it. */
START_TEST(a_session_is_not_resumed_for_a_program_that_would_not_have_begun_it)
{
	SSL_CTX *server = peers.server_context;

	peers.server_context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_session_id_context(peers.server_context, (const unsigned char *)"s", 1);
	EVP_PKEY_free(show_rsa());
	peers_shake(&peers);
	peers_exchange(&peers);
	peers_disconnect(&peers);
	SSL_SESSION_free(peers.session);
	peers.session = NULL;
	SSL_CTX_set1_sigalgs_list(peers.client_context, "ecdsa_secp256r1_sha256");
	peers_shake(&peers);
	check_failed(BRIDGE_SERVER_FAILED);
	SSL_CTX_free(server);
}
END_TEST

START_TEST(an_old_server_that_answers_all_the_same_fails_for_the_program)
{
	char hello[5 + 4 + 38] = {22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1};

	hello[45] = 0x2f; /* AES128-SHA */
	peers_speak(peers.client_context, TLS1_2_VERSION);
	peers_connect(&peers);
	peers.api->from_server(peers.bridge, hello, sizeof(hello));
	check_failed(BRIDGE_SERVER_FAILED);
	check_given(hello, sizeof(hello));
	check_client(SSL_R_UNSUPPORTED_PROTOCOL);
}
END_TEST

START_TEST(a_server_that_ends_in_its_handshake_has_failed)
{
	peers_connect(&peers);
	peers.api->server_ended(peers.bridge);
	check_failed(BRIDGE_SERVER_FAILED);
	check_given("", 0);
}
END_TEST

START_TEST(an_alert_late_in_the_servers_handshake_reaches_the_program)
{
	static const char alert[] = {21, 3, 3, 0, 2, 2, SSL_AD_ACCESS_DENIED};
	char flight[8192];
	int len;

	peers_speak(peers.server_context, TLS1_2_VERSION);
	peers_connect(&peers);
	peers_server_step(&peers);
	len = BIO_read(SSL_get_wbio(peers.server), flight, sizeof(flight));
	peers.api->from_server(peers.bridge, flight, (size_t)len);
	ck_assert_int_eq(peers.api->state(peers.bridge), BRIDGE_CONNECTING);
	peers.api->from_server(peers.bridge, alert, sizeof(alert));
	check_failed(BRIDGE_SERVER_FAILED);
	check_given(alert, sizeof(alert));
	check_client(SSL_R_TLSV1_ALERT_ACCESS_DENIED);
}
END_TEST

START_TEST(a_server_that_asks_for_a_certificate_is_told_of)
{
	peers_speak(peers.server_context, versions[_i & 1]);
	SSL_CTX_set_verify(peers.server_context,
		SSL_VERIFY_PEER | (_i & 2 ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
	peers_shake(&peers);
	check_failed(BRIDGE_WANTS_CERTIFICATE);
	check_client(SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
}
END_TEST

static int trust_nobody(int ok, X509_STORE_CTX *context)
{
	(void)ok;
	X509_STORE_CTX_set_error(context, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
	return 0;
}

START_TEST(a_program_that_does_not_believe_us_is_told_of)
{
	peers_speak(peers.client_context, versions[_i]);
	SSL_CTX_set_verify(peers.client_context, SSL_VERIFY_PEER, trust_nobody);
	peers_shake(&peers);
	check_failed(BRIDGE_PROGRAM_REFUSED);
	ck_assert_str_eq(peers.api->reason(peers.bridge), "tlsv1 alert unknown ca");
	/* The server sees an end, not a failure. */
	ck_assert_int_eq(SSL_get_shutdown(peers.server), SSL_RECEIVED_SHUTDOWN);
}
END_TEST

static const struct {
	char level, description;
	enum bridge_failure failure;
} alerts[] = {
	{SSL3_AL_FATAL, SSL_AD_BAD_CERTIFICATE, BRIDGE_PROGRAM_REFUSED},
	{SSL3_AL_FATAL, SSL_AD_UNSUPPORTED_CERTIFICATE, BRIDGE_PROGRAM_REFUSED},
	{SSL3_AL_FATAL, SSL_AD_CERTIFICATE_EXPIRED, BRIDGE_PROGRAM_REFUSED},
	{SSL3_AL_FATAL, SSL_AD_CERTIFICATE_UNKNOWN, BRIDGE_PROGRAM_REFUSED},
	{SSL3_AL_FATAL, SSL_AD_UNKNOWN_CA, BRIDGE_PROGRAM_REFUSED},
	{SSL3_AL_WARNING, SSL_AD_CLOSE_NOTIFY, BRIDGE_PROGRAM_REFUSED},
	{SSL3_AL_FATAL, SSL_AD_INTERNAL_ERROR, BRIDGE_PROGRAM_FAILED},
	{SSL3_AL_FATAL, SSL_AD_DECRYPT_ERROR, BRIDGE_PROGRAM_FAILED},
};

START_TEST(the_programs_alert_says_whether_it_is_our_certificate)
{
	const char alert[] = {21, 3, 3, 0, 2, alerts[_i].level, alerts[_i].description};

	peers_speak(peers.client_context, TLS1_2_VERSION);
	peers.deaf = true;
	peers_shake(&peers);
	ck_assert_int_eq(peers.api->state(peers.bridge), BRIDGE_ACCEPTING);
	ck_assert_uint_gt(peers.api->for_program(peers.bridge).len, 0);
	peers.api->from_program(peers.bridge, alert, sizeof(alert));
	check_failed(alerts[_i].failure);
	/* A goodbye. */
	ck_assert_uint_gt(peers.api->for_server(peers.bridge).len, 0);
}
END_TEST

START_TEST(a_program_that_ends_at_our_certificate_refuses_it)
{
	peers.deaf = true;
	peers_shake(&peers);
	peers.api->sent_to_program(peers.bridge, peers.api->for_program(peers.bridge).len);
	peers.api->program_ended(peers.bridge);
	check_failed(BRIDGE_PROGRAM_REFUSED);
	ck_assert_uint_gt(peers.api->for_server(peers.bridge).len, 0);
}
END_TEST

START_TEST(a_program_that_ends_before_our_certificate_does_not_refuse_it)
{
	peers.deaf = true;
	if (_i)
		peers_shake(&peers);
	else
		peers_connect(&peers);
	peers.api->program_ended(peers.bridge);
	check_failed(BRIDGE_PROGRAM_FAILED);
}
END_TEST

START_TEST(a_program_that_ends_without_a_goodbye_has_failed_after_what_it_said)
{
	char data[8];

	peers_shake(&peers);
	SSL_write(peers.client, "last", 4);
	peers_move(&peers);
	peers.api->program_ended(peers.bridge);
	ck_assert_int_eq(SSL_read(peers.server, data, sizeof(data)), 4);
	ck_assert_int_eq(peers.api->read_program(peers.bridge, data, sizeof(data)), -1);
	check_failed(BRIDGE_PROGRAM_FAILED);
}
END_TEST

START_TEST(a_program_that_breaks_off_has_failed)
{
	char byte;

	peers_speak(peers.client_context, TLS1_2_VERSION);
	peers_shake(&peers);
	peers_exchange(&peers);
	peers.api->from_program(peers.bridge, "not a record", 12);
	ck_assert_int_eq(peers.api->read_program(peers.bridge, &byte, 1), -1);
	check_failed(BRIDGE_PROGRAM_FAILED);
}
END_TEST

START_TEST(a_server_that_breaks_off_has_failed_after_what_it_said)
{
	char data[16];

	peers_shake(&peers);
	SSL_write(peers.server, "last", 4);
	peers_move(&peers);
	peers.api->from_server(peers.bridge, "not a record", 12);
	ck_assert_int_eq(peers.api->read_server(peers.bridge, data, sizeof(data)), -1);
	check_failed(BRIDGE_SERVER_FAILED);
	ck_assert_int_eq(SSL_read(peers.client, data, sizeof(data)), 4);
}
END_TEST

/* ---- Hostile peers ---- */

static unsigned random_state;

static char random_byte(void)
{
	return (char)((random_state = random_state * 1103515245 + 12345) >> 16);
}

/* More than any record, now and then with the beginning of one. */
static void fill(char *data, size_t len)
{
	static const char begin[] = {22, 3, 3};

	for (size_t i = 0; i < len; i++)
		data[i] = random_byte();
	if (random_byte() & 1)
		memcpy(data, begin, sizeof(begin));
}

static char noise[80000];

START_TEST(noise_as_a_server_is_a_failure)
{
	random_state = (unsigned)_i;
	fill(noise, sizeof(noise));
	peers_connect(&peers);
	for (size_t at = 0; at < sizeof(noise); at += 1000)
		peers.api->from_server(peers.bridge, noise + at, 1000);
	check_failed(BRIDGE_SERVER_FAILED);
}
END_TEST

START_TEST(noise_as_a_program_is_a_failure)
{
	random_state = (unsigned)_i;
	fill(noise, sizeof(noise));
	peers.deaf = true;
	peers_shake(&peers);
	for (size_t at = 0; at < sizeof(noise); at += 1000)
		peers.api->from_program(peers.bridge, noise + at, 1000);
	check_failed(BRIDGE_PROGRAM_FAILED);
}
END_TEST

START_TEST(noise_after_the_handshakes_is_a_failure)
{
	char data[100];

	random_state = (unsigned)_i;
	fill(noise, sizeof(noise));
	peers_shake(&peers);
	if (_i & 1) {
		peers.api->from_program(peers.bridge, noise, sizeof(noise));
		ck_assert_int_eq(peers.api->read_program(peers.bridge, data, sizeof(data)), -1);
		check_failed(BRIDGE_PROGRAM_FAILED);
	} else {
		peers.api->from_server(peers.bridge, noise, sizeof(noise));
		ck_assert_int_eq(peers.api->read_server(peers.bridge, data, sizeof(data)), -1);
		check_failed(BRIDGE_SERVER_FAILED);
	}
}
END_TEST

START_TEST(one_changed_byte_never_changes_plaintext)
{
	char data[32];
	int len;

	peers_speak(peers.client_context, versions[_i]);
	peers_speak(peers.server_context, versions[_i]);
	for (size_t at = 1; at < 6000; at += 11) {
		SSL_SESSION_free(peers.session);
		peers.session = NULL;
		peers.damage = at;
		peers.moved = 0;
		peers_shake(&peers);
		SSL_write(peers.client, "GET /", 5);
		peers_move(&peers);
		len = SSL_read(peers.server, data, sizeof(data));
		ck_assert(len <= 0 || (len == 5 && memcmp(data, "GET /", 5) == 0));
		peers_disconnect(&peers);
		ERR_clear_error();
	}
}
END_TEST

static TCase *failures(void)
{
	TCase *tcase = tcase_create("failures");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, the_program_is_given_the_servers_alert);
	tcase_add_test(tcase, the_program_is_given_what_is_no_tls);
	tcase_add_loop_test(tcase, an_old_server_fails_for_the_program, 0, 2);
	tcase_add_loop_test(tcase,
		a_program_that_insists_on_what_its_server_has_not_fails_as_without_us, 0,
		(int)(sizeof(insistences) / sizeof(*insistences)));
	tcase_add_test(tcase, a_program_that_insists_on_ecdsa_does_not_get_rsa);
	tcase_add_test(tcase, a_session_is_not_resumed_for_a_program_that_would_not_have_begun_it);
	tcase_add_test(tcase, an_old_server_that_answers_all_the_same_fails_for_the_program);
	tcase_add_test(tcase, a_server_that_ends_in_its_handshake_has_failed);
	tcase_add_test(tcase, an_alert_late_in_the_servers_handshake_reaches_the_program);
	tcase_add_loop_test(tcase, a_server_that_asks_for_a_certificate_is_told_of, 0, 4);
	tcase_add_loop_test(tcase, a_program_that_does_not_believe_us_is_told_of, 0, 2);
	tcase_add_loop_test(
		tcase, the_programs_alert_says_whether_it_is_our_certificate, 0, COUNT(alerts));
	tcase_add_test(tcase, a_program_that_ends_at_our_certificate_refuses_it);
	tcase_add_loop_test(
		tcase, a_program_that_ends_before_our_certificate_does_not_refuse_it, 0, 2);
	tcase_add_test(tcase, a_program_that_ends_without_a_goodbye_has_failed_after_what_it_said);
	tcase_add_test(tcase, a_program_that_breaks_off_has_failed);
	tcase_add_test(tcase, a_server_that_breaks_off_has_failed_after_what_it_said);
	return tcase;
}

static TCase *hostile(void)
{
	TCase *tcase = tcase_create("hostile");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, noise_as_a_server_is_a_failure, 0, 50);
	tcase_add_loop_test(tcase, noise_as_a_program_is_a_failure, 0, 50);
	tcase_add_loop_test(tcase, noise_after_the_handshakes_is_a_failure, 0, 50);
	tcase_add_loop_test(tcase, one_changed_byte_never_changes_plaintext, 0, 2);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("bridge_failures");

	suite_add_tcase(suite, failures());
	suite_add_tcase(suite, hostile());
	return run_suite(suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/x509v3.h>

#include "bridge_peers.h"

static struct peers peers;

static void begin(void)
{
	peers_begin(&peers);
}

static void end(void)
{
	peers_end(&peers);
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void speak(SSL_CTX *context, int version)
{
	SSL_CTX_set_min_proto_version(context, version);
	SSL_CTX_set_max_proto_version(context, version);
}

START_TEST(plaintext_goes_through_whatever_version_each_side_speaks)
{
	speak(peers.client_context, versions[_i & 1]);
	speak(peers.server_context, versions[_i >> 1]);
	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_int_eq(SSL_version(peers.client), versions[_i & 1]);
	ck_assert_int_eq(SSL_version(peers.server), versions[_i >> 1]);
	ck_assert_int_eq(peers.api->failure(peers.bridge), BRIDGE_NO_FAILURE);
	ck_assert_str_eq(peers.api->reason(peers.bridge), "");
}
END_TEST

START_TEST(the_program_is_shown_the_mirror_of_a_good_server)
{
	X509 *leaf;

	peers_shake(&peers);
	leaf = peers_leaf(&peers);
	ck_assert_int_eq(SSL_get_verify_result(peers.client), X509_V_OK);
	ck_assert_int_eq(X509_check_host(leaf, "localhost", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_ip_asc(leaf, "127.0.0.1", 0), 1);
	ck_assert_int_eq(X509_check_issued(peers.ours.certificate, leaf), X509_V_OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bridge");
	TCase *tcase = tcase_create("handshakes");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, plaintext_goes_through_whatever_version_each_side_speaks, 0, 4);
	tcase_add_test(tcase, the_program_is_shown_the_mirror_of_a_good_server);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

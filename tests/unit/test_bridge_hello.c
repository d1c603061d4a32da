/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/ssl.h>
#include <string.h>

#include "shim/bridge/bridge.h"
#include "suite.h"

#define HELLO_MAX 4096

static const struct bridge_api *api;
static SSL_CTX *context;

static void begin(void)
{
	api = bridge_api(BRIDGE_VERSION);
	context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_security_level(context, 0);
}

static void end(void)
{
	SSL_CTX_free(context);
}

/* What a client of this context says first. */
static size_t make_hello(char data[HELLO_MAX])
{
	SSL *client = SSL_new(context);
	int len;

	SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(client);
	SSL_do_handshake(client);
	len = BIO_read(SSL_get_wbio(client), data, HELLO_MAX);
	ck_assert_int_gt(len, 0);
	SSL_free(client);
	return (size_t)len;
}

static void check(const char *wanted)
{
	char data[HELLO_MAX];
	size_t len = make_hello(data);
	const char *reason;

	ck_assert_int_eq(api->takes(data, len, &reason), !wanted);
	if (wanted)
		ck_assert_str_eq(reason, wanted);
}

static void offer(const char *protocols)
{
	SSL_CTX_set_alpn_protos(
		context, (const unsigned char *)protocols, (unsigned)strlen(protocols));
}

START_TEST(a_usual_hello_is_taken)
{
	check(NULL);
}
END_TEST

START_TEST(a_hello_of_tls_1_2_is_taken)
{
	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	check(NULL);
}
END_TEST

START_TEST(a_hello_of_tls_1_3_alone_is_taken)
{
	SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	check(NULL);
}
END_TEST

START_TEST(older_versions_are_not_taken)
{
	SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
	check("offers nothing newer than TLS 1.1");
}
END_TEST

START_TEST(http_1_1_is_taken_beside_h2)
{
	offer("\x02h2\x08http/1.1");
	check(NULL);
}
END_TEST

START_TEST(h2_alone_is_not_taken)
{
	offer("\x02h2");
	check("does not offer http/1.1");
}
END_TEST

START_TEST(a_client_that_takes_rsa_alone_is_not_taken)
{
	SSL_CTX_set1_sigalgs_list(context, "RSA-PSS+SHA256:RSA+SHA256");
	check("takes no certificate of ECDSA");
}
END_TEST

START_TEST(ciphers_of_rsa_alone_are_not_taken)
{
	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(context, "ECDHE-RSA-AES128-GCM-SHA256");
	check("takes no certificate of ECDSA");
}
END_TEST

START_TEST(in_tls_1_2_the_curve_of_our_key_must_be_taken)
{
	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set1_groups_list(context, "X25519:P-384");
	check("takes no certificate of ECDSA");
}
END_TEST

START_TEST(in_tls_1_3_any_group_of_ours_will_do)
{
	SSL_CTX_set1_groups_list(context, "P-384");
	check(NULL);
}
END_TEST

START_TEST(groups_that_we_do_not_have_are_not_taken)
{
	SSL_CTX_set1_groups_list(context, "ffdhe2048");
	check("offers no cipher of ours");
}
END_TEST

START_TEST(a_hello_cut_off_anywhere_is_not_whole)
{
	char data[HELLO_MAX];
	size_t len = make_hello(data);
	const char *reason;

	for (size_t cut = 0; cut < len; cut++) {
		ck_assert(!api->takes(data, cut, &reason));
		ck_assert_str_eq(reason, "not a whole ClientHello");
	}
}
END_TEST

START_TEST(a_hello_may_come_in_several_records_with_early_data_after_it)
{
	char data[HELLO_MAX], records[3 * HELLO_MAX], *to = records;
	size_t len = make_hello(data), part;
	const char *reason;

	for (size_t at = 5; at < len; at += part) {
		part = len - at < 3 ? len - at : 3;
		memcpy(to, (char[]){22, 3, 1, 0, (char)part}, 5);
		memcpy(to + 5, data + at, part);
		to += 5 + part;
	}
	memcpy(to, "\x17\x03\x03\0\1x", 6);
	ck_assert(api->takes(records, (size_t)(to - records), &reason));
	ck_assert(api->takes(records, (size_t)(to + 6 - records), &reason));
	ck_assert(!api->takes(records, (size_t)(to - 1 - records), &reason));
}
END_TEST

START_TEST(what_is_no_hello_is_not_taken)
{
	static const struct span others[] = {{"", 0}, {"GET / HTTP/1.1\r\n\r\n", 18},
		{"\x15\3\3\0\2\2\x28", 7}, {"\x16\3\3\0\4\2\0\0\0", 9},
		{"\x16\3\3\0\0\x16\3\3\0\0", 10}};
	const char *reason;

	ck_assert(!api->takes(others[_i].at, others[_i].len, &reason));
	ck_assert_str_eq(reason, "not a whole ClientHello");
}
END_TEST

/* Any answer will do; the sanitizers look for what it took to find it. */
START_TEST(a_hello_with_a_changed_byte_is_answered)
{
	char data[HELLO_MAX];
	size_t len = make_hello(data);
	const char *reason;
	char was;

	for (size_t i = 0; i < len; i++)
		for (int change = 1; change < 256; change += 7) {
			was = data[i];
			data[i] ^= (char)change;
			ck_assert_int_eq(api->takes(data, len, &reason), reason == NULL);
			data[i] = was;
		}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bridge_hello");
	TCase *tcase = tcase_create("hello");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, a_usual_hello_is_taken);
	tcase_add_test(tcase, a_hello_of_tls_1_2_is_taken);
	tcase_add_test(tcase, a_hello_of_tls_1_3_alone_is_taken);
	tcase_add_test(tcase, older_versions_are_not_taken);
	tcase_add_test(tcase, http_1_1_is_taken_beside_h2);
	tcase_add_test(tcase, h2_alone_is_not_taken);
	tcase_add_test(tcase, a_client_that_takes_rsa_alone_is_not_taken);
	tcase_add_test(tcase, ciphers_of_rsa_alone_are_not_taken);
	tcase_add_test(tcase, in_tls_1_2_the_curve_of_our_key_must_be_taken);
	tcase_add_test(tcase, in_tls_1_3_any_group_of_ours_will_do);
	tcase_add_test(tcase, groups_that_we_do_not_have_are_not_taken);
	tcase_add_test(tcase, a_hello_cut_off_anywhere_is_not_whole);
	tcase_add_test(tcase, a_hello_may_come_in_several_records_with_early_data_after_it);
	tcase_add_loop_test(tcase, what_is_no_hello_is_not_taken, 0, 5);
	tcase_add_test(tcase, a_hello_with_a_changed_byte_is_answered);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* The client is refused, or it looks away and the exchange goes on. */
static void check_refused_as(enum bridge_server server, const char *reason)
{
	peers_shake(&peers);
	ck_assert_int_eq(peers.api->state(peers.bridge), BRIDGE_FAILED);
	ck_assert_int_eq(peers.api->failure(peers.bridge), BRIDGE_PROGRAM_REFUSED);
	ck_assert_int_eq(peers.api->server(peers.bridge), server);
	ck_assert_int_ne(SSL_get_verify_result(peers.client), X509_V_OK);
	peers_disconnect(&peers);
	SSL_CTX_set_verify(peers.client_context, SSL_VERIFY_NONE, NULL);
	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_int_eq(peers.api->server(peers.bridge), server);
	ck_assert_str_eq(peers.api->reason(peers.bridge), reason);
}

/* Whoever knows its authority would not. */
static void check_bad(const char *reason)
{
	check_refused_as(BRIDGE_SERVER_BAD, reason);
}

static void check_refused(const char *reason)
{
	check_refused_as(BRIDGE_SERVER_DOUBTED, reason);
}

/* What the names of the leaf and of its issuer say. */
static void check_name(X509_NAME *name, const char *wanted)
{
	char text[256];

	X509_NAME_oneline(name, text, sizeof(text));
	ck_assert_str_eq(text, wanted);
}

START_TEST(the_program_is_shown_the_mirror_of_a_good_server)
{
	X509 *leaf;

	peers_shake(&peers);
	leaf = peers_leaf(&peers);
	ck_assert_int_eq(peers.api->server(peers.bridge), BRIDGE_SERVER_GOOD);
	ck_assert_int_eq(SSL_get_verify_result(peers.client), X509_V_OK);
	ck_assert_int_eq(X509_check_host(leaf, "localhost", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_issued(peers.ours.certificate, leaf), X509_V_OK);
	check_name(X509_get_subject_name(leaf), "/CN=localhost");
	ck_assert(X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE);
	ck_assert_uint_eq(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
	ck_assert_int_eq(X509_check_ca(leaf), 0);
}
END_TEST

START_TEST(a_leaf_is_valid_while_the_server_and_the_authority_are)
{
	X509 *server, *leaf;

	peers_server_is(&peers,
		&(struct wish){
			.name = "localhost", .names = "DNS:localhost", .begins = -10, .ends = 60});
	peers_shake(&peers);
	leaf = peers_leaf(&peers);
	server = SSL_get_certificate(peers.server);
	ck_assert_int_gt(
		ASN1_TIME_compare(X509_get0_notBefore(leaf), X509_get0_notBefore(server)), 0);
	ck_assert_int_eq(ASN1_TIME_compare(X509_get0_notBefore(leaf),
				 X509_get0_notBefore(peers.ours.certificate)),
		0);
	ck_assert_int_eq(ASN1_TIME_compare(X509_get0_notAfter(leaf),
				 X509_get0_notAfter(peers.ours.certificate)),
		0);
}
END_TEST

/* Not every TLS library takes a certificate with both an address and constraints on addresses. */
START_TEST(addresses_are_shown_to_a_program_that_does_not_ask_for_a_name)
{
	X509 *leaf;

	peers_shake(&peers);
	leaf = peers_leaf(&peers);
	ck_assert_int_eq(X509_check_ip_asc(leaf, "127.0.0.1", 0), 0);
	peers_disconnect(&peers);
	peers.target.name = "";
	peers_shake(&peers);
	leaf = peers_leaf(&peers);
	ck_assert_int_eq(X509_check_ip_asc(leaf, "127.0.0.1", 0), 1);
	ck_assert_int_eq(X509_check_host(leaf, "localhost", 0, 0, NULL), 1);
}
END_TEST

START_TEST(names_that_the_authority_may_not_vouch_for_are_left_out)
{
	X509 *leaf;

	peers.target.name = "";
	peers_server_is(&peers, &(struct wish){.name = "localhost",
					.names = "DNS:example.org,DNS:localhost,IP:10.0.0.1,"
						 "DNS:*.s3.amazonaws.com,IP:127.0.0.1",
					.ends = 10});
	peers_shake(&peers);
	peers_exchange(&peers);
	leaf = peers_leaf(&peers);
	ck_assert_int_eq(X509_check_host(leaf, "b.s3.amazonaws.com", 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_ip_asc(leaf, "127.0.0.1", 0), 1);
	ck_assert_int_eq(X509_check_host(leaf, "example.org", 0, 0, NULL), 0);
	ck_assert_int_eq(X509_check_ip_asc(leaf, "10.0.0.1", 0), 0);
}
END_TEST

START_TEST(a_common_name_that_the_authority_may_not_vouch_for_is_left_out)
{
	peers_server_is(&peers, &(struct wish){.name = "example.org",
					.names = "DNS:example.org,DNS:localhost",
					.ends = 10});
	peers_shake(&peers);
	peers_exchange(&peers);
	check_name(X509_get_subject_name(peers_leaf(&peers)), "");
}
END_TEST

/* Node and others go by the common name where there is no other. */
START_TEST(a_server_with_names_never_gives_a_leaf_without_any)
{
	static const char *const names[] = {
		"DNS:example.org", "DNS:example.org,IP:127.0.0.1", "IP:127.0.0.1", "IP:10.0.0.1"};
	X509 *leaf;

	peers_server_is(&peers,
		&(struct wish){.name = "localhost", .names = names[_i], .begins = -10, .ends = 10});
	SSL_CTX_set_verify(peers.client_context, SSL_VERIFY_NONE, NULL);
	peers_shake(&peers);
	leaf = peers_leaf(&peers);
	ck_assert_int_ge(X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1), 0);
	/* As of the server itself. */
	ck_assert_int_eq(X509_check_host(leaf, "localhost", 0, 0, NULL), _i >= 2);
	ck_assert_int_eq(SSL_get_verify_result(peers.client),
		_i < 2 ? X509_V_ERR_HOSTNAME_MISMATCH : X509_V_OK);
}
END_TEST

START_TEST(a_server_without_names_gives_a_leaf_without_names)
{
	peers_server_is(&peers, &(struct wish){.name = "localhost", .ends = 10});
	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_int_eq(X509_get_ext_by_NID(peers_leaf(&peers), NID_subject_alt_name, -1), -1);
}
END_TEST

START_TEST(a_server_of_another_name_fails_where_the_name_is_checked)
{
	peers_server_is(&peers,
		&(struct wish){
			.name = "a.amazonaws.com", .names = "DNS:a.amazonaws.com", .ends = 10});
	peers_shake(&peers);
	ck_assert_int_eq(SSL_get_verify_result(peers.client), X509_V_ERR_HOSTNAME_MISMATCH);
	ck_assert_int_eq(peers.api->failure(peers.bridge), BRIDGE_PROGRAM_REFUSED);
	ck_assert_int_eq(peers.api->server(peers.bridge), BRIDGE_SERVER_BAD);
}
END_TEST

START_TEST(a_server_of_an_authority_that_has_expired_is_doubted)
{
	struct identity between = identity_make(&(struct wish){.name = "Between",
		.authority = true,
		.issuer = &peers.theirs,
		.begins = -10,
		.ends = -1});

	peers_server_is(&peers, &(struct wish){.name = "localhost",
					.names = "DNS:localhost",
					.issuer = &between,
					.ends = 10});
	SSL_CTX_add1_chain_cert(peers.server_context, between.certificate);
	check_refused("certificate has expired");
	identity_free(&between);
}
END_TEST

START_TEST(an_expired_server_fails_where_it_is_verified)
{
	peers_server_is(&peers,
		&(struct wish){
			.name = "localhost", .names = "DNS:localhost", .begins = -10, .ends = -1});
	check_bad("certificate has expired");
	check_name(
		X509_get_issuer_name(peers_leaf(&peers)), "/CN=chaos-run: certificate has expired");
	check_name(X509_get_subject_name(peers_leaf(&peers)), "/CN=localhost");
}
END_TEST

START_TEST(a_server_that_is_not_valid_yet_fails_where_it_is_verified)
{
	peers_server_is(&peers,
		&(struct wish){
			.name = "localhost", .names = "DNS:localhost", .begins = 1, .ends = 10});
	check_bad("certificate is not yet valid");
}
END_TEST

START_TEST(a_self_signed_server_fails_as_one_where_it_is_verified)
{
	struct identity alone = identity_make(
		&(struct wish){.name = "localhost", .names = "DNS:localhost", .ends = 10});

	SSL_CTX_use_certificate(peers.server_context, alone.certificate);
	SSL_CTX_use_PrivateKey(peers.server_context, alone.key);
	check_refused("self-signed certificate");
	ck_assert_int_eq(
		SSL_get_verify_result(peers.client), X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
	check_name(X509_get_subject_name(peers_leaf(&peers)),
		"/CN=localhost/O=chaos-run: self-signed certificate");
	identity_free(&alone);
}
END_TEST

static struct identity server_of_nobody(void)
{
	struct identity nobody =
		identity_make(&(struct wish){.name = "Nobody", .authority = true, .ends = 10});

	peers_server_is(&peers, &(struct wish){.name = "localhost",
					.names = "DNS:localhost",
					.issuer = &nobody,
					.ends = 10});
	return nobody;
}

START_TEST(a_server_of_an_unknown_authority_fails_where_it_is_verified)
{
	struct identity nobody = server_of_nobody();

	check_refused("unable to get local issuer certificate");
	identity_free(&nobody);
}
END_TEST

START_TEST(a_server_that_sends_an_unknown_root_fails_as_it_would_have)
{
	struct identity nobody = server_of_nobody();

	SSL_CTX_add1_chain_cert(peers.server_context, nobody.certificate);
	check_refused("self-signed certificate in certificate chain");
	ck_assert_int_eq(SSL_get_verify_result(peers.client), X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
	identity_free(&nobody);
}
END_TEST

START_TEST(a_certificate_that_is_none_of_a_server_fails_where_it_is_verified)
{
	peers_server_is(&peers, &(struct wish){.name = "localhost",
					.names = "DNS:localhost",
					.use = "clientAuth",
					.ends = 10});
	check_bad("unsuitable certificate purpose");
}
END_TEST

/* The server is of an authority that `theirs` vouches for. */
static struct identity server_of_between(void)
{
	struct identity between = identity_make(&(struct wish){
		.name = "Between", .authority = true, .issuer = &peers.theirs, .ends = 10});

	peers_server_is(&peers, &(struct wish){.name = "localhost",
					.names = "DNS:localhost",
					.issuer = &between,
					.ends = 10});
	return between;
}

START_TEST(a_server_with_its_chain_is_good)
{
	struct identity between = server_of_between();

	SSL_CTX_add1_chain_cert(peers.server_context, between.certificate);
	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_str_eq(peers.api->reason(peers.bridge), "");
	identity_free(&between);
}
END_TEST

START_TEST(the_mirror_of_one_certificate_is_made_anew_for_another_outcome)
{
	struct identity between = server_of_between();

	SSL_CTX_set_options(peers.server_context, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(peers.server_context, 0);
	SSL_CTX_add1_chain_cert(peers.server_context, between.certificate);
	peers_shake(&peers);
	peers_exchange(&peers);
	peers_disconnect(&peers);
	SSL_CTX_clear_chain_certs(peers.server_context);
	check_refused("unable to get local issuer certificate");
	identity_free(&between);
}
END_TEST

/* ---- Bundles ---- */

static void check_trusted(const char *bundle)
{
	const char *path = bundle ? strdup(peers_path(&peers, bundle)) : NULL;
	const char *const bundles[] = {"/nonexistent", path, NULL};

	peers_trust(&peers, bundles);
	free((char *)path);
	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_str_eq(peers.api->reason(peers.bridge), "");
	ck_assert_int_eq(SSL_get_verify_result(peers.client), X509_V_OK);
}

static void write_bytes(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, len, file), len);
	fclose(file);
}

START_TEST(a_bundle_may_be_given_when_bridges_have_been_there)
{
	static const char *const none[] = {NULL};
	static char content[1 << 16];
	FILE *file = fopen(peers_path(&peers, "theirs.pem"), "r");
	size_t len;

	peers_trust(&peers, none);
	peers_shake(&peers);
	ck_assert_int_eq(peers.api->failure(peers.bridge), BRIDGE_PROGRAM_REFUSED);
	peers_disconnect(&peers);
	len = fread(content, 1, sizeof(content), file);
	fclose(file);
	peers.api->believe(peers.maker, SPAN("no list"));
	for (int i = 0; i < 2; i++)
		peers.api->believe(peers.maker, (struct span){content, len});
	peers_shake(&peers);
	peers_exchange(&peers);
	ck_assert_str_eq(peers.api->reason(peers.bridge), "");
	ck_assert_int_eq(SSL_get_verify_result(peers.client), X509_V_OK);
}
END_TEST

START_TEST(without_its_bundle_the_server_is_not_believed)
{
	static const char *const none[] = {NULL};

	peers_trust(&peers, none);
	check_refused("unable to get local issuer certificate");
}
END_TEST

START_TEST(a_pem_file_may_hold_other_things_and_other_certificates)
{
	const char *path = peers_path(&peers, "bundle.pem");
	FILE *file = fopen(path, "w");

	fputs("# Ours\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", file);
	PEM_write_X509(file, peers.ours.certificate);
	PEM_write_PrivateKey(file, peers.ours.key, NULL, NULL, 0, NULL, NULL);
	PEM_write_X509_AUX(file, peers.theirs.certificate);
	fclose(file);
	check_trusted("bundle.pem");
}
END_TEST

START_TEST(the_servers_own_certificate_may_be_trusted)
{
	struct identity alone = identity_make(
		&(struct wish){.name = "localhost", .names = "DNS:localhost", .ends = 10});

	SSL_CTX_use_certificate(peers.server_context, alone.certificate);
	SSL_CTX_use_PrivateKey(peers.server_context, alone.key);
	identity_write(&alone, peers_path(&peers, "alone.pem"), NULL);
	check_trusted("alone.pem");
	identity_free(&alone);
}
END_TEST

START_TEST(an_authority_that_is_no_root_may_be_trusted)
{
	struct identity between = server_of_between();

	identity_write(&between, peers_path(&peers, "between.pem"), NULL);
	check_trusted("between.pem");
	identity_free(&between);
}
END_TEST

START_TEST(an_authority_whose_name_is_spelt_otherwise_is_found)
{
	struct identity other = identity_make(
		&(struct wish){.name = "THEIRS  ", .authority = true, .begins = -1, .ends = 10});

	/* The same key under a name that is the same but for its spelling. */
	X509_set_pubkey(other.certificate, peers.theirs.key);
	while (X509_get_ext_count(other.certificate) > 1)
		X509_EXTENSION_free(X509_delete_ext(other.certificate, 1));
	X509_sign(other.certificate, other.key, EVP_sha256());
	identity_write(&other, peers_path(&peers, "other.pem"), NULL);
	check_trusted("other.pem");
	identity_free(&other);
}
END_TEST

START_TEST(a_folder_is_looked_into_by_hash)
{
	char path[256];
	unsigned long hash = X509_subject_name_hash(peers.theirs.certificate);

	strcpy(path, peers_path(&peers, "certs"));
	mkdir(path, 0700);
	/* Another one of the same hash stands before it. */
	snprintf(path + strlen(path), 64, "/%08lx.0", hash);
	identity_write(&peers.ours, path, NULL);
	path[strlen(path) - 1] = '1';
	identity_write(&peers.theirs, path, NULL);
	check_trusted("certs");
}
END_TEST

static uint8_t *put(uint8_t *to, size_t number, int width)
{
	while (width--)
		*to++ = (uint8_t)(number >> 8 * width);
	return to;
}

static uint8_t *put_certificate(uint8_t *to, X509 *certificate)
{
	int len = i2d_X509(certificate, NULL);

	to = put(to, 5, 2);
	memcpy(to, "X.509", 5);
	to = put(to + 5, (size_t)len, 4);
	i2d_X509(certificate, &to);
	return to;
}

static uint8_t *put_entry(uint8_t *to, size_t type)
{
	to = put(to, type, 4);
	to = put(to, 1, 2);
	*to++ = 'a';
	return put(to, 0, 8);
}

/* A store of Java's: a key with its certificate, and two certificates that are trusted. */
static size_t make_jks(uint8_t *store)
{
	uint8_t *at = put(store, 0xfeedfeed, 4);

	at = put(put(at, 2, 4), 3, 4);
	at = put_entry(at, 1);
	at = put(put(at, 3, 4), 0, 3);
	at = put_certificate(put(at, 1, 4), peers.ours.certificate);
	at = put_certificate(put_entry(at, 2), peers.ours.certificate);
	at = put_certificate(put_entry(at, 2), peers.theirs.certificate);
	return (size_t)(at + 20 - store);
}

START_TEST(a_store_of_java_is_read)
{
	uint8_t store[8192] = {0};
	size_t len = make_jks(store);

	write_bytes(peers_path(&peers, "trust.jks"), store, len);
	check_trusted("trust.jks");
}
END_TEST

START_TEST(a_store_of_java_cut_off_anywhere_is_read_as_far_as_it_goes)
{
	uint8_t store[8192] = {0};
	size_t len = make_jks(store);
	const char *bundles[] = {NULL, NULL};

	bundles[0] = strdup(peers_path(&peers, "trust.jks"));
	SSL_CTX_set_verify(peers.client_context, SSL_VERIFY_NONE, NULL);
	for (size_t cut = 0; cut < len; cut += 41) {
		write_bytes(bundles[0], store, cut);
		peers_trust(&peers, bundles);
		peers_shake(&peers);
		peers_exchange(&peers);
		peers_disconnect(&peers);
		SSL_SESSION_free(peers.session);
		peers.session = NULL;
	}
	free((char *)bundles[0]);
}
END_TEST

static void write_pkcs12(const char *password, bool encrypted)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	STACK_OF(PKCS7) *parts = NULL;
	PKCS12 *store;
	FILE *file = fopen(peers_path(&peers, "trust.p12"), "w");

	PKCS12_add_cert(&bags, peers.theirs.certificate);
	PKCS12_add_safe(
		&parts, bags, encrypted ? NID_aes_256_cbc : -1, 2048, encrypted ? password : NULL);
	store = PKCS12_add_safes(parts, 0);
	if (encrypted)
		PKCS12_set_mac(store, password, -1, NULL, 0, 2048, NULL);
	i2d_PKCS12_fp(file, store);
	fclose(file);
	PKCS12_free(store);
	sk_PKCS7_pop_free(parts, PKCS7_free);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

START_TEST(a_pkcs12_store_without_a_password_is_read)
{
	write_pkcs12(NULL, false);
	check_trusted("trust.p12");
}
END_TEST

START_TEST(a_pkcs12_store_with_javas_password_is_read)
{
	write_pkcs12("changeit", true);
	check_trusted("trust.p12");
}
END_TEST

START_TEST(a_pkcs12_store_with_an_empty_password_is_read)
{
	write_pkcs12("", true);
	check_trusted("trust.p12");
}
END_TEST

/* ---- The authority ---- */

static void check_not_made(const char *certificate, const char *key, const char *wanted)
{
	const char *reason = NULL;
	char paths[2][256];
	struct bridge_settings settings = {paths[0], paths[1], NULL, NULL};

	strcpy(paths[0], peers_path(&peers, certificate));
	strcpy(paths[1], peers_path(&peers, key));
	ck_assert_ptr_null(peers.api->make(&settings, &reason));
	ck_assert_str_eq(reason, wanted);
}

START_TEST(an_authority_that_cannot_be_read_is_told_of)
{
	check_not_made("none.pem", "ours.key", "the authority's certificate cannot be read");
	check_not_made("ours.pem", "none.key", "the authority's key cannot be read");
	check_not_made("ours.pem", "ours.pem", "the authority's key cannot be read");
	check_not_made(
		"theirs.pem", "ours.key", "the authority's key is not that of its certificate");
}
END_TEST

static TCase *mirrors(void)
{
	TCase *tcase = tcase_create("mirrors");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, the_program_is_shown_the_mirror_of_a_good_server);
	tcase_add_test(tcase, a_leaf_is_valid_while_the_server_and_the_authority_are);
	tcase_add_test(tcase, addresses_are_shown_to_a_program_that_does_not_ask_for_a_name);
	tcase_add_test(tcase, names_that_the_authority_may_not_vouch_for_are_left_out);
	tcase_add_test(tcase, a_common_name_that_the_authority_may_not_vouch_for_is_left_out);
	tcase_add_loop_test(tcase, a_server_with_names_never_gives_a_leaf_without_any, 0, 4);
	tcase_add_test(tcase, a_server_without_names_gives_a_leaf_without_names);
	tcase_add_test(tcase, a_server_of_another_name_fails_where_the_name_is_checked);
	tcase_add_test(tcase, a_server_of_an_authority_that_has_expired_is_doubted);
	tcase_add_test(tcase, an_expired_server_fails_where_it_is_verified);
	tcase_add_test(tcase, a_server_that_is_not_valid_yet_fails_where_it_is_verified);
	tcase_add_test(tcase, a_self_signed_server_fails_as_one_where_it_is_verified);
	tcase_add_test(tcase, a_server_of_an_unknown_authority_fails_where_it_is_verified);
	tcase_add_test(tcase, a_server_that_sends_an_unknown_root_fails_as_it_would_have);
	tcase_add_test(tcase, a_certificate_that_is_none_of_a_server_fails_where_it_is_verified);
	tcase_add_test(tcase, a_server_with_its_chain_is_good);
	tcase_add_test(tcase, the_mirror_of_one_certificate_is_made_anew_for_another_outcome);
	return tcase;
}

static TCase *bundles(void)
{
	TCase *tcase = tcase_create("bundles");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_bundle_may_be_given_when_bridges_have_been_there);
	tcase_add_test(tcase, without_its_bundle_the_server_is_not_believed);
	tcase_add_test(tcase, a_pem_file_may_hold_other_things_and_other_certificates);
	tcase_add_test(tcase, the_servers_own_certificate_may_be_trusted);
	tcase_add_test(tcase, an_authority_that_is_no_root_may_be_trusted);
	tcase_add_test(tcase, an_authority_whose_name_is_spelt_otherwise_is_found);
	tcase_add_test(tcase, a_folder_is_looked_into_by_hash);
	tcase_add_test(tcase, a_store_of_java_is_read);
	tcase_add_test(tcase, a_store_of_java_cut_off_anywhere_is_read_as_far_as_it_goes);
	tcase_add_test(tcase, a_pkcs12_store_without_a_password_is_read);
	tcase_add_test(tcase, a_pkcs12_store_with_javas_password_is_read);
	tcase_add_test(tcase, a_pkcs12_store_with_an_empty_password_is_read);
	tcase_add_test(tcase, an_authority_that_cannot_be_read_is_told_of);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("bridge_trust");

	suite_add_tcase(suite, mirrors());
	suite_add_tcase(suite, bundles());
	return run_suite(suite);
}

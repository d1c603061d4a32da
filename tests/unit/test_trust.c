/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "shim/trust/known.h"
#include "shim/trust/pem.h"
#include "suite.h"

static const char *const NOBODY[] = {NULL};

#define OURS  "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----"
#define OTHER "-----BEGIN CERTIFICATE-----\nothers==\n-----END CERTIFICATE-----"

/* ---- paths ---- */

static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/usr/lib/ssl/cert.pem",
	"/venv/lib/python3.11/site-packages/certifi/cacert.pem",
	"/venv/lib/python3.11/site-packages/pip/_vendor/certifi/cacert.pem",
	"/venv/lib/python3.11/site-packages/botocore/cacert.pem",
	"certifi/cacert.pem",
	"/usr/lib/jvm/java-17-openjdk-amd64/lib/security/cacerts",
	"/usr/lib/jvm/java-8-openjdk-amd64/jre/lib/security/jssecacerts",
	"/etc/ssl/certs/java/cacerts",
};

START_TEST(where_systems_and_libraries_keep_theirs_is_known)
{
	struct known known = {.count = 0};

	ck_assert_msg(known_has(&known, bundles[_i]), "%s", bundles[_i]);
}
END_TEST

static const char *const others[] = {
	"",
	"/",
	".pem",
	"cacert.pem",
	"/home/cacert.pem",
	"/home/cacerts",
	"/home/uncertifi/cacert.pem",
	"/certifi/cacert.pem/",
	"/certifi/cacert.pem.old",
	"/etc/ssl/certs/ISRG_Root_X1.pem",
	"/etc/ssl/private/key.pem",
};

START_TEST(other_paths_are_not)
{
	struct known known = {.count = 0};

	ck_assert_msg(!known_has(&known, others[_i]), "%s", others[_i]);
}
END_TEST

static const char *const variables[] = {
	"AWS_CA_BUNDLE",
	"SSL_CERT_FILE",
	"REQUESTS_CA_BUNDLE",
	"CURL_CA_BUNDLE",
	"NODE_EXTRA_CA_CERTS",
	"DENO_CERT",
	"PERL_LWP_SSL_CA_FILE",
	"CARGO_HTTP_CAINFO",
	"GIT_SSL_CAINFO",
	"PIP_CERT",
};

START_TEST(what_a_variable_names_is_known)
{
	struct known known = {.count = 0};

	clearenv();
	setenv(variables[_i], "/my/own", 1);
	known_read(&known, (char *const *)NOBODY);
	ck_assert(known_has(&known, "/my/own"));
	ck_assert(!known_has(&known, "/my/own2"));
	ck_assert(!known_has(&known, "/my/OWN"));
	ck_assert(!known_has(&known, ""));
}
END_TEST

START_TEST(what_others_name_or_nothing_is_not)
{
	struct known known = {.count = 0};

	clearenv();
	setenv("SSL_CERT_FILES", "/one", 1);
	setenv("ssl_cert_file", "/two", 1);
	setenv("SSL_CERT_FILE", "", 1);
	known_read(&known, (char *const *)NOBODY);
	ck_assert_uint_eq(known.count, 0);
}
END_TEST

START_TEST(a_path_that_two_variables_name_takes_one_place)
{
	struct known known = {.count = 0};

	clearenv();
	setenv("SSL_CERT_FILE", "/my/own", 1);
	setenv("AWS_CA_BUNDLE", "/my/own", 1);
	setenv("PIP_CERT", "/my/other", 1);
	known_read(&known, (char *const *)NOBODY);
	ck_assert_uint_eq(known.count, 2);
	ck_assert(known_has(&known, "/my/own"));
	ck_assert(known_has(&known, "/my/other"));
}
END_TEST

START_TEST(a_path_that_there_is_no_room_for_is_left_out)
{
	static char path[2 * sizeof(((struct known *)0)->text)];
	struct known known = {.count = 0};

	clearenv();
	memset(path, 'a', sizeof(path) - 1);
	setenv("SSL_CERT_FILE", path, 1);
	setenv("AWS_CA_BUNDLE", "/my/own", 1);
	known_read(&known, (char *const *)NOBODY);
	ck_assert(!known_has(&known, path));
	ck_assert(known_has(&known, "/my/own"));
}
END_TEST

static const char *const java[] = {"/usr/bin/java", "-cp", "a",
	"-Djavax.net.ssl.trustStore=/my/store", "-Djavax.net.ssl.trustStorePassword=secret", "Main",
	NULL};
static const char *const no_java[] = {"javac", "-Djavax.net.ssl.trustStore=/my/store", NULL};

START_TEST(what_an_argument_of_java_names_is_known)
{
	struct known known = {.count = 0}, other = {.count = 0};

	clearenv();
	known_read(&known, (char *const *)java);
	ck_assert(known_has(&known, "/my/store"));
	ck_assert_str_eq(known.password, "secret");
	known_read(&other, (char *const *)no_java);
	ck_assert(!known_has(&other, "/my/store"));
}
END_TEST

static const char *const lists[] = {
	"-Djavax.net.ssl.trustStore=/my/store -Djavax.net.ssl.trustStorePassword=secret",
	" -ea\t-Djavax.net.ssl.trustStorePassword=secret\n-Djavax.net.ssl.trustStore=/my/store",
	"'-Djavax.net.ssl.trustStore=/my/store' \"-Djavax.net.ssl.trustStorePassword=secret\"",
	"-Djavax.net.ssl.trustStore=\"/my/store\" -Djavax.net.ssl.trustStorePassword='secret",
};

START_TEST(what_an_option_of_java_in_the_environment_names_is_known)
{
	const char *const names[] = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"};

	for (unsigned i = 0; i < COUNT(names); i++) {
		struct known known = {.count = 0};

		clearenv();
		setenv(names[i], lists[_i], 1);
		known_read(&known, (char *const *)NOBODY);
		ck_assert(known_has(&known, "/my/store"));
		ck_assert_str_eq(known.password, "secret");
	}
}
END_TEST

START_TEST(an_option_with_a_space_is_one)
{
	struct known known = {.count = 0};

	clearenv();
	setenv("JAVA_TOOL_OPTIONS", "-Da=b '-Djavax.net.ssl.trustStore=/my own'", 1);
	known_read(&known, (char *const *)NOBODY);
	ck_assert(known_has(&known, "/my own"));
	ck_assert_str_eq(known.password, "");
}
END_TEST

START_TEST(a_list_or_password_of_any_length_is_read)
{
	static char text[20000];
	struct known known = {.count = 0};

	clearenv();
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, java[4], strlen(java[4]));
	setenv("JAVA_TOOL_OPTIONS", text, 1);
	known_read(&known, (char *const *)NOBODY);
	ck_assert_uint_eq(known.count, 0);
	ck_assert_str_eq(known.password, "");
}
END_TEST

static const struct {
	const char *path;
	bool is_one;
} hashes[] = {
	{"/etc/ssl/certs/0123abcd.0", true},
	{"/etc/pki/tls/certs/0123abcd.0", true},
	{"/my/certs/0123abcd.0", true},
	{"/my/other/0123abcd.0", true},
	{"/my/others/0123abcd.0", false},
	{"/etc/ssl/certs/sub/0123abcd.0", false},
	{"/etc/ssl/certs/0123abcd.1", false},
	{"/etc/ssl/certs/0123abcd.r0", false},
	{"/etc/ssl/certs/0123ABCD.0", false},
	{"/etc/ssl/certs/00123abcd.0", false},
	{"/etc/ssl/certs/123abcd.0", false},
	{"0123abcd.0", false},
	{"/0123abcd.0", false},
	{"", false},
};

START_TEST(in_folders_of_certificates_the_first_of_a_hash_is_known)
{
	struct known known = {.count = 0};
	uint32_t hash;

	clearenv();
	setenv("SSL_CERT_DIR", "/my/certs/::/:/my/other", 1);
	known_read(&known, (char *const *)NOBODY);
	ck_assert_msg(known_has_hash(&known, hashes[_i].path, &hash) == hashes[_i].is_one, "%s",
		hashes[_i].path);
	if (hashes[_i].is_one)
		ck_assert_uint_eq(hash, 0x0123abcd);
}
END_TEST

/* ---- text ---- */

static char text[1024];

static const char *joined(const char *bundle, const char *authority)
{
	size_t len = strlen(bundle);

	memset(text, '#', sizeof(text));
	memcpy(text, bundle, len);
	len = pem_append(text, len, span_of(authority));
	ck_assert_uint_le(len, strlen(bundle) + pem_room(strlen(authority)));
	ck_assert_int_eq(text[len], '#');
	text[len] = '\0';
	return text;
}

START_TEST(the_authority_stands_behind_the_bundle)
{
	ck_assert_str_eq(joined(OTHER "\n", OURS "\n"), OTHER "\n" OURS "\n");
}
END_TEST

#define GOOD "-----BEGIN CERTIFICATE-----\nMIIB\nAA==\n-----END CERTIFICATE-----\n"

static const char *const broken[] = {
	"-----BEGIN CERTIFICATE-----\nMII!\n-----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\nMIIBA\n-----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\nMIIB\n",
};

/* Where Node and others end. */
START_TEST(it_stands_in_front_of_what_is_broken)
{
	char bundle[512], wanted[512];

	snprintf(bundle, sizeof(bundle), GOOD "%s" GOOD, broken[_i]);
	snprintf(wanted, sizeof(wanted), GOOD OURS "\n%s" GOOD, broken[_i]);
	ck_assert_str_eq(joined(bundle, OURS), wanted);
}
END_TEST

START_TEST(it_stands_on_lines_of_its_own)
{
	ck_assert_str_eq(joined(OTHER, OURS), OTHER "\n" OURS "\n");
}
END_TEST

START_TEST(what_stands_around_it_is_left_out)
{
	ck_assert_str_eq(joined(OTHER "\n", "a comment\n" OURS "\nkey\n"), OTHER "\n" OURS "\n");
}
END_TEST

START_TEST(a_bundle_that_has_it_stays)
{
	ck_assert_str_eq(joined(OTHER "\n" OURS "\n", OURS "\n"), OTHER "\n" OURS "\n");
}
END_TEST

static const char *const no_bundles[] = {
	"",
	"\n",
	"# trust nobody\n",
	"-----BEGIN PRIVATE KEY-----\nkey\n-----END PRIVATE KEY-----\n",
	"\x30\x82\x01\x01",
};

START_TEST(what_has_no_certificate_stays)
{
	ck_assert_str_eq(joined(no_bundles[_i], OURS), no_bundles[_i]);
}
END_TEST

START_TEST(a_bundle_of_certificates_with_trust_is_one)
{
	const char *bundle = "-----BEGIN TRUSTED CERTIFICATE-----\nx\n-----END TRUSTED "
			     "CERTIFICATE-----\n";
	char wanted[256];

	snprintf(wanted, sizeof(wanted), "%s" OURS "\n", bundle);
	ck_assert_str_eq(joined(bundle, OURS), wanted);
}
END_TEST

static const char *const no_authorities[] = {
	"",
	"-----BEGIN CERTIFICATE-----\nhalf of",
	"-----END CERTIFICATE-----",
};

START_TEST(what_is_no_authority_is_not_added)
{
	ck_assert_str_eq(joined(OTHER "\n", no_authorities[_i]), OTHER "\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trust");
	TCase *paths = tcase_create("paths"), *texts = tcase_create("text");

	tcase_add_loop_test(
		paths, where_systems_and_libraries_keep_theirs_is_known, 0, COUNT(bundles));
	tcase_add_loop_test(paths, other_paths_are_not, 0, COUNT(others));
	tcase_add_loop_test(paths, what_a_variable_names_is_known, 0, COUNT(variables));
	tcase_add_test(paths, what_others_name_or_nothing_is_not);
	tcase_add_test(paths, a_path_that_two_variables_name_takes_one_place);
	tcase_add_test(paths, a_path_that_there_is_no_room_for_is_left_out);
	tcase_add_test(paths, what_an_argument_of_java_names_is_known);
	tcase_add_loop_test(
		paths, what_an_option_of_java_in_the_environment_names_is_known, 0, COUNT(lists));
	tcase_add_test(paths, an_option_with_a_space_is_one);
	tcase_add_loop_test(
		paths, in_folders_of_certificates_the_first_of_a_hash_is_known, 0, COUNT(hashes));
	tcase_add_test(paths, a_list_or_password_of_any_length_is_read);
	suite_add_tcase(suite, paths);
	tcase_add_test(texts, the_authority_stands_behind_the_bundle);
	tcase_add_loop_test(texts, it_stands_in_front_of_what_is_broken, 0, COUNT(broken));
	tcase_add_test(texts, it_stands_on_lines_of_its_own);
	tcase_add_test(texts, what_stands_around_it_is_left_out);
	tcase_add_test(texts, a_bundle_that_has_it_stays);
	tcase_add_loop_test(texts, what_has_no_certificate_stays, 0, COUNT(no_bundles));
	tcase_add_test(texts, a_bundle_of_certificates_with_trust_is_one);
	tcase_add_loop_test(texts, what_is_no_authority_is_not_added, 0, COUNT(no_authorities));
	suite_add_tcase(suite, texts);
	return run_suite(suite);
}

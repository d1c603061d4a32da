/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "bridge_peers.h"
#include "shim/bridge/store.h"
#include "suite.h"

#define ALIAS "chaos-run"

static const char *const passwords[] = {"", "changeit", NULL};

static const struct store_api *api;
static struct identity ours, theirs;
static char *pem; /* of ours */
static unsigned char *der, *their_der;
static int der_len, their_der_len;
static char store[8192], out[32768];
static size_t len;

static void setup(void)
{
	const struct wish wish = {.name = "ours", .authority = true, .ends = 1};
	const struct wish other = {.name = "theirs", .authority = true, .ends = 1};
	BIO *bio = BIO_new(BIO_s_mem());
	BUF_MEM *memory;

	api = bridge_store_api(STORE_VERSION);
	ck_assert_ptr_nonnull(api);
	ours = identity_make(&wish);
	theirs = identity_make(&other);
	der_len = i2d_X509(ours.certificate, &der);
	their_der_len = i2d_X509(theirs.certificate, &their_der);
	PEM_write_bio_X509(bio, ours.certificate);
	BIO_get_mem_ptr(bio, &memory);
	pem = strndup(memory->data, memory->length);
	BIO_free(bio);
}

static void teardown(void)
{
	identity_free(&ours);
	identity_free(&theirs);
	OPENSSL_free(der);
	OPENSSL_free(their_der);
	free(pem);
	der = their_der = NULL;
}

static size_t add(void)
{
	size_t cap = len + store_room(strlen(pem));

	ck_assert_uint_le(cap, sizeof(out));
	return api->add((struct span){store, len}, passwords, span_of(pem), out, cap);
}

static bool holds(const char *at, size_t size, const void *what, int what_len)
{
	return memmem(at, size, what, (size_t)what_len);
}

/* ---- JKS ---- */

static void put(const void *bytes, size_t size)
{
	memcpy(store + len, bytes, size);
	len += size;
}

/* The digest over this password, and over its first `size` bytes, stands behind. */
static void digest(const char *bytes, size_t size, const char *password, unsigned char *to)
{
	char text[16384];
	size_t at = 0;

	for (; *password; password++) {
		text[at++] = '\0';
		text[at++] = *password;
	}
	memcpy(text + at, "Mighty Aphrodite", 16);
	memcpy(text + at + 16, bytes, size);
	EVP_Digest(text, at + 16 + size, to, NULL, EVP_sha1(), NULL);
}

static void make_jks(const char *password)
{
	const unsigned char entry[] =
		"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1\0\0\0\2\0\1x\0\0\0\0\0\0\0\1"
		"\0\5X.509\0\0";
	const unsigned char size[2] = {
		(unsigned char)(their_der_len >> 8), (unsigned char)their_der_len};

	len = 0;
	put(entry, sizeof(entry) - 1);
	put(size, 2);
	put(their_der, (size_t)their_der_len);
	digest(store, len, password, (unsigned char *)store + len);
	len += 20;
}

START_TEST(a_jks_has_one_entry_more_and_a_checksum_by_its_own_password)
{
	const char *password = passwords[_i];
	unsigned char wanted[20];
	size_t now;

	make_jks(password);
	now = add();
	ck_assert_uint_gt(now, len);
	ck_assert_mem_eq(out, store, 8);
	ck_assert_mem_eq(out + 8, "\0\0\0\2", 4);
	ck_assert_mem_eq(out + 12, store + 12, len - 32);
	ck_assert(holds(out + len - 20, now - len, ALIAS, strlen(ALIAS)));
	ck_assert_mem_eq(out + now - 20 - der_len, der, der_len);
	digest(out, now - 20, password, wanted);
	ck_assert_mem_eq(out + now - 20, wanted, 20);
}
END_TEST

START_TEST(a_jks_of_a_password_that_is_not_known_stays)
{
	make_jks("other");
	ck_assert_uint_eq(add(), 0);
}
END_TEST

START_TEST(a_jks_that_is_damaged_or_cut_off_stays)
{
	make_jks("changeit");
	store[50] ^= 1;
	ck_assert_uint_eq(add(), 0);
	store[50] ^= 1;
	for (size_t whole = len--; len > 0; len--)
		ck_assert_msg(add() == 0, "%zu of %zu bytes", len, whole);
}
END_TEST

/* ---- PKCS12 ---- */

/* Without a password there is no checksum. */
static void make_pkcs12(const char *password, int rounds)
{
	STACK_OF(X509) *certificates = sk_X509_new_null();
	unsigned char *at = (unsigned char *)store;
	PKCS12 *made;

	sk_X509_push(certificates, theirs.certificate);
	made = PKCS12_create(NULL, NULL, NULL, NULL, certificates, 0, -1, 0, -1, 0);
	ck_assert_ptr_nonnull(made);
	if (password)
		PKCS12_set_mac(made, password, -1, NULL, 0, rounds, EVP_sha256());
	len = (size_t)i2d_PKCS12(made, &at);
	ck_assert_uint_le(len, sizeof(store));
	PKCS12_free(made);
	sk_X509_free(certificates);
}

static PKCS12 *read_out(size_t size)
{
	const unsigned char *at = (const unsigned char *)out;
	PKCS12 *read = d2i_PKCS12(NULL, &at, (long)size);

	ck_assert_ptr_nonnull(read);
	ck_assert_ptr_eq(at, out + size);
	return read;
}

static void must_have_both(PKCS12 *read)
{
	STACK_OF(PKCS7) *parts = PKCS12_unpack_authsafes(read);
	STACK_OF(PKCS12_SAFEBAG) * bags;
	char *name;

	ck_assert_int_eq(sk_PKCS7_num(parts), 2);
	bags = PKCS12_unpack_p7data(sk_PKCS7_value(parts, 1));
	ck_assert_int_eq(sk_PKCS12_SAFEBAG_num(bags), 1);
	name = PKCS12_get_friendlyname(sk_PKCS12_SAFEBAG_value(bags, 0));
	ck_assert_str_eq(name, ALIAS);
	OPENSSL_free(name);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	sk_PKCS7_pop_free(parts, PKCS7_free);
}

START_TEST(a_pkcs12_has_one_certificate_more)
{
	PKCS12 *read;
	size_t now;

	make_pkcs12(NULL, 0);
	now = add();
	ck_assert_uint_gt(now, len);
	ck_assert(holds(out, now, der, der_len));
	ck_assert(holds(out, now, their_der, their_der_len));
	read = read_out(now);
	ck_assert(!PKCS12_mac_present(read));
	must_have_both(read);
	PKCS12_free(read);
}
END_TEST

START_TEST(a_pkcs12_keeps_its_password)
{
	const ASN1_INTEGER *rounds;
	PKCS12 *read;
	size_t now;

	make_pkcs12("changeit", 1000);
	now = add();
	ck_assert_uint_gt(now, len);
	read = read_out(now);
	ck_assert_int_eq(PKCS12_verify_mac(read, "changeit", -1), 1);
	PKCS12_get0_mac(NULL, NULL, NULL, &rounds, read);
	ck_assert_int_eq(ASN1_INTEGER_get(rounds), 1000);
	must_have_both(read);
	PKCS12_free(read);
}
END_TEST

START_TEST(a_pkcs12_of_a_password_that_is_not_known_stays)
{
	make_pkcs12("other", 1000);
	ck_assert_uint_eq(add(), 0);
}
END_TEST

START_TEST(a_pkcs12_of_more_rounds_than_java_takes_stays)
{
	make_pkcs12("changeit", 5000001);
	ck_assert_uint_eq(add(), 0);
}
END_TEST

START_TEST(a_pkcs12_that_is_cut_off_stays)
{
	make_pkcs12("changeit", 1000);
	for (size_t whole = len--; len > 0; len--)
		ck_assert_msg(add() == 0, "%zu of %zu bytes", len, whole);
}
END_TEST

/* ---- both ---- */

static void make(int kind)
{
	if (kind == 0)
		make_jks("changeit");
	else
		make_pkcs12(kind == 1 ? NULL : "changeit", 1000);
}

START_TEST(a_store_that_has_it_stays)
{
	make(_i);
	len = add();
	ck_assert_uint_gt(len, 0);
	memcpy(store, out, len);
	ck_assert_uint_eq(add(), 0);
}
END_TEST

START_TEST(where_there_is_no_room_the_store_stays)
{
	make(_i);
	for (size_t cap = 0; cap < len + (size_t)der_len; cap += 7)
		ck_assert_uint_eq(
			api->add((struct span){store, len}, passwords, span_of(pem), out, cap), 0);
}
END_TEST

START_TEST(without_a_certificate_the_store_stays)
{
	make(_i);
	pem[20] = '!';
	ck_assert_uint_eq(add(), 0);
}
END_TEST

START_TEST(what_is_no_store_stays)
{
	len = 100;
	memset(store, 0x30, len);
	ck_assert_uint_eq(add(), 0);
	memset(store, 'a', len);
	ck_assert_uint_eq(add(), 0);
	len = 0;
	ck_assert_uint_eq(add(), 0);
}
END_TEST

START_TEST(the_hash_is_that_of_openssl)
{
	uint32_t hash;

	ck_assert(api->hash(span_of(pem), &hash));
	ck_assert_uint_eq(hash, (uint32_t)X509_subject_name_hash(ours.certificate));
	pem[20] = '!';
	ck_assert(!api->hash(span_of(pem), &hash));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bridge_store");
	TCase *tests = tcase_create("store");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(
		tests, a_jks_has_one_entry_more_and_a_checksum_by_its_own_password, 0, 2);
	tcase_add_test(tests, a_jks_of_a_password_that_is_not_known_stays);
	tcase_add_test(tests, a_jks_that_is_damaged_or_cut_off_stays);
	tcase_add_test(tests, a_pkcs12_has_one_certificate_more);
	tcase_add_test(tests, a_pkcs12_keeps_its_password);
	tcase_add_test(tests, a_pkcs12_of_a_password_that_is_not_known_stays);
	tcase_add_test(tests, a_pkcs12_of_more_rounds_than_java_takes_stays);
	tcase_add_test(tests, a_pkcs12_that_is_cut_off_stays);
	tcase_add_loop_test(tests, a_store_that_has_it_stays, 0, 3);
	tcase_add_loop_test(tests, where_there_is_no_room_the_store_stays, 0, 3);
	tcase_add_loop_test(tests, without_a_certificate_the_store_stays, 0, 3);
	tcase_add_test(tests, what_is_no_store_stays);
	tcase_add_test(tests, the_hash_is_that_of_openssl);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

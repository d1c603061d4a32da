/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS12, as keytool makes it. The certificate gets a part of its own that is not encrypted, so that a
 * program that gives no password finds it, too.
 */

#include "store_kinds.h"

#include <openssl/pkcs12.h>

/* By which Java tells a certificate that is trusted from one of a chain: for any usage. */
#define TRUSTED_KEY_USAGE "2.16.840.1.113894.746875.1.1"

/* More Java does not take, either, and it would take long. */
#define ROUNDS_MAX 5000000

static long rounds_of(const PKCS12 *store)
{
	const ASN1_INTEGER *rounds;

	PKCS12_get0_mac(NULL, NULL, NULL, &rounds, store);
	return rounds ? ASN1_INTEGER_get(rounds) : 1;
}

/* NULL: none fits. */
static const char *find_password(PKCS12 *store, const char *const *passwords)
{
	if (rounds_of(store) < 1 || rounds_of(store) > ROUNDS_MAX)
		return NULL;
	for (; *passwords; passwords++)
		if (PKCS12_verify_mac(store, *passwords, -1) == 1)
			return *passwords;
	return NULL;
}

static PKCS12_SAFEBAG *make_bag(X509 *certificate)
{
	PKCS12_SAFEBAG *bag = PKCS12_SAFEBAG_create_cert(certificate);
	const unsigned char *usage = (void *)OBJ_nid2obj(NID_anyExtendedKeyUsage);

	if (bag && PKCS12_add_friendlyname_utf8(bag, STORE_ALIAS, -1) &&
		PKCS12_add1_attr_by_txt(bag, TRUSTED_KEY_USAGE, V_ASN1_OBJECT, usage, -1))
		return bag;
	PKCS12_SAFEBAG_free(bag);
	return NULL;
}

static PKCS7 *make_part(X509 *certificate)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
	PKCS12_SAFEBAG *bag = bags ? make_bag(certificate) : NULL;
	PKCS7 *part = NULL;

	if (bag && sk_PKCS12_SAFEBAG_push(bags, bag))
		part = PKCS12_pack_p7data(bags);
	else
		PKCS12_SAFEBAG_free(bag);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return part;
}

static bool add_part(PKCS12 *store, X509 *certificate)
{
	STACK_OF(PKCS7) *parts = PKCS12_unpack_authsafes(store);
	PKCS7 *part = parts ? make_part(certificate) : NULL;
	bool is_done = false;

	if (part && sk_PKCS7_push(parts, part))
		is_done = PKCS12_pack_authsafes(store, parts);
	else
		PKCS7_free(part);
	sk_PKCS7_pop_free(parts, PKCS7_free);
	return is_done;
}

/* The checksum by the same function, salt and rounds as before. */
static bool renew_mac(PKCS12 *store, const char *password)
{
	const ASN1_OCTET_STRING *salt;
	const X509_ALGOR *algorithm;
	const ASN1_OBJECT *name;
	ASN1_OCTET_STRING *copy;
	bool is_done;

	PKCS12_get0_mac(NULL, &algorithm, &salt, NULL, store);
	X509_ALGOR_get0(&name, NULL, NULL, algorithm);
	copy = ASN1_OCTET_STRING_dup(salt);
	is_done = copy && PKCS12_set_mac(store, password, -1, copy->data, copy->length,
				  (int)rounds_of(store), EVP_get_digestbyobj(name));
	ASN1_OCTET_STRING_free(copy);
	return is_done;
}

static bool add(PKCS12 *store, const char *const *passwords, X509 *certificate)
{
	const char *password = NULL;

	if (!PKCS12_mac_present(store))
		return add_part(store, certificate);
	password = find_password(store, passwords);
	return password && add_part(store, certificate) && renew_mac(store, password);
}

/* In a store of ours, which is not encrypted. */
static bool has(struct span store, X509 *certificate)
{
	unsigned char *der = NULL;
	int len = i2d_X509(certificate, &der);
	bool found = len > 0 && memmem(store.at, store.len, der, (size_t)len);

	OPENSSL_free(der);
	return found;
}

size_t store_pkcs12_add(
	struct span store, const char *const *passwords, X509 *certificate, char *out, size_t cap)
{
	const unsigned char *at = (const unsigned char *)store.at;
	PKCS12 *read = has(store, certificate) ? NULL : d2i_PKCS12(NULL, &at, (long)store.len);
	unsigned char *end = (unsigned char *)out;
	int len = 0;

	if (read && (const char *)at == store.at + store.len && add(read, passwords, certificate))
		len = i2d_PKCS12(read, NULL);
	if (len > 0 && (size_t)len <= cap)
		len = i2d_PKCS12(read, &end);
	else
		len = 0;
	PKCS12_free(read);
	return len > 0 ? (size_t)len : 0;
}

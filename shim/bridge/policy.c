/* SPDX-License-Identifier: Apache-2.0 */
#include "policy.h"

#include <openssl/objects.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* No name in these lists is as long. */
#define NAME_MAX_LEN 48
#define LIST_MAX     (HELLO_NUMBERS * NAME_MAX_LEN)

enum {
	RENEGOTIATION_SCSV = 0x00ff,
	FALLBACK_SCSV = 0x5600,
};

/* NAME:NAME */
struct list {
	size_t len;
	char text[LIST_MAX];
};

static void append(struct list *list, const char *name)
{
	size_t len = strlen(name);

	if (len + 2 > sizeof(list->text) - list->len)
		return;
	if (list->len)
		list->text[list->len++] = ':';
	memcpy(list->text + list->len, name, len + 1);
	list->len += len;
}

static void list_suites(SSL *ssl, const struct hello *hello, bool of_13, struct list *list)
{
	for (size_t i = 0; i < hello->suites.count; i++) {
		uint16_t number = hello->suites.numbers[i];
		const unsigned char bytes[] = {(unsigned char)(number >> 8), (unsigned char)number};
		const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, bytes);

		if (cipher && (bytes[0] == 0x13) == of_13 && number != RENEGOTIATION_SCSV &&
			number != FALLBACK_SCSV)
			append(list, SSL_CIPHER_get_name(cipher));
	}
}

/* One without a suite of TLS 1.2 that OpenSSL has is of a program that would not get to 1.2 with us. */
static bool set_suites(SSL *ssl, const struct hello *hello, bool *has_12)
{
	struct list list = {0};

	list_suites(ssl, hello, true, &list);
	if (SSL_set_ciphersuites(ssl, list.text) != 1)
		return false;
	list.len = 0;
	list.text[0] = '\0';
	list_suites(ssl, hello, false, &list);
	*has_12 = list.len && SSL_set_cipher_list(ssl, list.text) == 1;
	return true;
}

static bool set_versions(SSL *ssl, const struct hello *hello, bool has_12)
{
	return (has_12 || hello->tls13) &&
	       SSL_set_min_proto_version(ssl, has_12 ? TLS1_2_VERSION : TLS1_3_VERSION) == 1 &&
	       SSL_set_max_proto_version(ssl, hello->tls13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1;
}

static const char *name_signature(uint16_t number)
{
	static const struct {
		uint16_t number;
		const char *name;
	} known[] = {
		{0x0403, "ecdsa_secp256r1_sha256"},
		{0x0503, "ecdsa_secp384r1_sha384"},
		{0x0603, "ecdsa_secp521r1_sha512"},
		{0x0807, "ed25519"},
		{0x0808, "ed448"},
		{0x0809, "rsa_pss_pss_sha256"},
		{0x080a, "rsa_pss_pss_sha384"},
		{0x080b, "rsa_pss_pss_sha512"},
		{0x0804, "rsa_pss_rsae_sha256"},
		{0x0805, "rsa_pss_rsae_sha384"},
		{0x0806, "rsa_pss_rsae_sha512"},
		{0x0401, "rsa_pkcs1_sha256"},
		{0x0501, "rsa_pkcs1_sha384"},
		{0x0601, "rsa_pkcs1_sha512"},
		{0x0303, "ECDSA+SHA224"},
		{0x0301, "rsa_pkcs1_sha224"},
		{0x0203, "ECDSA+SHA1"},
		{0x0201, "rsa_pkcs1_sha1"},
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].number == number)
			return known[i].name;
	return NULL;
}

static bool set_signatures(SSL *ssl, const struct hello *hello)
{
	struct list list = {0};

	for (size_t i = 0; i < hello->signatures.count; i++) {
		const char *name = name_signature(hello->signatures.numbers[i]);

		if (name)
			append(&list, name);
	}
	return !list.len || SSL_set1_sigalgs_list(ssl, list.text) == 1;
}

/* The key share is of the first: these come from the quickest on, for the server has the choice. */
static bool set_groups(SSL *ssl, const struct hello *hello)
{
	static const struct {
		uint16_t number;
		int nid;
	} known[] = {
		{29, NID_X25519},
		{23, NID_X9_62_prime256v1},
		{24, NID_secp384r1},
		{25, NID_secp521r1},
		{30, NID_X448},
		{0x100, NID_ffdhe2048},
		{0x101, NID_ffdhe3072},
		{0x102, NID_ffdhe4096},
		{0x103, NID_ffdhe6144},
		{0x104, NID_ffdhe8192},
	};
	int nids[COUNT(known)];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(known); i++)
		if (hello_lists(&hello->named_groups, known[i].number))
			nids[count++] = known[i].nid;
	return !count || SSL_set1_groups(ssl, nids, (int)count) == 1;
}

bool policy_apply(SSL *ssl, const struct hello *hello)
{
	bool has_12;

	return set_suites(ssl, hello, &has_12) &&
	       set_versions(ssl, hello, has_12 && hello->tls12) && set_signatures(ssl, hello) &&
	       set_groups(ssl, hello);
}

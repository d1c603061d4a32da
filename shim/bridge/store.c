/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "store_kinds.h"
#include "stores.h"

static X509 *read_certificate(struct span pem)
{
	BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.at, (int)pem.len) : NULL;
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return certificate;
}

static X509 *begin(struct span pem)
{
	const uint64_t init = OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG;

	return OPENSSL_init_crypto(init, NULL) == 1 ? read_certificate(pem) : NULL;
}

static void end(X509 *certificate)
{
	X509_free(certificate);
	ERR_clear_error();
}

static size_t add(
	struct span store, const char *const *passwords, struct span pem, char *out, size_t cap)
{
	X509 *certificate = begin(pem);
	size_t len = 0;

	if (certificate && store.len <= INT_MAX) {
		if (span_starts(store, SPAN("\xfe\xed\xfe\xed")))
			len = store_jks_add(store, passwords, certificate, out, cap);
		else if (span_starts(store, SPAN("\x30")))
			len = store_pkcs12_add(store, passwords, certificate, out, cap);
	}
	end(certificate);
	return len;
}

static bool hash(struct span pem, uint32_t *hash)
{
	X509 *certificate = begin(pem);
	bool is_one = certificate;

	if (certificate)
		*hash = (uint32_t)X509_subject_name_hash(certificate);
	end(certificate);
	return is_one;
}

/* Is it called as hosts are: by a name without a space and with a dot, by an address, or localhost? */
static bool is_host(const X509 *certificate)
{
	char name[256];
	int len = X509_NAME_get_text_by_NID(
		X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));

	return len > 0 && !strpbrk(name, " @/_") &&
	       (strpbrk(name, ".:") || strcmp(name, "localhost") == 0);
}

/* One that vouches for others, and is not named as a server is. Those of before version 3 do not say what they are. */
static bool is_authority(const struct anchor *anchor)
{
	const unsigned char *at = anchor->encoded;
	X509 *certificate = d2i_X509(NULL, &at, (long)anchor->len);
	bool is_one = certificate && X509_check_ca(certificate) == 1 && !is_host(certificate) &&
		      X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) < 0;

	X509_free(certificate);
	return is_one;
}

static bool lists_authorities(struct span content)
{
	const uint64_t init = OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG;
	struct anchors anchors = {0};
	bool are_all;

	if (OPENSSL_init_crypto(init, NULL) != 1 || stores_has_key(content))
		return false;
	stores_read(&anchors, content);
	are_all = anchors.count;
	for (size_t i = 0; are_all && i < anchors.count; i++)
		are_all = is_authority(&anchors.all[i]);
	anchors_free(&anchors);
	ERR_clear_error();
	return are_all;
}

static const struct store_api api = {
	.version = STORE_VERSION, .add = add, .lists_authorities = lists_authorities, .hash = hash};

__attribute__((visibility("default"))) const struct store_api *bridge_store_api(uint32_t version)
{
	return version == STORE_VERSION ? &api : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What has to do with EC_KEY is deprecated in favour of providers. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "key.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdbool.h>

/* Takes the key, also if it fails. */
static EVP_PKEY *wrap(EC_KEY *ec)
{
	EVP_PKEY *key = ec ? EVP_PKEY_new() : NULL;

	if (key && EVP_PKEY_assign_EC_KEY(key, ec) == 1)
		return key;
	EVP_PKEY_free(key);
	EC_KEY_free(ec);
	return NULL;
}

EVP_PKEY *key_make(void)
{
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);

	if (ec && EC_KEY_generate_key(ec) == 1)
		return wrap(ec);
	EC_KEY_free(ec);
	return NULL;
}

/* Is it one on P-256, named? */
static bool is_ours(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *kind;
	const void *curve;
	int type;

	X509_ALGOR_get0(&kind, &type, &curve, algorithm);
	return OBJ_obj2nid(kind) == NID_X9_62_id_ecPublicKey && type == V_ASN1_OBJECT &&
	       OBJ_obj2nid(curve) == NID_X9_62_prime256v1;
}

static EVP_PKEY *unpack(const PKCS8_PRIV_KEY_INFO *packed)
{
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	const X509_ALGOR *algorithm;
	const unsigned char *at;
	int len;

	if (ec && PKCS8_pkey_get0(NULL, &at, &len, &algorithm, packed) == 1 && is_ours(algorithm) &&
		d2i_ECPrivateKey(&ec, &at, len))
		return wrap(ec);
	EC_KEY_free(ec);
	return NULL;
}

EVP_PKEY *key_read(BIO *pem, pem_password_cb *password)
{
	PKCS8_PRIV_KEY_INFO *packed = PEM_read_bio_PKCS8_PRIV_KEY_INFO(pem, NULL, password, NULL);
	EVP_PKEY *key = packed ? unpack(packed) : NULL;

	PKCS8_PRIV_KEY_INFO_free(packed);
	if (key || BIO_reset(pem) != 1)
		return key;
	ERR_clear_error();
	return PEM_read_bio_PrivateKey(pem, NULL, password, NULL);
}

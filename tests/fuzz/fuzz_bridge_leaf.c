/* SPDX-License-Identifier: Apache-2.0 */

/* The mirror of whatever certificate a server shows: what is made is signed by who is to sign it, and
 * names nobody for whom the authority may not vouch. The first byte says how it is asked for. */

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "peers.h"
#include "shim/bridge/leaf.h"

static const struct authority *authority_of(EVP_PKEY **key)
{
	static struct authority authority;
	static EVP_PKEY *own;

	if (!own) {
		struct identity ours = identity_make(&(struct wish){.name = "Ours",
			.authority = true,
			.begins = -1,
			.ends = 3000,
			.constraints =
				"critical,permitted;DNS:localhost,permitted;DNS:amazonaws.com,"
				"permitted;IP:127.0.0.0/255.0.0.0"});

		own = EVP_EC_gen("P-256");
		authority.certificate = ours.certificate;
		authority.key = ours.key;
		authority.constraints =
			X509_get_ext_d2i(ours.certificate, NID_name_constraints, NULL, NULL);
		check(authority.constraints != NULL);
	}
	*key = own;
	return &authority;
}

/* Its encoding is read again as what it was. */
static void check_encoding(X509 *leaf)
{
	unsigned char *der = NULL;
	const unsigned char *at;
	int len = i2d_X509(leaf, &der);
	X509 *again;

	check(len > 0);
	at = der;
	again = d2i_X509(NULL, &at, len);
	check(again != NULL && X509_cmp(again, leaf) == 0);
	X509_free(again);
	OPENSSL_free(der);
}

static void check_good(const struct authority *authority, X509 *server, EVP_PKEY *key, bool by_name)
{
	X509 *leaf = leaf_make(authority, server, key, by_name);

	if (!leaf)
		return;
	check(X509_verify(leaf, authority->key) == 1);
	X509_get_extension_flags(leaf);
	check(NAME_CONSTRAINTS_check(leaf, authority->constraints) == X509_V_OK);
	check(X509_check_ip_asc(leaf, "10.0.0.1", 0) != 1);
	check(X509_check_host(leaf, "example.com", 0, 0, NULL) != 1);
	check_encoding(leaf);
	X509_free(leaf);
}

static void check_refused(
	const struct authority *authority, X509 *server, EVP_PKEY *key, long error)
{
	X509 *chain = NULL, *leaf = leaf_make_refused(server, key, error, &chain);

	check(!chain || leaf);
	if (leaf) {
		check(X509_verify(leaf, authority->key) != 1);
		check_encoding(leaf);
	}
	X509_free(leaf);
	X509_free(chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const unsigned char *at = data + 1;
	const struct authority *authority;
	EVP_PKEY *key;
	X509 *server;

	if (size < 2)
		return 0;
	draw_anew();
	authority = authority_of(&key);
	server = d2i_X509(NULL, &at, (long)size - 1);
	if (server) {
		check_good(authority, server, key, data[0] & 1);
		check_refused(authority, server, key,
			data[0] & 2 ? X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
				    : X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
	}
	X509_free(server);
	ERR_clear_error();
	return 0;
}

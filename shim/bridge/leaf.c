/* SPDX-License-Identifier: Apache-2.0 */
#include "leaf.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>

#include "key.h"

#define SERIAL_LEN 16

static bool set_serial(X509 *leaf)
{
	unsigned char serial[SERIAL_LEN];
	BIGNUM *number;
	bool done;

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return false;
	serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and of full length */
	number = BN_bin2bn(serial, sizeof(serial), NULL);
	done = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(leaf));
	BN_free(number);
	return done;
}

/* `issuer` is NULL for one that signs itself. */
static bool add_extension(X509 *leaf, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool done;

	X509V3_set_ctx(&context, issuer ? issuer : leaf, leaf, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	done = extension && X509_add_ext(leaf, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return done;
}

/* May the authority vouch for a certificate with this name? OpenSSL answers for whole certificates. */
static bool permitted(NAME_CONSTRAINTS *constraints, GENERAL_NAME *name)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	X509 *certificate = X509_new();
	bool allowed = false;

	if (names && certificate && sk_GENERAL_NAME_push(names, name) > 0) {
		if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1) {
			X509_get_extension_flags(certificate); /* decodes them */
			allowed = NAME_CONSTRAINTS_check(certificate, constraints) == X509_V_OK;
		}
		sk_GENERAL_NAME_zero(names);
	}
	GENERAL_NAMES_free(names);
	X509_free(certificate);
	return allowed;
}

bool leaf_permits(const struct authority *authority, const char *name)
{
	GENERAL_NAME *dns = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	bool allowed = !authority->constraints;

	if (dns && text && ASN1_STRING_set(text, name, -1) == 1) {
		GENERAL_NAME_set0_value(dns, GEN_DNS, text);
		text = NULL;
		allowed = allowed || permitted(authority->constraints, dns);
	}
	ASN1_IA5STRING_free(text);
	GENERAL_NAME_free(dns);
	return allowed;
}

/* A name that nobody asks for, nor the authority's constraints are about: where a name was left out and
 * no other remains, programs would go by the common name, which they had not asked before. */
#define NOBODY "nobody.localhost"

static bool has_type(GENERAL_NAMES *names, int type)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		if (sk_GENERAL_NAME_value(names, i)->type == type)
			return true;
	return false;
}

static bool add_nobody(GENERAL_NAMES *names, int type)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	const char *value = type == GEN_DNS ? NOBODY : "chaos-run:" NOBODY;

	if (!name || !text || ASN1_STRING_set(text, value, -1) != 1) {
		ASN1_IA5STRING_free(text);
		GENERAL_NAME_free(name);
		return false;
	}
	GENERAL_NAME_set0_value(name, type, text);
	if (sk_GENERAL_NAME_push(names, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

/* Takes out those that the authority may not vouch for. BoringSSL and AWS-LC know no constraints on
 * addresses, and refuse whoever has one: a program that asks for a name sees none. False: no memory. */
static bool leave_out(GENERAL_NAMES *names, NAME_CONSTRAINTS *constraints, bool by_name)
{
	bool had_names = has_type(names, GEN_DNS), had_any = sk_GENERAL_NAME_num(names) > 0;

	for (int i = sk_GENERAL_NAME_num(names) - 1; i >= 0; i--)
		if ((by_name && sk_GENERAL_NAME_value(names, i)->type == GEN_IPADD) ||
			!permitted(constraints, sk_GENERAL_NAME_value(names, i)))
			GENERAL_NAME_free(sk_GENERAL_NAME_delete(names, i));
	if (had_names && !has_type(names, GEN_DNS))
		return add_nobody(names, GEN_DNS);
	return sk_GENERAL_NAME_num(names) > 0 || !had_any || add_nobody(names, GEN_URI);
}

static bool copy_names(X509 *leaf, X509 *server, NAME_CONSTRAINTS *constraints, bool by_name)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(server, NID_subject_alt_name, NULL, NULL);
	bool done = !constraints || leave_out(names, constraints, by_name);

	if (done && sk_GENERAL_NAME_num(names) > 0)
		done = X509_add1_ext_i2d(leaf, NID_subject_alt_name, names,
			       X509_NAME_entry_count(X509_get_subject_name(leaf)) == 0, 0) == 1;
	GENERAL_NAMES_free(names);
	return done;
}

/* The server's common name, if it has one and nothing speaks against it. */
static bool copy_common_name(X509 *leaf, X509 *server, NAME_CONSTRAINTS *constraints)
{
	X509_NAME *from = X509_get_subject_name(server), *to = X509_get_subject_name(leaf);
	int index = X509_NAME_get_index_by_NID(from, NID_commonName, -1);

	if (index < 0)
		return true;
	if (X509_NAME_add_entry(to, X509_NAME_get_entry(from, index), -1, 0) != 1)
		return false;
	if (constraints && NAME_CONSTRAINTS_check_CN(leaf, constraints) != X509_V_OK)
		X509_NAME_ENTRY_free(X509_NAME_delete_entry(to, 0));
	return true;
}

/* Both are copied: the later beginning, the earlier end. */
static bool set_dates(X509 *leaf, X509 *server, X509 *authority)
{
	const ASN1_TIME *begin = X509_get0_notBefore(server), *end = X509_get0_notAfter(server);

	if (authority && ASN1_TIME_compare(begin, X509_get0_notBefore(authority)) < 0)
		begin = X509_get0_notBefore(authority);
	if (authority && ASN1_TIME_compare(end, X509_get0_notAfter(authority)) > 0)
		end = X509_get0_notAfter(authority);
	return X509_set1_notBefore(leaf, begin) == 1 && X509_set1_notAfter(leaf, end) == 1;
}

static X509 *begin_leaf(X509 *server, EVP_PKEY *key, NAME_CONSTRAINTS *constraints, bool by_name)
{
	X509 *leaf = X509_new();

	if (leaf && X509_set_version(leaf, X509_VERSION_3) == 1 && set_serial(leaf) &&
		X509_set_pubkey(leaf, key) == 1 && copy_common_name(leaf, server, constraints) &&
		copy_names(leaf, server, constraints, by_name))
		return leaf;
	X509_free(leaf);
	return NULL;
}

static bool finish_leaf(X509 *leaf, X509 *issuer, EVP_PKEY *key)
{
	return add_extension(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(leaf, issuer, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(leaf, issuer, NID_ext_key_usage, "serverAuth") &&
	       add_extension(leaf, issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(leaf, issuer, NID_authority_key_identifier, "keyid") &&
	       X509_sign(leaf, key, EVP_sha256()) > 0;
}

X509 *leaf_make(const struct authority *authority, X509 *server, EVP_PKEY *key, bool by_name)
{
	X509 *leaf = begin_leaf(server, key, authority->constraints, by_name);

	if (leaf && set_dates(leaf, server, authority->certificate) &&
		X509_set_issuer_name(leaf, X509_get_subject_name(authority->certificate)) == 1 &&
		finish_leaf(leaf, authority->certificate, authority->key))
		return leaf;
	X509_free(leaf);
	return NULL;
}

static bool add_reason(X509_NAME *name, int nid, long error)
{
	char text[64]; /* as much as a name may have */

	snprintf(text, sizeof(text), "chaos-run: %s", X509_verify_cert_error_string(error));
	return X509_NAME_add_entry_by_NID(
		       name, nid, MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0) == 1;
}

/* An authority that nobody trusts. */
static X509 *make_stranger(X509 *server, EVP_PKEY *key, long error)
{
	X509 *stranger = X509_new();

	if (stranger && X509_set_version(stranger, X509_VERSION_3) == 1 && set_serial(stranger) &&
		X509_set_pubkey(stranger, key) == 1 && set_dates(stranger, server, NULL) &&
		add_reason(X509_get_subject_name(stranger), NID_commonName, error) &&
		X509_set_issuer_name(stranger, X509_get_subject_name(stranger)) == 1 &&
		add_extension(stranger, NULL, NID_basic_constraints, "critical,CA:TRUE") &&
		add_extension(stranger, NULL, NID_key_usage, "critical,keyCertSign") &&
		add_extension(stranger, NULL, NID_subject_key_identifier, "hash") &&
		X509_sign(stranger, key, EVP_sha256()) > 0)
		return stranger;
	X509_free(stranger);
	return NULL;
}

/* One that nobody signed but itself is mirrored by another such. */
static X509 *make_self_signed(X509 *server, EVP_PKEY *key, long error)
{
	X509 *leaf = begin_leaf(server, key, NULL, false);

	if (leaf && set_dates(leaf, server, NULL) &&
		add_reason(X509_get_subject_name(leaf), NID_organizationName, error) &&
		X509_set_issuer_name(leaf, X509_get_subject_name(leaf)) == 1 &&
		finish_leaf(leaf, NULL, key))
		return leaf;
	X509_free(leaf);
	return NULL;
}

/* Of an authority that is made for it, whose key is forgotten. */
static X509 *make_by_stranger(X509 *server, EVP_PKEY *key, long error, X509 **issuer)
{
	EVP_PKEY *stranger = key_make();
	X509 *leaf = NULL;

	*issuer = stranger ? make_stranger(server, stranger, error) : NULL;
	if (*issuer)
		leaf = begin_leaf(server, key, NULL, false);
	if (leaf && (!set_dates(leaf, server, NULL) ||
			    X509_set_issuer_name(leaf, X509_get_subject_name(*issuer)) != 1 ||
			    !finish_leaf(leaf, *issuer, stranger))) {
		X509_free(leaf);
		leaf = NULL;
	}
	EVP_PKEY_free(stranger);
	return leaf;
}

X509 *leaf_make_refused(X509 *server, EVP_PKEY *key, long error, X509 **chain)
{
	X509 *leaf;

	*chain = NULL;
	if (error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
		return make_self_signed(server, key, error);
	leaf = make_by_stranger(server, key, error, chain);
	/* A client that tells the two cases apart is to say what it would have said of the server. */
	if (!leaf || error != X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN) {
		X509_free(*chain);
		*chain = NULL;
	}
	return leaf;
}

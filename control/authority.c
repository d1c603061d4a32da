/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "constraints.h"
#include "file.h"
#include "memory.h"
#include "shim/memory/runtime.h"

#define DAY (24 * 60 * 60)

/* Clocks of containers and of tests are behind now and then. */
#define BEFORE	(1 * DAY)
#define AFTER	(30 * DAY)
#define RENEWAL (7 * DAY)

#define SERIAL_BITS 127
#define FILE_MAX    (1 << 20)

/* Java does not ask what a root that it trusts is limited to, but whoever a root has signed. So the root's own
 * key has signed one certificate, and is gone. */
struct chain {
	EVP_PKEY *key;	    /* the intermediate's */
	X509 *intermediate; /* signs leaves */
	X509 *root;	    /* is trusted */
};

static void forget(struct chain *chain)
{
	EVP_PKEY_free(chain->key);
	X509_free(chain->intermediate);
	X509_free(chain->root);
	*chain = (struct chain){0};
}

/* ---- the certificate ---- */

static bool extend(X509 *certificate, int kind, void *value, bool is_critical)
{
	return value &&
	       X509_add1_ext_i2d(certificate, kind, value, is_critical, X509V3_ADD_APPEND) == 1;
}

/* `below`: so many authorities may follow. */
static bool add_basic_constraints(X509 *certificate, long below)
{
	BASIC_CONSTRAINTS *value = sure(BASIC_CONSTRAINTS_new());
	bool done;

	value->ca = 0xff;
	value->pathlen = sure(ASN1_INTEGER_new());
	done = ASN1_INTEGER_set(value->pathlen, below) &&
	       extend(certificate, NID_basic_constraints, value, true);
	BASIC_CONSTRAINTS_free(value);
	return done;
}

static bool add_key_usage(X509 *certificate)
{
	static const int certificate_signing = 5;
	ASN1_BIT_STRING *value = sure(ASN1_BIT_STRING_new());
	bool done = ASN1_BIT_STRING_set_bit(value, certificate_signing, 1) &&
		    extend(certificate, NID_key_usage, value, true);

	ASN1_BIT_STRING_free(value);
	return done;
}

/* Servers alone: no clients, no programs, no mail. */
static bool add_extended_key_usage(X509 *certificate)
{
	EXTENDED_KEY_USAGE *value = sure(EXTENDED_KEY_USAGE_new());
	bool done = sk_ASN1_OBJECT_push(value, OBJ_nid2obj(NID_server_auth)) &&
		    extend(certificate, NID_ext_key_usage, value, false);

	EXTENDED_KEY_USAGE_free(value);
	return done;
}

/* The caller frees it; NULL: it has no key. */
static ASN1_OCTET_STRING *key_identifier(const X509 *certificate)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	ASN1_OCTET_STRING *value = sure(ASN1_OCTET_STRING_new());
	unsigned len;

	if (X509_pubkey_digest(certificate, EVP_sha1(), digest, &len) &&
		ASN1_OCTET_STRING_set(value, digest, (int)len))
		return value;
	ASN1_OCTET_STRING_free(value);
	return NULL;
}

static bool add_key_identifier(X509 *certificate)
{
	ASN1_OCTET_STRING *value = key_identifier(certificate);
	bool done = extend(certificate, NID_subject_key_identifier, value, false);

	ASN1_OCTET_STRING_free(value);
	return done;
}

static bool add_issuer_key_identifier(X509 *certificate, const X509 *issuer)
{
	AUTHORITY_KEYID *value = sure(AUTHORITY_KEYID_new());
	bool done;

	value->keyid = key_identifier(issuer);
	done = value->keyid && extend(certificate, NID_authority_key_identifier, value, false);
	AUTHORITY_KEYID_free(value);
	return done;
}

static bool add_name_constraints(X509 *certificate, const struct endpoints *hosts)
{
	NAME_CONSTRAINTS *value = constraints_make(hosts);
	bool done = extend(certificate, NID_name_constraints, value, true);

	NAME_CONSTRAINTS_free(value);
	return done;
}

/* What is the same in every certificate for this key and these hosts. `issuer` is NULL for the root. */
static bool add_extensions(
	X509 *certificate, EVP_PKEY *key, const X509 *issuer, const struct endpoints *hosts)
{
	return X509_set_pubkey(certificate, key) &&
	       add_basic_constraints(certificate, issuer ? 0 : 1) && add_key_usage(certificate) &&
	       add_extended_key_usage(certificate) && add_key_identifier(certificate) &&
	       (!issuer || add_issuer_key_identifier(certificate, issuer)) &&
	       add_name_constraints(certificate, hosts);
}

/* The name has the number in it, so that a store may have several authorities of ours. */
static bool add_name(X509 *certificate, const char *kind)
{
	BIGNUM *number = sure(BN_new());
	X509_NAME *name = X509_get_subject_name(certificate);
	char *figures = NULL, text[64];
	bool done = BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) &&
		    (figures = BN_bn2hex(number));

	snprintf(text, sizeof(text), "chaos-run %s %.16s", kind, done ? figures : "");
	OPENSSL_free(figures);
	BN_free(number);
	return done &&
	       X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_ASC,
		       (const unsigned char *)"chaos-run", -1, -1, 0) &&
	       X509_NAME_add_entry_by_NID(
		       name, NID_commonName, MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0);
}

/* One that is signed by `issuer`, with `issuer_key`, or by itself (NULL). The caller frees it; NULL: OpenSSL
 * fails. */
static X509 *make_certificate(EVP_PKEY *key, const X509 *issuer, EVP_PKEY *issuer_key,
	const struct endpoints *hosts, time_t now)
{
	X509 *certificate = sure(X509_new());

	if (X509_set_version(certificate, X509_VERSION_3) &&
		X509_time_adj(X509_getm_notBefore(certificate), -BEFORE, &now) &&
		X509_time_adj(X509_getm_notAfter(certificate), AFTER, &now) &&
		add_name(certificate, issuer ? "intermediate" : "authority") &&
		X509_set_issuer_name(certificate, X509_get_subject_name(issuer ?: certificate)) &&
		add_extensions(certificate, key, issuer, hosts) &&
		X509_sign(certificate, issuer_key, EVP_sha256()))
		return certificate;
	X509_free(certificate);
	return NULL;
}

static bool make(struct chain *chain, const struct endpoints *hosts, time_t now)
{
	EVP_PKEY *root_key = EVP_EC_gen("P-256");

	*chain = (struct chain){.key = EVP_EC_gen("P-256")};
	if (root_key && chain->key)
		chain->root = make_certificate(root_key, NULL, root_key, hosts, now);
	if (chain->root)
		chain->intermediate =
			make_certificate(chain->key, chain->root, root_key, hosts, now);
	EVP_PKEY_free(root_key);
	return chain->intermediate;
}

/* ---- is the one that is there still good? ---- */

static bool has_same_extensions(const X509 *one, const X509 *other)
{
	int count = X509_get_ext_count(one);

	if (count != X509_get_ext_count(other))
		return false;
	for (int i = 0; i < count; i++) {
		X509_EXTENSION *a = X509_get_ext(one, i), *b = X509_get_ext(other, i);

		if (OBJ_cmp(X509_EXTENSION_get_object(a), X509_EXTENSION_get_object(b)) ||
			X509_EXTENSION_get_critical(a) != X509_EXTENSION_get_critical(b) ||
			ASN1_OCTET_STRING_cmp(
				X509_EXTENSION_get_data(a), X509_EXTENSION_get_data(b)))
			return false;
	}
	return true;
}

static bool is_for(X509 *certificate, const X509 *issuer, const struct endpoints *hosts)
{
	X509 *wanted = sure(X509_new());
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	bool result = key && add_extensions(wanted, key, issuer, hosts) &&
		      has_same_extensions(wanted, certificate);

	X509_free(wanted);
	return result;
}

static bool is_in_time(const X509 *certificate, time_t now)
{
	time_t then = now + RENEWAL;

	return X509_cmp_time(X509_get0_notBefore(certificate), &now) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(certificate), &then) > 0;
}

static bool is_good(const struct chain *chain, const struct endpoints *hosts, time_t now)
{
	X509 *intermediate = chain->intermediate, *root = chain->root;

	return chain->key && intermediate && root && is_in_time(intermediate, now) &&
	       is_in_time(root, now) && X509_check_private_key(intermediate, chain->key) == 1 &&
	       X509_check_issued(root, intermediate) == X509_V_OK &&
	       X509_verify(intermediate, X509_get0_pubkey(root)) == 1 &&
	       X509_verify(root, X509_get0_pubkey(root)) == 1 &&
	       is_for(intermediate, root, hosts) && is_for(root, NULL, hosts);
}

/* ---- files ---- */

/* A regular file of ours that others can do no more with than `others`. The caller frees it; NULL: it is
 * something else. */
static char *read_own(const char *path, mode_t others)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	char *text = NULL;
	size_t len;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
		!(status.st_mode & 077 & ~others) && status.st_size <= FILE_MAX)
		text = file_read_all(fd, &len);
	close(fd);
	return text;
}

/* Nobody is to be asked for one. */
static int no_passphrase(__attribute__((unused)) char *out, __attribute__((unused)) int cap,
	__attribute__((unused)) int is_new, __attribute__((unused)) void *context)
{
	return -1;
}

static X509 *parse_certificate(const char *pem)
{
	BIO *in = sure(BIO_new_mem_buf(pem, -1));
	X509 *certificate = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);

	BIO_free(in);
	return certificate;
}

static struct chain load(const char *path)
{
	char *text = read_own(path, 0);
	struct chain chain = {0};
	BIO *in;

	if (!text)
		return chain;
	in = sure(BIO_new_mem_buf(text, -1));
	chain.key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
	chain.intermediate = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);
	chain.root = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);
	BIO_free(in);
	OPENSSL_cleanse(text, strlen(text));
	free(text);
	ERR_clear_error();
	return chain;
}

/* The root's certificate as text, behind all that signs leaves if that is wanted, in a BIO whose memory is wiped
 * when it is freed. */
static BIO *print(const struct chain *chain, bool with_key, const char **text)
{
	BIO *out = sure(BIO_new(BIO_s_mem()));
	bool done = (!with_key ||
			    (PEM_write_bio_PrivateKey(out, chain->key, NULL, NULL, 0, NULL, NULL) &&
				    PEM_write_bio_X509(out, chain->intermediate))) &&
		    PEM_write_bio_X509(out, chain->root) && BIO_write(out, "", 1) == 1;
	char *at;

	sure(done ? out : NULL);
	BIO_get_mem_data(out, &at);
	*text = at;
	return out;
}

static int save_key(const struct chain *chain, const char *path, struct refusal *why)
{
	const char *text;
	BIO *out = print(chain, true, &text);
	int error = file_place(path, text, 0600, why);

	BIO_free(out);
	return error;
}

/* It is what stands in ca.key, whatever may have become of it. */
static int save_certificate(const struct chain *chain, const char *path, struct refusal *why)
{
	const char *text;
	BIO *out = print(chain, false, &text);
	char *there = read_own(path, 044);
	int error = 0;

	file_tidy(path);
	if (!there || strcmp(there, text) != 0)
		error = file_place(path, text, 0644, why);
	free(there);
	BIO_free(out);
	return error;
}

static time_t renewal_of(const struct chain *chain)
{
	struct tm utc;

	ASN1_TIME_to_tm(X509_get0_notAfter(chain->intermediate), &utc);
	return timegm(&utc) - RENEWAL;
}

static int remake(struct chain *chain, const char *path, const struct endpoints *hosts, time_t now,
	struct refusal *why)
{
	forget(chain);
	if (!make(chain, hosts, now))
		return refuse(why, 500, "cannot make an authority: %s",
			ERR_reason_error_string(ERR_peek_last_error()) ?: "OpenSSL fails");
	return save_key(chain, path, why);
}

int authority_keep(
	const char *folder, const struct endpoints *hosts, time_t *renew_at, struct refusal *why)
{
	char key[PATH_MAX + 16], certificate[PATH_MAX + 16];
	time_t now = time(NULL);
	struct chain chain;
	int error = 0;

	/* What the user's openssl.cnf asks for is no business of ours. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	snprintf(key, sizeof(key), "%s/" RUNTIME_CA_KEY, folder);
	snprintf(certificate, sizeof(certificate), "%s/" RUNTIME_CA, folder);
	chain = load(key);
	file_tidy(key);
	if (!is_good(&chain, hosts, now))
		error = remake(&chain, key, hosts, now, why);
	if (!error)
		error = save_certificate(&chain, certificate, why);
	if (!error)
		*renew_at = renewal_of(&chain);
	forget(&chain);
	return error;
}

int authority_missing(const char *pem, const struct endpoints *hosts, struct endpoints *missing)
{
	X509 *certificate = parse_certificate(pem);
	NAME_CONSTRAINTS *constraints =
		certificate ? X509_get_ext_d2i(certificate, NID_name_constraints, NULL, NULL)
			    : NULL;

	X509_free(certificate);
	*missing = (struct endpoints){0};
	if (!constraints)
		return -EINVAL;
	for (unsigned i = 0; i < hosts->count; i++)
		if (!constraints_permit(constraints, hosts->all[i].host))
			missing->all[missing->count++] = hosts->all[i];
	NAME_CONSTRAINTS_free(constraints);
	return 0;
}

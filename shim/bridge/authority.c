/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

#include <openssl/pem.h>

#include "file.h"
#include "key.h"

/* The library never asks a terminal. */
static int no_password(char *password, int cap, int writing, void *arg)
{
	(void)password;
	(void)cap;
	(void)writing;
	(void)arg;
	return -1;
}

static BIO *bio_of(const struct bytes *content)
{
	struct span all = bytes_all(content);

	return all.len <= INT_MAX ? BIO_new_mem_buf(all.at, (int)all.len) : NULL;
}

static X509 *read_certificate(const char *path)
{
	struct bytes content;
	X509 *certificate;
	BIO *bio;

	if (!file_read(&content, path))
		return NULL;
	bio = bio_of(&content);
	certificate = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
	BIO_free(bio);
	bytes_free(&content);
	return certificate;
}

static EVP_PKEY *read_key(const char *path)
{
	struct bytes content;
	EVP_PKEY *key;
	BIO *bio;

	if (!file_read(&content, path))
		return NULL;
	bio = bio_of(&content);
	key = bio ? key_read(bio, no_password) : NULL;
	BIO_free(bio);
	if (content.data)
		OPENSSL_cleanse(content.data, content.cap);
	bytes_free(&content);
	return key;
}

const char *authority_read(struct authority *authority, const char *certificate, const char *key)
{
	int critical;

	*authority = (struct authority){0};
	authority->certificate = read_certificate(certificate);
	if (!authority->certificate)
		return "the authority's certificate cannot be read";
	authority->key = read_key(key);
	if (!authority->key)
		return "the authority's key cannot be read";
	if (X509_check_private_key(authority->certificate, authority->key) != 1)
		return "the authority's key is not that of its certificate";
	authority->is_intermediate =
		!(X509_get_extension_flags(authority->certificate) & EXFLAG_SI);
	authority->constraints =
		X509_get_ext_d2i(authority->certificate, NID_name_constraints, &critical, NULL);
	if (!authority->constraints && critical != -1)
		return "the authority's name constraints cannot be read";
	return NULL;
}

void authority_free(struct authority *authority)
{
	X509_free(authority->certificate);
	EVP_PKEY_free(authority->key);
	NAME_CONSTRAINTS_free(authority->constraints);
}

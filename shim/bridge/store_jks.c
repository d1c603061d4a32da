/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JKS: "FEED FEED", version and count in four bytes each, the entries, and SHA-1 over password, a
 * sentence and all that stands before. Numbers are big-endian.
 */

#include "store_kinds.h"

#include <openssl/evp.h>

#define HEAD_LEN   12
#define DIGEST_LEN 20
#define SENTENCE   "Mighty Aphrodite"

/* Who has a password of other characters is left alone. */
static bool add_password(EVP_MD_CTX *context, const char *password)
{
	for (; *password; password++) {
		const char utf16[2] = {0, *password};

		if ((unsigned char)*password > 0x7e || !EVP_DigestUpdate(context, utf16, 2))
			return false;
	}
	return true;
}

static bool digest(struct span body, const char *password, unsigned char out[DIGEST_LEN])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_done = context && EVP_DigestInit_ex(context, EVP_sha1(), NULL) &&
		       add_password(context, password) &&
		       EVP_DigestUpdate(context, SENTENCE, sizeof(SENTENCE) - 1) &&
		       EVP_DigestUpdate(context, body.at, body.len) &&
		       EVP_DigestFinal_ex(context, out, NULL);

	EVP_MD_CTX_free(context);
	return is_done;
}

/* What fits is whole, too. NULL: none. */
static const char *find_password(struct span body, const char *const *passwords)
{
	unsigned char found[DIGEST_LEN];

	for (; *passwords; passwords++)
		if (digest(body, *passwords, found) &&
			memcmp(found, body.at + body.len, DIGEST_LEN) == 0)
			return *passwords;
	return NULL;
}

static uint64_t number_at(const char *at, int width)
{
	uint64_t number = 0;

	for (int i = 0; i < width; i++)
		number = number << 8 | (unsigned char)at[i];
	return number;
}

static char *put_number(char *out, uint64_t number, int width)
{
	for (int i = width; i-- > 0; number >>= 8)
		out[i] = (char)number;
	return out + width;
}

static char *put_bytes(char *out, struct span bytes, int width)
{
	out = put_number(out, bytes.len, width);
	memcpy(out, bytes.at, bytes.len);
	return out + bytes.len;
}

/* Of a certificate that is trusted, at the time 0. */
static char *put_entry(char *out, uint64_t version, struct span certificate)
{
	enum { CERTIFICATE = 2 };

	out = put_number(out, CERTIFICATE, 4);
	out = put_bytes(out, SPAN(STORE_ALIAS), 2);
	out = put_number(out, 0, 8);
	if (version == 2)
		out = put_bytes(out, SPAN("X.509"), 2);
	return put_bytes(out, certificate, 4);
}

static size_t add_der(struct span body, const char *password, struct span certificate, char *out)
{
	uint64_t version = number_at(body.at + 4, 4), count = number_at(body.at + 8, 4);
	char *end;

	if ((version != 1 && version != 2) || count == UINT32_MAX)
		return 0;
	memcpy(out, body.at, body.len);
	put_number(out + 8, count + 1, 4);
	end = put_entry(out + body.len, version, certificate);
	if (!digest((struct span){out, (size_t)(end - out)}, password, (unsigned char *)end))
		return 0;
	return (size_t)(end - out) + DIGEST_LEN;
}

size_t store_jks_add(
	struct span store, const char *const *passwords, X509 *certificate, char *out, size_t cap)
{
	const size_t more = 64;
	struct span body = {store.at, store.len - DIGEST_LEN};
	unsigned char *der = NULL;
	const char *password;
	size_t len = 0;
	int size;

	if (store.len < HEAD_LEN + DIGEST_LEN)
		return 0;
	password = find_password(body, passwords);
	size = password ? i2d_X509(certificate, &der) : -1;
	if (size > 0 && store.len + (size_t)size + more <= cap &&
		!memmem(body.at, body.len, der, (size_t)size))
		len = add_der(body, password, (struct span){(const char *)der, (size_t)size}, out);
	OPENSSL_free(der);
	return len;
}

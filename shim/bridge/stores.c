/* SPDX-License-Identifier: Apache-2.0 */
#include "stores.h"

#include <limits.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>

static void read_pem(struct anchors *anchors, struct span content)
{
	BIO *bio = content.len <= INT_MAX ? BIO_new_mem_buf(content.at, (int)content.len) : NULL;
	char *name, *header;
	unsigned char *data;
	const unsigned char *at;
	long len;
	X509 *certificate;

	while (bio && PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
		if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0) {
			anchors_add(anchors, data, (size_t)len);
		} else if (strcmp(name, PEM_STRING_X509_TRUSTED) == 0) {
			/* More stands behind the certificate. */
			at = data;
			certificate = d2i_X509(NULL, &at, len);
			if (certificate)
				anchors_add(anchors, data, (size_t)(at - data));
			X509_free(certificate);
		}
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	BIO_free(bio);
}

static bool take_number(struct span *from, size_t width, size_t *number)
{
	if (from->len < width)
		return false;
	*number = 0;
	for (size_t i = 0; i < width; i++)
		*number = *number << 8 | (uint8_t)from->at[i];
	*from = span_from(*from, width);
	return true;
}

/* Takes what its length in `width` bytes stands before. */
static bool take_vector(struct span *from, size_t width, struct span *vector)
{
	size_t len;

	if (!take_number(from, width, &len) || from->len < len)
		return false;
	*vector = (struct span){from->at, len};
	*from = span_from(*from, len);
	return true;
}

static bool take_jks_certificate(struct span *from, size_t version, struct span *certificate)
{
	struct span type;

	return (version == 1 || take_vector(from, 2, &type)) && take_vector(from, 4, certificate);
}

/* Of an entry with a private key Java trusts the first certificate. */
static bool read_jks_key(struct anchors *anchors, struct span *from, size_t version)
{
	struct span key, certificate;
	size_t count;

	if (!take_vector(from, 4, &key) || !take_number(from, 4, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!take_jks_certificate(from, version, &certificate))
			return false;
		if (i == 0)
			anchors_add(anchors, certificate.at, certificate.len);
	}
	return true;
}

#define JKS_MAGIC SPAN("\xfe\xed\xfe\xed")

/* The password of such a store guards its keys and a checksum; certificates lie open. */
static void read_jks(struct anchors *anchors, struct span content)
{
	enum { KEY = 1, CERTIFICATE = 2 };
	struct span rest = span_from(content, JKS_MAGIC.len), alias, certificate;
	size_t version, count, type, date;

	if (!take_number(&rest, 4, &version) || !take_number(&rest, 4, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (!take_number(&rest, 4, &type) || !take_vector(&rest, 2, &alias) ||
			!take_number(&rest, 8, &date))
			return;
		if (type == KEY) {
			if (!read_jks_key(anchors, &rest, version))
				return;
		} else if (type == CERTIFICATE &&
			   take_jks_certificate(&rest, version, &certificate)) {
			anchors_add(anchors, certificate.at, certificate.len);
		} else {
			return;
		}
	}
}

static STACK_OF(PKCS12_SAFEBAG) * unpack(PKCS7 *part)
{
	static const char *const passwords[] = {"changeit", "", NULL};
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;

	if (OBJ_obj2nid(part->type) == NID_pkcs7_data)
		return PKCS12_unpack_p7data(part);
	if (OBJ_obj2nid(part->type) != NID_pkcs7_encrypted)
		return NULL;
	for (size_t i = 0; !bags && i < sizeof(passwords) / sizeof(*passwords); i++)
		bags = PKCS12_unpack_p7encdata(
			part, passwords[i], passwords[i] ? (int)strlen(passwords[i]) : 0);
	return bags;
}

static void add_bags(struct anchors *anchors, const STACK_OF(PKCS12_SAFEBAG) * bags)
{
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
		X509 *certificate = PKCS12_SAFEBAG_get_nid(bag) == NID_certBag
					    ? PKCS12_SAFEBAG_get1_cert(bag)
					    : NULL;

		if (certificate)
			anchors_add_certificate(anchors, certificate);
		X509_free(certificate);
	}
}

/* PKCS12_parse() takes no store without a password. */
static void read_pkcs12(struct anchors *anchors, struct span content)
{
	const unsigned char *at = (const unsigned char *)content.at;
	PKCS12 *store = d2i_PKCS12(NULL, &at, (long)content.len);
	STACK_OF(PKCS7) *parts = store ? PKCS12_unpack_authsafes(store) : NULL;

	for (int i = 0; i < sk_PKCS7_num(parts); i++) {
		STACK_OF(PKCS12_SAFEBAG) *bags = unpack(sk_PKCS7_value(parts, i));

		add_bags(anchors, bags);
		sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	}
	sk_PKCS7_pop_free(parts, PKCS7_free);
	PKCS12_free(store);
}

void stores_read(struct anchors *anchors, struct span content)
{
	if (span_starts(content, JKS_MAGIC))
		read_jks(anchors, content);
	else if (span_starts(content, SPAN("\x30")))
		read_pkcs12(anchors, content);
	else
		read_pem(anchors, content);
}

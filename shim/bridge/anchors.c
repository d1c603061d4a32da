/* SPDX-License-Identifier: Apache-2.0 */
#include "anchors.h"

#include <openssl/asn1.h>
#include <stdlib.h>

/* Takes the next ASN.1 value off the beginning: its whole, and what is in it. False: there is none. */
static bool take_value(struct span *from, struct span *whole, struct span *content)
{
	const unsigned char *at = (const unsigned char *)from->at;
	const unsigned char *start = at;
	long len;
	int tag, class;

	if (!from->len || (ASN1_get_object(&at, &len, &tag, &class, (long)from->len) & 0x81))
		return false;
	*content = (struct span){(const char *)at, (size_t)len};
	*whole = (struct span){(const char *)start, (size_t)(at - start) + (size_t)len};
	*from = span_from(*from, whole->len);
	return true;
}

/* Of a Certificate (RFC 5280, 4.1); .at NULL: it is none. */
static struct span find_subject(struct span encoded)
{
	static const struct span none = {NULL, 0};
	struct span rest = encoded, whole, part;

	if (!take_value(&rest, &whole, &part) || rest.len) /* the certificate */
		return none;
	rest = part;
	if (!take_value(&rest, &whole, &part)) /* what is signed of it */
		return none;
	rest = part;
	/* Only the first version begins without its number, [0]. */
	if (rest.len && (uint8_t)*rest.at == 0xa0 && !take_value(&rest, &whole, &part))
		return none;
	/* Serial number, signature, issuer, validity, and then the subject. */
	for (int i = 0; i < 5; i++)
		if (!take_value(&rest, &whole, &part))
			return none;
	return whole;
}

static bool add(struct anchors *anchors, uint8_t *encoded, size_t len)
{
	struct span subject = find_subject((struct span){(const char *)encoded, len});
	size_t cap = anchors->cap ? 2 * anchors->cap : 32;
	struct anchor *all;

	if (!subject.at)
		return false;
	if (anchors->count == anchors->cap) {
		all = realloc(anchors->all, cap * sizeof(*all));
		if (!all)
			return false;
		anchors->all = all;
		anchors->cap = cap;
	}
	anchors->all[anchors->count++] = (struct anchor){encoded, len, subject};
	return true;
}

bool anchors_add(struct anchors *anchors, const void *encoded, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return false;
	memcpy(copy, encoded, len);
	if (add(anchors, copy, len))
		return true;
	free(copy);
	return false;
}

bool anchors_add_certificate(struct anchors *anchors, X509 *certificate)
{
	uint8_t *encoded = NULL;
	int len = i2d_X509(certificate, &encoded);
	bool added = len > 0 && anchors_add(anchors, encoded, (size_t)len);

	OPENSSL_free(encoded);
	return added;
}

void anchors_free(struct anchors *anchors)
{
	for (size_t i = 0; i < anchors->count; i++)
		free(anchors->all[i].encoded);
	free(anchors->all);
	*anchors = (struct anchors){0};
}

static bool same_name(struct span subject, X509_NAME *name)
{
	const unsigned char *at = (const unsigned char *)subject.at;
	X509_NAME *decoded = d2i_X509_NAME(NULL, &at, (long)subject.len);
	bool same = decoded && X509_NAME_cmp(decoded, name) == 0;

	X509_NAME_free(decoded);
	return same;
}

static bool put(const struct anchor *anchor, X509_STORE *store)
{
	const unsigned char *at = anchor->encoded;
	X509 *certificate = d2i_X509(NULL, &at, (long)anchor->len);
	bool done = !certificate || X509_STORE_add_cert(store, certificate) == 1;

	X509_free(certificate);
	return done;
}

static bool is_same(const struct anchor *one, const struct anchor *other)
{
	return one->len == other->len && memcmp(one->encoded, other->encoded, one->len) == 0;
}

bool anchors_put(const struct anchors *anchors, X509_NAME *name, bool loosely, X509_STORE *store)
{
	const struct anchor *last = NULL;
	const unsigned char *encoded;
	size_t len;

	if (X509_NAME_get0_der(name, &encoded, &len) != 1)
		return false;
	for (size_t i = 0; i < anchors->count; i++) {
		struct span subject = anchors->all[i].subject;

		if (!span_equal(subject, (struct span){(const char *)encoded, len}) &&
			!(loosely && same_name(subject, name)))
			continue;
		/* Files that were joined again and again hold it as often. */
		if (last && is_same(last, &anchors->all[i]))
			continue;
		last = &anchors->all[i];
		if (!put(last, store))
			return false;
	}
	return true;
}

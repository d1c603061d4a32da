/* SPDX-License-Identifier: Apache-2.0 */
#include "stores.h"
#include "vector.h"

#include <limits.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>

/* Of a trusted certificate more stands behind it. */
static void add_pem(struct anchors *anchors, const uint8_t *data, long len)
{
	const unsigned char *at = data;
	long whole;
	int tag, class;

	if (len > 0 && !(ASN1_get_object(&at, &whole, &tag, &class, len) & 0x81))
		anchors_add(anchors, data, (size_t)(at - data + whole));
}

#define NO_DIGIT 64

/* The value of each digit of base64, NO_DIGIT of all else. */
struct digits {
	uint8_t of[256];
};

static void make_digits(struct digits *digits)
{
	static const char all[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	memset(digits->of, NO_DIGIT, sizeof(digits->of));
	for (uint8_t i = 0; i < sizeof(all) - 1; i++)
		digits->of[(uint8_t)all[i]] = i;
}

/* False: something else stands among these four digits. */
static bool decode_four(const struct digits *digits, const char *text, uint8_t data[3])
{
	uint8_t a = digits->of[(uint8_t)text[0]], b = digits->of[(uint8_t)text[1]];
	uint8_t c = digits->of[(uint8_t)text[2]], d = digits->of[(uint8_t)text[3]];

	if ((a | b | c | d) & NO_DIGIT)
		return false;
	data[0] = (uint8_t)(a << 2 | b >> 4);
	data[1] = (uint8_t)(b << 4 | c >> 2);
	data[2] = (uint8_t)(c << 6 | d);
	return true;
}

/* What stands between the two lines of a certificate. OpenSSL's decoders take milliseconds for a whole
 * bundle; whether it is a certificate is seen when it is used. */
static void decode_pem(struct anchors *anchors, const struct digits *digits, struct span text)
{
	uint8_t *data = malloc(text.len + 1), digit;
	uint32_t bits = 0;
	unsigned have = 0;
	size_t len = 0;

	for (size_t i = 0; data && i < text.len; i++) {
		/* Most of it, four at a time. */
		while (!have && text.len - i >= 4 && decode_four(digits, text.at + i, data + len)) {
			i += 4;
			len += 3;
		}
		if (i == text.len)
			break;
		digit = digits->of[(uint8_t)text.at[i]];
		if (digit == NO_DIGIT)
			continue;
		bits = bits << 6 | digit;
		if (++have < 4)
			continue;
		data[len++] = (uint8_t)(bits >> 16);
		data[len++] = (uint8_t)(bits >> 8);
		data[len++] = (uint8_t)bits;
		have = 0;
	}
	/* The last one or two bytes. */
	for (unsigned i = 1; data && i < have; i++)
		data[len++] = (uint8_t)(bits << 6 * (4 - have) >> (24 - 8 * i));
	if (data)
		add_pem(anchors, data, (long)len);
	free(data);
}

/* Takes the text up to a mark, and the mark. False: there is none. */
static bool take_until(struct span *from, struct span mark, struct span *text)
{
	const char *found = from->len ? memmem(from->at, from->len, mark.at, mark.len) : NULL;

	if (!found)
		return false;
	*text = (struct span){from->at, (size_t)(found - from->at)};
	*from = span_from(*from, text->len + mark.len);
	return true;
}

static void read_pem(struct anchors *anchors, struct span content)
{
	struct span name, text, end;
	struct digits digits;

	make_digits(&digits);
	while (take_until(&content, SPAN("-----BEGIN "), &text) &&
		take_until(&content, SPAN("-----"), &name)) {
		if (!span_ends(name, SPAN("CERTIFICATE")))
			continue;
		end = content;
		if (take_until(&end, SPAN("-----END "), &text))
			decode_pem(anchors, &digits, text);
	}
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

/* The password of such a store guards its keys and a checksum; certificates lie open. Returns whether there is
 * a key in it. */
static bool read_jks(struct anchors *anchors, struct span content)
{
	enum { KEY = 1, CERTIFICATE = 2 };
	struct span rest = span_from(content, JKS_MAGIC.len), alias, certificate;
	size_t version, count, type, date;
	bool has_key = false;

	if (!take_number(&rest, 4, &version) || !take_number(&rest, 4, &count))
		return has_key;
	for (size_t i = 0; i < count; i++) {
		if (!take_number(&rest, 4, &type) || !take_vector(&rest, 2, &alias) ||
			!take_number(&rest, 8, &date))
			return has_key;
		if (type == KEY) {
			has_key = true;
			if (!read_jks_key(anchors, &rest, version))
				return has_key;
		} else if (type == CERTIFICATE &&
			   take_jks_certificate(&rest, version, &certificate)) {
			anchors_add(anchors, certificate.at, certificate.len);
		} else {
			return has_key;
		}
	}
	return has_key;
}

static STACK_OF(PKCS12_SAFEBAG) * unpack(PKCS7 *part, const char *password)
{
	const char *const passwords[] = {password ? password : "", "changeit", "", NULL};
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
		STACK_OF(PKCS12_SAFEBAG) *bags =
			unpack(sk_PKCS7_value(parts, i), anchors->password);

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

static bool has_jks_key(struct span content)
{
	struct anchors unused = {0};
	bool has_key = read_jks(&unused, content);

	anchors_free(&unused);
	return has_key;
}

bool stores_has_key(struct span content)
{
	/* keyBag and pkcs8ShroudedKeyBag (RFC 7292, appendix D): such bags are encrypted themselves, and lie open
	 * in their store. */
	static const char bags[][12] = {"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01",
		"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02"};

	if (span_starts(content, JKS_MAGIC))
		return has_jks_key(content);
	if (!span_starts(content, SPAN("\x30")))
		return memmem(content.at, content.len, "PRIVATE KEY-----", 16);
	return memmem(content.at, content.len, bags[0], 11) ||
	       memmem(content.at, content.len, bags[1], 11);
}

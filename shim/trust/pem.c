/* SPDX-License-Identifier: Apache-2.0 */
#include "pem.h"

#define BEGIN "-----BEGIN "
#define END   "-----END CERTIFICATE-----"

static const char *find(struct span text, struct span what)
{
	return memmem(text.at, text.len, what.at, what.len);
}

/* An empty one says that nobody is to be trusted: so it stays. */
static bool has_certificates(struct span bundle)
{
	return find(bundle, SPAN(BEGIN "CERTIFICATE-----")) ||
	       find(bundle, SPAN(BEGIN "TRUSTED CERTIFICATE-----")) ||
	       find(bundle, SPAN(BEGIN "X509 CERTIFICATE-----"));
}

/* From the first line of the certificate to its last, without what stands around it. */
static struct span trim(struct span authority)
{
	const char *begin = find(authority, SPAN(BEGIN "CERTIFICATE-----"));
	const char *end =
		begin ? find((struct span){begin, (size_t)(authority.at + authority.len - begin)},
				SPAN(END))
		      : NULL;

	if (!end)
		return (struct span){authority.at, 0};
	return (struct span){begin, (size_t)(end - begin) + sizeof(END) - 1};
}

static bool is_digit(char byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= '0' && byte <= '9') || byte == '+' || byte == '/';
}

/* Digits of base64 in fours, and then nothing but line ends. */
static bool is_base64(struct span text)
{
	size_t digits = 0, fill = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '=')
			fill++;
		else if (is_digit(text.at[i]) && !fill)
			digits++;
		else if (!strchr("\r\n \t", text.at[i]))
			return false;
	}
	return digits && fill <= 2 && (digits + fill) % 4 == 0;
}

/* Where the first certificate begins that is none, behind which Node and others read no further; else the end. */
static size_t find_broken(struct span bundle)
{
	const char *begin, *body, *end, *stop = bundle.at + bundle.len;

	for (const char *at = bundle.at;; at = end) {
		begin = find(
			(struct span){at, (size_t)(stop - at)}, SPAN(BEGIN "CERTIFICATE-----"));
		if (!begin)
			return bundle.len;
		body = begin + sizeof(BEGIN "CERTIFICATE-----") - 1;
		end = find((struct span){body, (size_t)(stop - body)}, SPAN(END));
		if (!end || !is_base64((struct span){body, (size_t)(end - body)}))
			return (size_t)(begin - bundle.at);
	}
}

size_t pem_append(char *bundle, size_t len, struct span authority)
{
	const struct span old = {bundle, len};
	size_t at, more;

	authority = trim(authority);
	if (!authority.len || !has_certificates(old) || find(old, authority))
		return len;
	if (bundle[len - 1] != '\n')
		bundle[len++] = '\n';
	at = find_broken((struct span){bundle, len});
	more = authority.len + 1;
	memmove(bundle + at + more, bundle + at, len - at);
	memcpy(bundle + at, authority.at, authority.len);
	bundle[at + authority.len] = '\n';
	return len + more;
}

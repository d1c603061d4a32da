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

size_t pem_append(char *bundle, size_t len, struct span authority)
{
	const struct span old = {bundle, len};

	authority = trim(authority);
	if (!authority.len || !has_certificates(old) || find(old, authority))
		return len;
	if (bundle[len - 1] != '\n')
		bundle[len++] = '\n';
	memcpy(bundle + len, authority.at, authority.len);
	len += authority.len;
	bundle[len++] = '\n';
	return len;
}

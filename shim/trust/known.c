/* SPDX-License-Identifier: Apache-2.0 */
#include "known.h"

#include <unistd.h>

#include "shim/base/span.h"

/* What a path ends with, wherever the root or the installation is. */
static const struct span endings[] = {
	/* systems */
	SPAN("ssl/certs/ca-certificates.crt"),
	SPAN("certs/ca-bundle.crt"),
	SPAN("ssl/ca-bundle.pem"),
	SPAN("ca-certificates/ca-bundle.pem"),
	SPAN("pem/tls-ca-bundle.pem"),
	SPAN("ssl/cert.pem"),
	SPAN("ssl/cacert.pem"),
	SPAN("tls/cert.pem"),
	SPAN("tls/cacert.pem"),
	SPAN("openssl/cert.pem"),
	SPAN("openssl@3/cert.pem"),
	SPAN("ca-certificates/cacert.pem"),
	/* libraries that bring their own */
	SPAN("certifi/cacert.pem"),
	SPAN("botocore/cacert.pem"),
	SPAN("ca-bundle/res/cacert.pem"),
	SPAN("Mozilla/CA/cacert.pem"),
	SPAN("julia/cert.pem"),
};

static const char *const variables[] = {
	"AWS_CA_BUNDLE",
	"SSL_CERT_FILE",
	"REQUESTS_CA_BUNDLE",
	"CURL_CA_BUNDLE",
	"NODE_EXTRA_CA_CERTS",
	"DENO_CERT",
	"CARGO_HTTP_CAINFO",
	"GIT_SSL_CAINFO",
	"PIP_CERT",
	"PERL_LWP_SSL_CA_FILE",
	"NIX_SSL_CERT_FILE",
	"BUNDLE_SSL_CA_CERT",
	"npm_config_cafile",
};

static bool has_named(const struct known *known, struct span path)
{
	if (!(known->lengths >> path.len % 64 & 1))
		return false;
	for (uint32_t i = 0; i < known->count; i++) {
		struct span named = {known->text + known->named[i].at, known->named[i].len};

		if (span_equal(named, path))
			return true;
	}
	return false;
}

static void add(struct known *known, struct span path)
{
	if (!path.len || known->count == KNOWN_NAMED_MAX ||
		path.len > sizeof(known->text) - known->used || has_named(known, path))
		return;
	memcpy(known->text + known->used, path.at, path.len);
	known->named[known->count].at = known->used;
	known->named[known->count].len = (uint32_t)path.len;
	known->lengths |= 1ull << path.len % 64;
	known->used += (uint32_t)path.len;
	known->count++;
}

static bool names_bundle(struct span name)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		if (span_equal(name, span_of(variables[i])))
			return true;
	return false;
}

void known_read(struct known *known)
{
	for (char **entry = environ; entry && *entry; entry++) {
		const char *value = strchr(*entry, '=');

		if (value && names_bundle((struct span){*entry, (size_t)(value - *entry)}))
			add(known, span_of(value + 1));
	}
}

/* Which nearly all paths fail. */
static bool may_have_ending(struct span path)
{
	const struct span last = span_from(path, path.len - 4);

	return span_equal(last, SPAN(".crt")) || span_equal(last, SPAN(".pem"));
}

static bool has_ending(struct span path)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t before = path.len - endings[i].len;

		if (span_ends(path, endings[i]) && (before == 0 || path.at[before - 1] == '/'))
			return true;
	}
	return false;
}

bool known_has(const struct known *known, const char *path)
{
	const struct span all = span_of(path);

	if (all.len > 4 && may_have_ending(all) && has_ending(all))
		return true;
	return has_named(known, all);
}

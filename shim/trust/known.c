/* SPDX-License-Identifier: Apache-2.0 */
#include "known.h"

#include <unistd.h>

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

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
	/* Java's */
	SPAN("lib/security/cacerts"),
	SPAN("lib/security/jssecacerts"),
	SPAN("java/cacerts"),
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

/* Where options of Java stand, with spaces between. */
static const char *const option_lists[] = {
	"JAVA_TOOL_OPTIONS",
	"JDK_JAVA_OPTIONS",
	"_JAVA_OPTIONS",
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

static bool is_in(const char *const *names, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal(name, span_of(names[i])))
			return true;
	return false;
}

static void read_option(struct known *known, struct span option)
{
	const struct span path = SPAN("-Djavax.net.ssl.trustStore=");
	const struct span password = SPAN("-Djavax.net.ssl.trustStorePassword=");

	if (span_starts(option, path)) {
		add(known, span_from(option, path.len));
	} else if (span_starts(option, password)) {
		option = span_from(option, password.len);
		if (option.len < sizeof(known->password)) {
			memcpy(known->password, option.at, option.len);
			known->password[option.len] = '\0';
		}
	}
}

/* FOLDER:FOLDER/ */
static void read_folders(struct known *known, struct span list)
{
	for (;;) {
		const char *colon = span_find(list, ':');
		struct span folder = {list.at, colon ? (size_t)(colon - list.at) : list.len};

		if (folder.len > 1 && folder.at[folder.len - 1] == '/')
			folder.len--;
		add(known, folder);
		if (!colon)
			return;
		list = span_from(list, (size_t)(colon - list.at) + 1);
	}
}

/* Either kind of quotation mark may stand around an option, or around its value. */
static void read_options(struct known *known, const char *at)
{
	char option[4096], quote = '\0';
	size_t len = 0;

	for (;; at++) {
		if (!*at || (!quote && strchr(" \t\n\v\f\r", *at))) {
			read_option(known, (struct span){option, len});
			len = 0;
			if (!*at)
				return;
		} else if (quote ? *at == quote : *at == '"' || *at == '\'') {
			quote = quote ? '\0' : *at;
		} else if (len < sizeof(option)) {
			option[len++] = *at;
		}
	}
}

struct span known_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return span_of(slash ? slash + 1 : path);
}

static bool is_java(const char *name)
{
	return span_equal(known_last(name), SPAN("java"));
}

void known_read(struct known *known, char *const *arguments)
{
	for (char **entry = environ; entry && *entry; entry++) {
		const char *value = strchr(*entry, '=');
		struct span name = {*entry, value ? (size_t)(value - *entry) : 0};

		if (is_in(variables, COUNT(variables), name))
			add(known, span_of(value + 1));
		else if (span_equal(name, SPAN("SSL_CERT_DIR")))
			read_folders(known, span_of(value + 1));
		else if (is_in(option_lists, COUNT(option_lists), name))
			read_options(known, value + 1);
	}
	if (!*arguments || !is_java(*arguments))
		return;
	while (*++arguments)
		read_option(known, span_of(*arguments));
}

/* HHHHHHHH.0 */
static bool read_hash(struct span name, uint32_t *hash)
{
	static const char digits[] = "0123456789abcdef";

	*hash = 0;
	if (name.len != 10 || name.at[8] != '.' || name.at[9] != '0')
		return false;
	for (size_t i = 0; i < 8; i++) {
		const char *digit = memchr(digits, name.at[i], 16);

		if (!digit)
			return false;
		*hash = *hash << 4 | (uint32_t)(digit - digits);
	}
	return true;
}

bool known_has_hash(const struct known *known, const char *path, uint32_t *hash)
{
	size_t len = strlen(path);
	struct span folder = {path, len > 11 ? len - 11 : 0};

	if (!folder.len || path[len - 11] != '/' ||
		!read_hash((struct span){path + len - 10, 10}, hash))
		return false;
	return span_ends(folder, SPAN("/ssl/certs")) || span_ends(folder, SPAN("/tls/certs")) ||
	       has_named(known, folder);
}

/* Which nearly all paths fail. */
static bool may_have_ending(struct span path)
{
	const struct span last = span_from(path, path.len - 4);

	return span_equal(last, SPAN(".crt")) || span_equal(last, SPAN(".pem")) ||
	       span_equal(last, SPAN("erts"));
}

static bool has_ending(struct span path)
{
	for (size_t i = 0; i < COUNT(endings); i++) {
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints.h"

#include <stdlib.h>
#include <unistd.h>

#include "shim/base/span.h"

#define VARIABLE "AWS_ENDPOINT_URL"

/* What stands before the first of `ends`; all of the text where there is none. */
static struct span until(struct span text, const char *ends)
{
	for (size_t i = 0; i < text.len; i++)
		if (strchr(ends, text.at[i]))
			return (struct span){text.at, i};
	return text;
}

/* Of SCHEME://USER@HOST:PORT/PATH. */
static struct span authority_of(const char *url)
{
	const char *scheme = strstr(url, "://"), *user;
	struct span authority = until(span_of(scheme ? scheme + 3 : url), "/?#");

	user = span_find(authority, '@');
	return user ? span_from(authority, (size_t)(user - authority.at) + 1) : authority;
}

static struct span host_of(struct span authority)
{
	if (span_starts(authority, SPAN("[")))
		return until(span_from(authority, 1), "]");
	return until(authority, ":");
}

static uint16_t port_of(const char *url, struct span host)
{
	const char *end = host.at + host.len;

	if (*end == ']')
		end++;
	if (*end == ':')
		return (uint16_t)strtoul(end + 1, NULL, 10);
	return strncasecmp(url, "https:", 6) == 0 ? 443 : 80;
}

/* Where the list is full, or the name is too long for any, it is left out. */
static void add(struct endpoints *endpoints, struct span host, uint16_t port)
{
	struct endpoint *endpoint = &endpoints->all[endpoints->count];

	if (!host.len || host.len >= sizeof(endpoint->host) || endpoints->count == ENDPOINTS_MAX)
		return;
	for (unsigned i = 0; i < endpoints->count; i++)
		if (endpoints->all[i].port == port &&
			span_equal_nocase(span_of(endpoints->all[i].host), host))
			return;
	endpoint->port = port;
	memcpy(endpoint->host, host.at, host.len);
	endpoints->count++;
}

void endpoints_read(struct endpoints *endpoints)
{
	const size_t len = sizeof(VARIABLE) - 1;

	for (char **entry = environ; entry && *entry; entry++) {
		const char *value = strchr(*entry, '=');
		struct span host;

		if (strncmp(*entry, VARIABLE, len) != 0 || !value ||
			(value != *entry + len && (*entry)[len] != '_'))
			continue;
		host = host_of(authority_of(value + 1));
		add(endpoints, host, port_of(value + 1, host));
	}
}

static bool is_at_or_below(struct span name, struct span host)
{
	struct span end;

	if (name.len < host.len)
		return false;
	end = span_from(name, name.len - host.len);
	return span_equal_nocase(end, host) && (end.at == name.at || end.at[-1] == '.');
}

bool endpoints_has_name(const struct endpoints *endpoints, const char *name)
{
	if (is_at_or_below(span_of(name), SPAN("localhost.localstack.cloud")))
		return true;
	for (unsigned i = 0; i < endpoints->count; i++)
		if (is_at_or_below(span_of(name), span_of(endpoints->all[i].host)))
			return true;
	return false;
}

static bool is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

bool endpoints_has_address(const struct endpoints *endpoints, const char *address, uint16_t port)
{
	for (unsigned i = 0; i < endpoints->count; i++) {
		const struct endpoint *endpoint = &endpoints->all[i];
		bool is_local = strcasecmp(endpoint->host, "localhost") == 0;

		if (endpoint->port == port && (strcmp(endpoint->host, address) == 0 ||
						      (is_local && is_loopback(address))))
			return true;
	}
	return false;
}

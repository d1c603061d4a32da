/* SPDX-License-Identifier: Apache-2.0 */
#include "origin.h"

#include <arpa/inet.h>
#include <string.h>

#include "shim/base/span.h"

#define OWN_DOMAIN "localhost.localstack.cloud"

static bool is_port(struct span text)
{
	if (text.len == 0)
		return true;
	if (*text.at != ':')
		return false;
	for (size_t i = 1; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return true;
}

static bool is_loopback_v4(struct span name)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr address;

	if (name.len >= sizeof(text))
		return false;
	memcpy(text, name.at, name.len);
	text[name.len] = '\0';
	return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

static bool is_own_name(struct span name)
{
	struct span tail;

	if (span_equal_nocase(name, SPAN("localhost")) || is_loopback_v4(name))
		return true;
	if (name.len < sizeof(OWN_DOMAIN) - 1)
		return false;
	tail = span_from(name, name.len - (sizeof(OWN_DOMAIN) - 1));
	return span_equal_nocase(tail, SPAN(OWN_DOMAIN)) &&
	       (tail.at == name.at || tail.at[-1] == '.');
}

bool origin_host_is_own(const char *host)
{
	struct span text = span_of(host);
	size_t name_len = strcspn(host, ":");

	if (span_starts(text, SPAN("[::1]")))
		return is_port(span_from(text, 5));
	return is_own_name((struct span){host, name_len}) && is_port(span_from(text, name_len));
}

bool origin_is_own(const char *origin)
{
	const char *host = strstr(origin, "://");

	return host && origin_host_is_own(host + 3);
}

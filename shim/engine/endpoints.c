/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define URL  "AWS_ENDPOINT_URL"
#define LIST "CHAOS_INTERCEPT="

#define LABEL_MAX 63

#define LOCALSTACK_PORT 4566

/* ---- URLs ---- */

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

/* ---- addresses and names ---- */

static bool copy(struct span text, char *out, size_t cap)
{
	if (!text.len || text.len >= cap)
		return false;
	memcpy(out, text.at, text.len);
	out[text.len] = '\0';
	return true;
}

/* Writes an address as inet_ntop() does. An IPv4 address may stand in one of IPv6: to the program they
 * are the same. */
static bool read_address(struct span host, char out[INET6_ADDRSTRLEN])
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (!copy(host, text, sizeof(text)))
		return false;
	if (inet_pton(AF_INET, text, &address) == 1)
		return inet_ntop(AF_INET, &address, out, INET6_ADDRSTRLEN);
	if (inet_pton(AF_INET6, text, &address) != 1)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&address))
		return inet_ntop(AF_INET, &address.s6_addr[12], out, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, &address, out, INET6_ADDRSTRLEN);
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || is_digit(byte) ||
	       byte == '-' || byte == '_' || byte == '.';
}

static bool has_good_labels(struct span name)
{
	for (size_t i = 0, label = 0; i <= name.len; i++) {
		if (i < name.len && name.at[i] != '.')
			continue;
		if (i == label || i - label > LABEL_MAX)
			return false;
		label = i + 1;
	}
	return true;
}

/* Then it is an address, or nothing. */
static bool ends_with_number(struct span name)
{
	size_t at = name.len;

	while (at > 0 && is_digit(name.at[at - 1]))
		at--;
	return at < name.len && (at == 0 || name.at[at - 1] == '.');
}

static const char *check_name(struct span name)
{
	if (!name.len)
		return "is empty; write HOST or HOST:PORT, with commas between them";
	if (name.at[0] == '*' || name.at[0] == '.')
		return "begins with '*' or '.'; a name alone stands for those below it, too";
	for (size_t i = 0; i < name.len; i++) {
		if ((unsigned char)name.at[i] >= 0x80)
			return "is not ASCII; write it as DNS has it, with xn--";
		if (!is_name_byte(name.at[i]))
			return "is no host; write a name or an address, alone or with :PORT";
	}
	if (name.len > 253 || !has_good_labels(name))
		return "is no host: a part of the name is empty or too long";
	return ends_with_number(name) ? "is no address" : NULL;
}

const char *endpoints_check_host(struct span host)
{
	char address[INET6_ADDRSTRLEN];

	return read_address(host, address) ? NULL : check_name(host);
}

/* Where the list is full, or the name is too long for any, it is left out. */
static bool add(struct endpoints *endpoints, struct span host, uint16_t port)
{
	struct endpoint *endpoint = &endpoints->all[endpoints->count]; /* or behind them */
	char address[INET6_ADDRSTRLEN];

	if (read_address(host, address))
		host = span_of(address);
	for (unsigned i = 0; i < endpoints->count; i++)
		if (endpoints->all[i].port == port &&
			span_equal_nocase(span_of(endpoints->all[i].host), host))
			return true;
	if (endpoints->count == ENDPOINTS_MAX) {
		endpoints->is_cut = true;
		return false;
	}
	if (!copy(host, endpoint->host, sizeof(endpoint->host)))
		return false;
	endpoint->port = port;
	endpoints->count++;
	return true;
}

/* ---- lists ---- */

/* The number, or 0: it is none. */
static uint16_t read_port(struct span text)
{
	unsigned port = 0;

	if (!text.len || text.len > 5)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		if (!is_digit(text.at[i]))
			return 0;
		port = port * 10 + (unsigned)(text.at[i] - '0');
	}
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* Cuts the port, from its colon on, off the entry. */
static struct span cut_port(struct span *entry)
{
	const char *end = entry->at + entry->len, *colon;

	if (span_starts(*entry, SPAN("["))) {
		colon = span_find(*entry, ']');
		if (!colon)
			return (struct span){end, 0};
		entry->at++;
		entry->len = (size_t)(colon - entry->at);
		return (struct span){colon + 1, (size_t)(end - colon - 1)};
	}
	colon = span_find(*entry, ':');
	/* Those of an address in IPv6 are more. */
	if (!colon || memchr(colon + 1, ':', (size_t)(end - colon - 1)))
		return (struct span){end, 0};
	entry->len = (size_t)(colon - entry->at);
	return (struct span){colon, (size_t)(end - colon)};
}

/* The root's dot says nothing, and no client sends it. */
static struct span without_root(struct span name)
{
	if (name.len > 1 && name.at[name.len - 1] == '.')
		name.len--;
	return name;
}

static const char *add_entry(struct endpoints *endpoints, struct span entry)
{
	static const char url[] = "is a URL; write its host alone, or HOST:PORT";
	struct span port;
	uint16_t number;
	const char *reason;

	for (size_t i = 0; i + 2 < entry.len; i++)
		if (span_starts(span_from(entry, i), SPAN("://")))
			return url;
	port = cut_port(&entry);
	number = read_port(span_from(port, 1));
	entry = without_root(entry);
	reason = endpoints_check_host(entry);
	if (reason)
		return reason;
	if (port.len && (*port.at != ':' || !number))
		return "has no port from 1 to 65535 behind its ':'";
	return add(endpoints, entry, number) ? NULL : "is one more than there is room for";
}

static struct span trimmed(struct span text)
{
	while (text.len && *text.at == ' ')
		text = span_from(text, 1);
	while (text.len && text.at[text.len - 1] == ' ')
		text.len--;
	return text;
}

const char *endpoints_add(struct endpoints *endpoints, const char *list, struct span *wrong)
{
	const char *first = NULL;

	for (bool more = true; more;) {
		struct span all = span_of(list), entry = until(all, ",");
		const char *reason = add_entry(endpoints, trimmed(entry));

		if (reason && !first) {
			first = reason;
			*wrong = entry;
		}
		more = entry.len < all.len;
		list += entry.len + more;
	}
	return first;
}

const char *endpoints_check_ports(const char *list, struct span *wrong)
{
	for (bool more = *list; more;) {
		struct span all = span_of(list), entry = until(all, ",");

		if (!read_port(trimmed(entry))) {
			*wrong = entry;
			return "is no port from 1 to 65535; write PORT, with commas between them";
		}
		more = entry.len < all.len;
		list += entry.len + more;
	}
	return NULL;
}

/* ---- the environment ---- */

static void read_url(struct endpoints *endpoints, const char *url)
{
	struct span host = host_of(authority_of(url));

	if (host.len)
		add(endpoints, host, port_of(url, host));
}

static const char *read_list(struct endpoints *endpoints, const char *entry, struct span *wrong)
{
	const char *list = entry + sizeof(LIST) - 1;

	if (strncmp(entry, LIST, sizeof(LIST) - 1) != 0 || !*list)
		return NULL;
	return endpoints_add(endpoints, list, wrong);
}

const char *endpoints_read(
	struct endpoints *endpoints, char *const *environment, struct span *wrong)
{
	const size_t len = sizeof(URL) - 1;
	const char *reason = NULL;

	for (char *const *entry = environment; entry && *entry && !reason; entry++)
		reason = read_list(endpoints, *entry, wrong);
	endpoints->listed = endpoints->count;
	for (char *const *entry = environment; entry && *entry; entry++) {
		const char *value = strchr(*entry, '=');

		if (strncmp(*entry, URL, len) == 0 && value &&
			(value == *entry + len || (*entry)[len] == '_'))
			read_url(endpoints, value + 1);
	}
	return reason;
}

/* ---- which of them ---- */

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

bool endpoints_is_localstack(const char *name, const char *address, uint16_t port)
{
	return port == LOCALSTACK_PORT && is_loopback(address) &&
	       (!*name || is_at_or_below(span_of(name), SPAN("localhost")));
}

bool endpoints_has_address(const struct endpoints *endpoints, const char *address, uint16_t port)
{
	for (unsigned i = 0; i < endpoints->count; i++) {
		const struct endpoint *endpoint = &endpoints->all[i];
		bool is_local = strcasecmp(endpoint->host, "localhost") == 0;

		if ((!endpoint->port || endpoint->port == port) &&
			(strcmp(endpoint->host, address) == 0 ||
				(is_local && is_loopback(address))))
			return true;
	}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "hello.h"

#include <stdint.h>
#include <stdlib.h>

#include "shim/base/span.h"
#include "vector.h"

enum {
	RECORD_HEADER = 5,
	RECORD_HANDSHAKE = 22,
	CLIENT_HELLO = 1,
	HELLO_MAX = 1 << 17,
};

enum extension {
	SUPPORTED_GROUPS = 10,
	SIGNATURE_ALGORITHMS = 13,
	ALPN = 16,
	SUPPORTED_VERSIONS = 43,
};

enum {
	TLS_1_2 = 0x0303,
	TLS_1_3 = 0x0304,
	ECDSA_SECP256R1_SHA256 = 0x0403,
	SECP256R1 = 23,
};

static const char not_whole[] = "not a whole ClientHello";

static bool among(size_t number, const uint16_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == number)
			return true;
	return false;
}

#define AMONG(number, list) among(number, list, sizeof(list) / sizeof(*(list)))

bool hello_lists(const struct hello_list *list, uint16_t number)
{
	return among(number, list->numbers, list->count);
}

/* RFC 8701 */
static bool is_grease(size_t number)
{
	return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
}

static void keep(struct hello_list *list, size_t number)
{
	if (list->count < HELLO_NUMBERS && !is_grease(number) &&
		!hello_lists(list, (uint16_t)number))
		list->numbers[list->count++] = (uint16_t)number;
}

static void read_suites(struct hello *hello, struct span suites)
{
	static const uint16_t of_13[] = {0x1301, 0x1302, 0x1303};
	/* ECDHE-ECDSA with AES-GCM, ChaCha20-Poly1305, AES-CBC. */
	static const uint16_t of_12[] = {0xc02b, 0xc02c, 0xcca9, 0xc023, 0xc024, 0xc009, 0xc00a};
	size_t suite;

	while (take_number(&suites, 2, &suite)) {
		keep(&hello->suites, suite);
		hello->suite13 |= AMONG(suite, of_13);
		hello->suite12 |= AMONG(suite, of_12);
	}
}

static void read_versions(struct hello *hello, struct span body)
{
	struct span versions;
	size_t version;

	hello->tls12 = false;
	if (!take_vector(&body, 1, &versions))
		return;
	while (take_number(&versions, 2, &version)) {
		hello->tls13 |= version == TLS_1_3;
		hello->tls12 |= version == TLS_1_2;
	}
}

static void read_groups(struct hello *hello, struct span body)
{
	/* secp256r1, secp384r1, secp521r1, x25519 */
	static const uint16_t ours[] = {SECP256R1, 24, 25, 29};
	struct span groups;
	size_t group;

	hello->groups = true;
	if (!take_vector(&body, 2, &groups))
		return;
	while (take_number(&groups, 2, &group)) {
		keep(&hello->named_groups, group);
		hello->group |= AMONG(group, ours);
		hello->curve |= group == SECP256R1;
	}
}

static void read_signatures(struct hello *hello, struct span body)
{
	struct span algorithms;
	size_t algorithm;

	if (!take_vector(&body, 2, &algorithms))
		return;
	while (take_number(&algorithms, 2, &algorithm)) {
		keep(&hello->signatures, algorithm);
		hello->ecdsa |= algorithm == ECDSA_SECP256R1_SHA256;
	}
}

static void read_alpn(struct hello *hello, struct span body)
{
	struct span names, name;

	hello->alpn = true;
	if (!take_vector(&body, 2, &names))
		return;
	while (take_vector(&names, 1, &name))
		hello->http1 |= span_equal(name, SPAN("http/1.1"));
}

static bool read_extensions(struct hello *hello, struct span extensions)
{
	struct span body;
	size_t type;

	while (extensions.len) {
		if (!take_number(&extensions, 2, &type) || !take_vector(&extensions, 2, &body))
			return false;
		if (type == SUPPORTED_VERSIONS)
			read_versions(hello, body);
		else if (type == SUPPORTED_GROUPS)
			read_groups(hello, body);
		else if (type == SIGNATURE_ALGORITHMS)
			read_signatures(hello, body);
		else if (type == ALPN)
			read_alpn(hello, body);
	}
	return true;
}

static const char *read_body(struct hello *hello, struct span body)
{
	static const char broken[] = "a broken ClientHello";
	struct span session, suites, compressions, extensions = {"", 0};
	size_t version;

	if (!take_number(&body, 2, &version) || body.len < 32)
		return broken;
	body = span_from(body, 32); /* the random */
	hello->tls12 = version >= TLS_1_2;
	if (!take_vector(&body, 1, &session) || !take_vector(&body, 2, &suites) ||
		!take_vector(&body, 1, &compressions))
		return broken;
	read_suites(hello, suites);
	if (body.len && !take_vector(&body, 2, &extensions))
		return broken;
	return read_extensions(hello, extensions) ? NULL : broken;
}

/* Puts together the message that the records in `data` carry. Returns its length, 0 if it is not whole. */
static size_t join_records(struct span data, char *message)
{
	struct span part;
	size_t type, version, len = 0, wanted = 4;

	while (len < wanted) {
		if (!take_number(&data, 1, &type) || type != RECORD_HANDSHAKE ||
			!take_number(&data, 2, &version) || !take_vector(&data, 2, &part) ||
			!part.len)
			return 0;
		memcpy(message + len, part.at, part.len);
		len += part.len;
		if (len < 4)
			continue;
		wanted = 4 + ((size_t)(uint8_t)message[1] << 16 | (size_t)(uint8_t)message[2] << 8 |
				     (uint8_t)message[3]);
		if (message[0] != CLIENT_HELLO || wanted > HELLO_MAX)
			return 0;
	}
	return wanted;
}

const char *hello_read(struct hello *hello, const char *data, size_t len)
{
	const char *reason = not_whole;
	char *message;
	size_t whole;

	memset(hello, 0, sizeof(*hello));
	if (len < RECORD_HEADER + 4 || data[0] != RECORD_HANDSHAKE)
		return not_whole;
	if (len > HELLO_MAX)
		len = HELLO_MAX;
	message = malloc(len);
	if (!message)
		return "no memory";
	whole = join_records((struct span){data, len}, message);
	if (whole)
		reason = read_body(hello, (struct span){message + 4, whole - 4});
	free(message);
	return reason;
}

const char *hello_refuses(const struct hello *hello)
{
	if (!hello->tls12 && !hello->tls13)
		return "offers nothing newer than TLS 1.1";
	if (hello->alpn && !hello->http1)
		return "does not offer http/1.1";
	if (!hello->ecdsa)
		return "takes no certificate of ECDSA";
	if (hello->tls13)
		return hello->suite13 && hello->group ? NULL : "offers no cipher of ours";
	if (!hello->suite12 || (hello->groups && !hello->curve))
		return "takes no certificate of ECDSA";
	return NULL;
}

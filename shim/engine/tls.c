/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

enum { RECORD_HANDSHAKE = 22, RECORD_APPLICATION = 23 };
enum { HANDSHAKE_CLIENT_HELLO = 1 };
enum { EXTENSION_SERVER_NAME = 0 };

bool tls_sniff(const char *data, size_t len)
{
	return len >= 3 && data[0] == RECORD_HANDSHAKE && data[1] == 3 && data[2] <= 4;
}

/* Takes `len` bytes off `rest`; .at NULL if there are fewer. */
static struct span take(struct span *rest, size_t len)
{
	struct span taken = {rest->at, len};

	if (!rest->at || rest->len < len) {
		*rest = (struct span){NULL, 0};
		return *rest;
	}
	*rest = (struct span){rest->at + len, rest->len - len};
	return taken;
}

/* A big-endian number of `len` bytes; 0 past the end. */
static size_t take_number(struct span *rest, size_t len)
{
	struct span bytes = take(rest, len);
	size_t number = 0;

	for (size_t i = 0; i < bytes.len; i++)
		number = number << 8 | (uint8_t)bytes.at[i];
	return number;
}

/* A vector with a length of `size` bytes before it. What is cut off by the end of the data is gone. */
static struct span take_vector(struct span *rest, size_t size)
{
	size_t len = take_number(rest, size);

	return take(rest, len);
}

/* RFC 6066 3: a list of names, of which only host names (type 0) are in use. */
static struct span parse_server_name(struct span extension)
{
	struct span list = take_vector(&extension, 2);

	if (take_number(&list, 1) != 0)
		return (struct span){NULL, 0};
	return take_vector(&list, 2);
}

static struct span find_server_name(struct span extensions)
{
	while (extensions.len >= 4) {
		size_t type = take_number(&extensions, 2);
		struct span extension = take_vector(&extensions, 2);

		if (type == EXTENSION_SERVER_NAME && extension.at)
			return parse_server_name(extension);
	}
	return (struct span){NULL, 0};
}

bool tls_parse_hello(struct tls_hello *hello, const char *data, size_t len)
{
	struct span rest = {data, len}, random, extensions;
	size_t record, message;

	if (!tls_sniff(data, len))
		return false;
	take(&rest, 3);
	record = take_number(&rest, 2);
	if (take_number(&rest, 1) != HANDSHAKE_CLIENT_HELLO)
		return false;
	message = take_number(&rest, 3);
	/* What comes behind it is not of it; what another record goes on with is not read. */
	if (message > (record < 4 ? 0 : record - 4))
		message = record < 4 ? 0 : record - 4;
	if (message < rest.len)
		rest.len = message;
	take(&rest, 2);
	random = take(&rest, TLS_RANDOM_LEN);
	if (!random.at)
		return false;
	memcpy(hello->random, random.at, TLS_RANDOM_LEN);
	take_vector(&rest, 1); /* session id */
	take_vector(&rest, 2); /* cipher suites */
	take_vector(&rest, 1); /* compression methods */
	take_number(&rest, 2);
	/* To the end of what has been seen. */
	extensions = rest;
	hello->server_name = extensions.at ? find_server_name(extensions) : (struct span){NULL, 0};
	return true;
}

void tls_follow(struct tls_records *records, const char *data, size_t len)
{
	for (size_t at = 0; at < len;) {
		if (records->left) {
			size_t size = len - at < records->left ? len - at : records->left;

			if (records->header[0] == RECORD_APPLICATION)
				records->application += size;
			records->left -= (uint32_t)size;
			at += size;
			continue;
		}
		records->header[records->header_len++] = (uint8_t)data[at++];
		if (records->header_len < sizeof(records->header))
			continue;
		records->header_len = 0;
		records->left = (uint32_t)records->header[3] << 8 | records->header[4];
	}
}

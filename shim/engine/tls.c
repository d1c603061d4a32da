/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

enum { RECORD_HEADER = 5, RECORD_HANDSHAKE = 22, RECORD_APPLICATION = 23 };
enum { HANDSHAKE_HEADER = 4, HANDSHAKE_CLIENT_HELLO = 1 };
enum { EXTENSION_SERVER_NAME = 0 };

bool tls_sniff(const char *data, size_t len)
{
	return len >= 3 && data[0] == RECORD_HANDSHAKE && data[1] == 3 && data[2] <= 4;
}

/* The bytes of a message, wherever the records that carry it are cut. */
struct message {
	struct span rest; /* of the stream */
	size_t record;	  /* bytes of the current record that are still to come */
	size_t within;	  /* bytes to the end of the message, or of a vector in it */
	bool is_wanting;  /* what was to be taken is not there */
	bool is_broken;	  /* nor will it be */
};

/* How many bytes are there in one run; 0: none, and none is had any more. */
static size_t next_run(struct message *message)
{
	struct span *rest = &message->rest;

	if (!message->record && rest->len >= RECORD_HEADER) {
		message->record = (size_t)(uint8_t)rest->at[3] << 8 | (uint8_t)rest->at[4];
		message->is_broken |= rest->at[0] != RECORD_HANDSHAKE || !message->record;
		*rest = span_from(*rest, RECORD_HEADER);
	}
	message->is_wanting |= message->is_broken || !message->record || !rest->len;
	if (message->is_wanting)
		return 0;
	return message->record < rest->len ? message->record : rest->len;
}

/* To `out`; NULL: nowhere. False: there are fewer. */
static bool take(struct message *message, size_t len, uint8_t *out)
{
	if (len > message->within)
		message->is_wanting = message->is_broken = true;
	while (len && !message->is_wanting) {
		size_t run = next_run(message);

		run = run < len ? run : len;
		if (out && run) {
			memcpy(out, message->rest.at, run);
			out += run;
		}
		message->rest = span_from(message->rest, run);
		message->record -= run;
		message->within -= run;
		len -= run;
	}
	return !message->is_wanting;
}

/* A big-endian number of up to 3 bytes; 0 past the end. */
static size_t take_number(struct message *message, size_t len)
{
	uint8_t bytes[3];
	size_t number = 0;

	if (!take(message, len, bytes))
		return 0;
	for (size_t i = 0; i < len; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* A vector with a length of `size` bytes before it; empty where the end of the data cuts it off. */
static struct message take_vector(struct message *message, size_t size)
{
	size_t len = take_number(message, size);
	struct message vector = *message;

	vector.within = take(message, len, NULL) ? len : 0;
	return vector;
}

/* RFC 6066 3: a list of names, of which only host names (type 0) are in use. */
static void read_server_name(struct tls_hello *hello, struct message extension)
{
	struct message list = take_vector(&extension, 2), name;

	if (!list.within || take_number(&list, 1) != 0)
		return;
	name = take_vector(&list, 2);
	if (name.within > sizeof(hello->name))
		return;
	hello->server_name = (struct span){hello->name, name.within};
	take(&name, name.within, (uint8_t *)hello->name);
}

/* To the end of what has been seen. */
static void find_server_name(struct tls_hello *hello, struct message *extensions)
{
	while (extensions->within >= 4 && !extensions->is_wanting) {
		size_t type = take_number(extensions, 2);
		struct message extension = take_vector(extensions, 2);

		if (type == EXTENSION_SERVER_NAME && extension.within) {
			read_server_name(hello, extension);
			return;
		}
	}
}

/* False: it is not one, or its header is not there. */
static bool begin_hello(struct message *message)
{
	message->within = HANDSHAKE_HEADER;
	if (take_number(message, 1) != HANDSHAKE_CLIENT_HELLO) {
		message->is_broken |= !message->is_wanting;
		return false;
	}
	message->within = take_number(message, 3);
	return !message->is_wanting;
}

bool tls_parse_hello(struct tls_hello *hello, const char *data, size_t len)
{
	struct message message = {.rest = {data, len}};

	hello->server_name = (struct span){NULL, 0};
	if (!tls_sniff(data, len) || !begin_hello(&message))
		return false;
	take(&message, 2, NULL);
	if (!take(&message, TLS_RANDOM_LEN, hello->random))
		return false;
	take_vector(&message, 1); /* session id */
	take_vector(&message, 2); /* cipher suites */
	take_vector(&message, 1); /* compression methods */
	take_number(&message, 2);
	find_server_name(hello, &message);
	return true;
}

/* A client that says it has more to say than this is none; none that we know needs a quarter of it. */
#define HELLO_MAX (64u << 10)

bool tls_may_go_on(const char *data, size_t len)
{
	struct message message = {.rest = {data, len}};

	if (begin_hello(&message) && message.within <= HELLO_MAX)
		take(&message, message.within, NULL);
	return message.is_wanting && !message.is_broken;
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "socks.h"

enum step {
	STEP_VERSION,
	STEP_4_HEAD, /* command, port, address */
	STEP_4_USER,
	STEP_4_NAME,
	STEP_METHOD_COUNT,
	STEP_METHODS,
	STEP_MESSAGE, /* the user and the password, or the request */
	STEP_USER_LEN,
	STEP_USER,
	STEP_PASSWORD_LEN,
	STEP_PASSWORD,
	STEP_REQUEST,	   /* its version */
	STEP_REQUEST_HEAD, /* command, a zero, the address' type */
	STEP_NAME_LEN,
	STEP_ADDRESS, /* and the port */
	STEP_DONE,
	STEP_BAD,
};

enum {
	COMMAND_CONNECT = 1,
	METHOD_GSSAPI = 1,
	METHOD_PASSWORD = 2,
	ADDRESS_IPV4 = 1,
	ADDRESS_NAME = 3,
	ADDRESS_IPV6 = 4,
};

/* SOCKS 4 ends its texts with a zero byte: one that does not end is none. */
#define TEXT_MAX 512

/* Clients offer one to three; 255 is no method but the server's refusal. */
#define METHODS_MAX 10
#define METHOD_NONE 0xff

/* Command, port, address; 0.0.0.x says that a name follows. */
static enum step take_head(struct socks *socks, uint8_t byte)
{
	if (socks->count == 1 && byte != COMMAND_CONNECT)
		return STEP_BAD;
	if (socks->count == 4)
		socks->is_named = true;
	if (socks->count >= 4 && socks->count <= 6 && byte)
		socks->is_named = false;
	if (socks->count == 7 && !byte)
		socks->is_named = false;
	return socks->left ? STEP_4_HEAD : STEP_4_USER;
}

static enum step take_text(const struct socks *socks, uint8_t byte)
{
	if (byte)
		return socks->count < TEXT_MAX ? (enum step)socks->step : STEP_BAD;
	return socks->step == STEP_4_USER && socks->is_named ? STEP_4_NAME : STEP_DONE;
}

static enum step take_method(struct socks *socks, uint8_t byte)
{
	if (byte == METHOD_NONE)
		return STEP_BAD;
	if (byte < 8)
		socks->offers |= (uint8_t)(1u << byte);
	return socks->left ? STEP_METHODS : STEP_MESSAGE;
}

static enum step take_message(const struct socks *socks, uint8_t byte)
{
	if (byte == 5)
		return STEP_REQUEST_HEAD;
	return byte == 1 && socks->offers >> METHOD_PASSWORD & 1 ? STEP_USER_LEN : STEP_BAD;
}

/* GSSAPI's messages begin with the same byte; what a user name of one letter would be is the upper
 * half of a length there. */
static enum step take_user(const struct socks *socks, uint8_t byte, bool is_only)
{
	if (is_only && byte < ' ' && socks->offers >> METHOD_GSSAPI & 1)
		return STEP_BAD;
	return socks->left ? STEP_USER : STEP_PASSWORD_LEN;
}

/* Command, a zero, the address' type. */
static enum step take_request(struct socks *socks, uint8_t byte)
{
	if (socks->count == 1)
		return byte == COMMAND_CONNECT ? STEP_REQUEST_HEAD : STEP_BAD;
	if (socks->count == 2)
		return byte == 0 ? STEP_REQUEST_HEAD : STEP_BAD;
	if (byte == ADDRESS_NAME)
		return STEP_NAME_LEN;
	socks->left = byte == ADDRESS_IPV4 ? 4 + 2 : 16 + 2;
	return byte == ADDRESS_IPV4 || byte == ADDRESS_IPV6 ? STEP_ADDRESS : STEP_BAD;
}

/* The step that comes after this byte; `left` is set where its size is known by now. */
static enum step take_byte(struct socks *socks, uint8_t byte)
{
	switch ((enum step)socks->step) {
	case STEP_VERSION:
		socks->left = 7;
		return byte == 4 ? STEP_4_HEAD : byte == 5 ? STEP_METHOD_COUNT : STEP_BAD;
	case STEP_4_HEAD:
		return take_head(socks, byte);
	case STEP_4_USER:
	case STEP_4_NAME:
		return take_text(socks, byte);
	case STEP_METHOD_COUNT:
		socks->left = byte;
		return byte && byte <= METHODS_MAX ? STEP_METHODS : STEP_BAD;
	case STEP_METHODS:
		return take_method(socks, byte);
	case STEP_MESSAGE:
		return take_message(socks, byte);
	case STEP_USER_LEN:
		socks->left = byte;
		return byte ? STEP_USER : STEP_PASSWORD_LEN;
	case STEP_USER:
		return take_user(socks, byte, socks->count == 1 && !socks->left);
	case STEP_PASSWORD_LEN:
		socks->left = byte;
		return byte ? STEP_PASSWORD : STEP_REQUEST;
	case STEP_PASSWORD:
		return socks->left ? STEP_PASSWORD : STEP_REQUEST;
	case STEP_REQUEST:
		return byte == 5 ? STEP_REQUEST_HEAD : STEP_BAD;
	case STEP_REQUEST_HEAD:
		return take_request(socks, byte);
	case STEP_NAME_LEN:
		socks->left = (uint16_t)(byte + 2);
		return byte ? STEP_ADDRESS : STEP_BAD;
	case STEP_ADDRESS:
		return socks->left ? STEP_ADDRESS : STEP_DONE;
	case STEP_DONE:
	case STEP_BAD:
		break;
	}
	return STEP_BAD;
}

ssize_t socks_feed(struct socks *socks, const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && socks->step != STEP_DONE) {
		enum step next;

		socks->count++;
		if (socks->left)
			socks->left--;
		next = take_byte(socks, (uint8_t)data[at++]);
		if (next == STEP_BAD) {
			socks->step = STEP_BAD;
			return SOCKS_BAD;
		}
		if (next != socks->step)
			socks->count = 0;
		socks->step = (uint8_t)next;
	}
	socks->done = socks->step == STEP_DONE;
	return (ssize_t)at;
}

int socks_sniff(const char *data, size_t len)
{
	struct socks socks = {0};

	if (socks_feed(&socks, data, len) < 0)
		return 0;
	return socks.step >= STEP_MESSAGE || socks.step == STEP_4_USER || socks.step == STEP_4_NAME
		       ? 1
		       : SOCKS_PARTIAL;
}

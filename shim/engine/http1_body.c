/* SPDX-License-Identifier: Apache-2.0 */
#include "http1.h"

#include "shim/base/hex.h"

static void after_size_line(struct http1_body *body)
{
	body->state = body->left ? HTTP1_BODY_CHUNK_DATA : HTTP1_BODY_TRAILER;
}

static void feed_size(struct http1_body *body, char byte)
{
	int digit = hex_digit(byte);

	if (digit >= 0 && body->digits < 15) {
		body->left = body->left << 4 | (uint64_t)digit;
		body->digits++;
	} else if (digit >= 0 || !body->digits) {
		body->state = HTTP1_BODY_BAD;
	} else if (byte == '\r') {
		body->state = HTTP1_BODY_CHUNK_SIZE_LF;
	} else if (byte == '\n') {
		after_size_line(body);
	} else if (byte == ';' || byte == ' ' || byte == '\t') {
		body->state = HTTP1_BODY_CHUNK_SIZE_EXT;
	} else {
		body->state = HTTP1_BODY_BAD;
	}
}

/* One byte of chunk framing. */
static void feed_framing(struct http1_body *body, char byte)
{
	switch (body->state) {
	case HTTP1_BODY_CHUNK_SIZE:
		feed_size(body, byte);
		break;
	case HTTP1_BODY_CHUNK_SIZE_EXT:
		if (byte == '\n')
			after_size_line(body);
		break;
	case HTTP1_BODY_CHUNK_SIZE_LF:
		body->state = HTTP1_BODY_BAD;
		if (byte == '\n')
			after_size_line(body);
		break;
	case HTTP1_BODY_CHUNK_DATA_CR:
	case HTTP1_BODY_CHUNK_DATA_LF:
		if (byte == '\r' && body->state == HTTP1_BODY_CHUNK_DATA_CR)
			body->state = HTTP1_BODY_CHUNK_DATA_LF;
		else
			body->state = byte == '\n' ? HTTP1_BODY_CHUNK_SIZE : HTTP1_BODY_BAD;
		body->left = 0;
		body->digits = 0;
		break;
	case HTTP1_BODY_TRAILER:
		if (byte == '\r')
			body->state = HTTP1_BODY_TRAILER_LF;
		else
			body->state = byte == '\n' ? HTTP1_BODY_DONE : HTTP1_BODY_TRAILER_LINE;
		break;
	case HTTP1_BODY_TRAILER_LINE:
		if (byte == '\n')
			body->state = HTTP1_BODY_TRAILER;
		break;
	case HTTP1_BODY_TRAILER_LF:
		body->state = byte == '\n' ? HTTP1_BODY_DONE : HTTP1_BODY_BAD;
		break;
	default:
		body->state = HTTP1_BODY_BAD;
	}
}

static void append(struct http1_copy *copy, const char *data, size_t len)
{
	if (!copy)
		return;
	if (len > copy->cap - copy->len)
		len = copy->cap - copy->len;
	memcpy(copy->at + copy->len, data, len);
	copy->len += len;
}

ssize_t http1_body_walk(
	struct http1_body *body, const char *data, size_t len, struct http1_copy *copy)
{
	size_t at = 0;

	while (at < len && body->state != HTTP1_BODY_DONE) {
		if (body->state == HTTP1_BODY_LENGTH || body->state == HTTP1_BODY_CHUNK_DATA) {
			size_t take = len - at < body->left ? len - at : (size_t)body->left;

			append(copy, data + at, take);
			at += take;
			body->left -= take;
			if (body->left == 0)
				body->state = body->state == HTTP1_BODY_LENGTH
						      ? HTTP1_BODY_DONE
						      : HTTP1_BODY_CHUNK_DATA_CR;
			continue;
		}
		feed_framing(body, data[at++]);
		if (body->state == HTTP1_BODY_BAD)
			return HTTP1_BAD;
	}
	return (ssize_t)at;
}

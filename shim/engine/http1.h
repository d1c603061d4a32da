/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_HTTP1_H
#define CHAOS_HTTP1_H

/*
 * HTTP/1 request framing (RFC 9112): where a request's head, body and end lie in a byte stream.
 * Nothing is copied and nothing is allocated: all spans point into the caller's buffer.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/base/span.h"

/* A longer head is forwarded unread. */
#define HTTP1_HEAD_MAX (64 * 1024)

/* The fields of fields.def: HTTP1_HOST and so on. */
enum http1_field {
#define FIRST(id, name) HTTP1_##id,
#define NEXT(id, name)	HTTP1_##id,
#include "fields.def"
#undef FIRST
#undef NEXT
	HTTP1_FIELDS
};

struct http1_head {
	struct span method;
	struct span target; /* as on the wire: "/path?query", or an absolute URI through a proxy */
	int minor;	    /* 0 or 1 */
	uint32_t has;	    /* bit set: which of enum http1_field are there */
	struct span known[HTTP1_FIELDS]; /* the first value of each that is: see http1_known() */
	uint64_t name_lengths;		 /* bit set, modulo 64: of all fields */
	struct span fields; /* all header lines, each with its line end; no final empty line */
	size_t size;	    /* bytes of the head with its final empty line */

	/* Framing and connection facts, read while parsing. */
	uint64_t content_length; /* 0 when absent */
	bool chunked;
	bool expects_continue; /* Expect: 100-continue */
	bool closes;	       /* HTTP/1.0, or Connection: close: one request is all */
	bool upgrades;	       /* CONNECT, or Connection: Upgrade: another protocol may follow */
};

enum {
	HTTP1_PARTIAL = -2, /* more bytes are needed */
	HTTP1_BAD = -1,	    /* not HTTP/1, or framed in a way that no two parsers agree on */
};

/*
 * May these first bytes of a stream be the beginning of an HTTP/1 request?
 * Returns 1 (yes), 0 (no), HTTP1_PARTIAL (too few bytes to tell).
 */
int http1_sniff(const char *data, size_t len);

/*
 * Parses the head at `data`. `seen` is the number of bytes that an earlier call found PARTIAL
 * (0 on the first), so that a head arriving byte by byte is not scanned again each time.
 * Returns the head's size (> 0, also in head->size), HTTP1_PARTIAL or HTTP1_BAD.
 */
ssize_t http1_parse(struct http1_head *head, const char *data, size_t len, size_t seen);

/* The value of a known field; .at is NULL when there is none. */
static inline bool http1_has(const struct http1_head *head, enum http1_field field)
{
	return head->has >> field & 1;
}
static inline struct span http1_known(const struct http1_head *head, enum http1_field field)
{
	return http1_has(head, field) ? head->known[field] : (struct span){NULL, 0};
}

/*
 * Walks over the header lines: `cursor` starts as head->fields and is advanced.
 * Values come without surrounding white space. Returns false at the end.
 */
bool http1_next_field(struct span *cursor, struct span *name, struct span *value);

/* The value of the first field of that name (any case); .at is NULL when there is none. */
struct span http1_find_field(const struct http1_head *head, struct span name);
static inline struct span http1_field(const struct http1_head *head, struct span name)
{
	if (!(head->name_lengths >> name.len % 64 & 1))
		return (struct span){NULL, 0};
	return http1_find_field(head, name);
}

/* How far the body of a request has come. */
struct http1_body {
	enum {
		HTTP1_BODY_DONE,
		HTTP1_BODY_LENGTH,
		HTTP1_BODY_CHUNK_SIZE,
		HTTP1_BODY_CHUNK_SIZE_EXT,
		HTTP1_BODY_CHUNK_SIZE_LF,
		HTTP1_BODY_CHUNK_DATA,
		HTTP1_BODY_CHUNK_DATA_CR,
		HTTP1_BODY_CHUNK_DATA_LF,
		HTTP1_BODY_TRAILER,
		HTTP1_BODY_TRAILER_LINE,
		HTTP1_BODY_TRAILER_LF,
		HTTP1_BODY_BAD,
	} state;
	uint64_t left; /* bytes left of the body or of the chunk */
	int digits;    /* hexadecimal digits of the chunk size so far */
};

static inline void http1_body_begin(struct http1_body *body, const struct http1_head *head)
{
	body->state = HTTP1_BODY_DONE;
	if (head->chunked)
		body->state = HTTP1_BODY_CHUNK_SIZE;
	else if (head->content_length)
		body->state = HTTP1_BODY_LENGTH;
	body->left = head->content_length;
	body->digits = 0;
}

static inline bool http1_body_done(const struct http1_body *body)
{
	return body->state == HTTP1_BODY_DONE;
}

/*
 * Takes the next bytes of the stream; returns how many belong to this body (<= len; fewer only
 * when it ended), or HTTP1_BAD on a malformed chunk. If `copy` is not NULL the payload (chunk
 * framing removed) is appended to it.
 */
struct http1_copy {
	char *at;
	size_t len, cap; /* what does not fit is dropped */
};
ssize_t http1_body_walk(
	struct http1_body *body, const char *data, size_t len, struct http1_copy *copy);
static inline ssize_t http1_body_feed(
	struct http1_body *body, const char *data, size_t len, struct http1_copy *copy)
{
	size_t left = body->left;

	if (body->state != HTTP1_BODY_LENGTH || len < left || copy)
		return http1_body_walk(body, data, len, copy);
	/* As most do, it ends in the piece that it begins in. */
	body->state = HTTP1_BODY_DONE;
	body->left = 0;
	return (ssize_t)left;
}

#endif

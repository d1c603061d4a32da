/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ANSWER_H
#define CHAOS_ANSWER_H

/*
 * HTTP/1 response framing (RFC 9112 section 6): where each response begins and ends in the bytes that
 * a server sends. Nothing is kept but a position, nothing is copied and nothing is allocated: a
 * response may come in any pieces.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "http1.h"

/* No client that we know reads a longer head. */
#define ANSWER_HEAD_MAX (256 * 1024)

enum answer_state {
	ANSWER_NONE,	    /* nothing of it has come */
	ANSWER_HEAD,	    /* a head, of which not all has come */
	ANSWER_INTERIM,	    /* a 1xx has come; the final one is still to come */
	ANSWER_BODY,	    /* the final head has come, and its body has an end of its own */
	ANSWER_UNTIL_CLOSE, /* the final head has come, and its body ends with the connection */
	ANSWER_DONE,	    /* all has come */
	ANSWER_CUT,	    /* the connection ended before */
	ANSWER_UPGRADED,    /* 101, or 2xx to CONNECT: what follows is not HTTP */
	ANSWER_BAD,	    /* not HTTP/1, or framed in a way that makes no sense */
};

/* What the framing depends on of the request that is answered. */
struct answer_request {
	bool is_head;
	bool is_connect;
};

/* A zeroed struct answer awaits the answer to a request that is neither HEAD nor CONNECT. */
struct answer {
	enum answer_state state;
	struct answer_request request;
	uint16_t status; /* of the last status line, interim or final; 0: none yet */
	uint8_t minor;	 /* of HTTP/1.x */
	bool closes;	 /* with the final head: the connection ends after this response */
	bool continued;	 /* a 100 has come */

	/* The head so far. */
	bool is_chunked;    /* by the last transfer coding */
	bool is_coded;	    /* by any */
	bool has_length;    /* Content-Length */
	bool has_close;	    /* Connection: close */
	bool has_keepalive; /* Connection: keep-alive */
	bool bad_coding;
	bool bad_length;
	bool word_ended; /* by white space: more of it makes it two words, which mean nothing */
	uint8_t part;	 /* enum part */
	uint8_t field;	 /* enum field */
	uint8_t word_len;
	char word[20]; /* in small letters; longer ones mean nothing to us */
	uint32_t head_size;
	uint64_t length;

	struct http1_body body;
};

void answer_begin(struct answer *answer, const struct answer_request *request);

/*
 * Takes the next bytes of the stream. Returns how many belong to this response, with the interim
 * ones before it (<= len; fewer only when it has ended); -1: bad, now and for ever. Bytes that
 * follow the end belong to the next response, or to no HTTP at all after ANSWER_UPGRADED.
 */
ssize_t answer_feed(struct answer *answer, const char *data, size_t len);

/* The server sends nothing more: the response is whole, or cut short. */
void answer_close(struct answer *answer);

/* Will no more bytes be taken? */
static inline bool answer_is_over(const struct answer *answer)
{
	return answer->state >= ANSWER_DONE;
}

/* Is the final status known, with all of its head? */
static inline bool answer_has_head(const struct answer *answer)
{
	return answer->state == ANSWER_BODY || answer->state == ANSWER_UNTIL_CLOSE ||
	       answer->state == ANSWER_DONE || answer->state == ANSWER_UPGRADED;
}

#endif

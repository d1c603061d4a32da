/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ANSWER_STATE_H
#define CHAOS_ANSWER_STATE_H

/* How far an answer has come, and what is known of it. */

#include <stdbool.h>
#include <stdint.h>

#include "http1.h"

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

#endif

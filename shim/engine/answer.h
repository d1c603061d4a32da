/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ANSWER_H
#define CHAOS_ANSWER_H

/*
 * HTTP/1 response framing (RFC 9112 section 6): where each response begins and ends in the bytes that
 * a server sends. Nothing is kept but a position, nothing is copied and nothing is allocated: a
 * response may come in any pieces.
 */

#include <sys/types.h>

#include "answer_state.h"

/* No client that we know reads a longer head. */
#define ANSWER_HEAD_MAX (256 * 1024)

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

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REQUESTS_H
#define CHAOS_REQUESTS_H

/* What the program writes, piece by piece: for the exchange alone. */

#include "state.h"

/* Looks at the next `len` (> 0) bytes and fills the step for the first step->count of them. `follows`:
 * another request ended before them in the same piece. */
void requests_feed(struct exchange *exchange, const struct exchange_env *env, const char *data,
	size_t len, bool follows, struct exchange_step *step);

/* Does a request begin at the next byte? */
static inline bool requests_at_start(const struct exchange *exchange)
{
	return (exchange->state == EXCHANGE_HEAD || exchange->state == EXCHANGE_FRESH) &&
	       !exchange->draft.len;
}

/* A piece of a request is done with. */
void requests_after_piece(struct exchange *exchange);

#endif

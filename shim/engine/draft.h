/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_DRAFT_H
#define CHAOS_DRAFT_H

/* What has passed of a request, or of a ClientHello, that is still being decided on. */

#include "state.h"

/* Adds bytes that pass; what is over the limit is left out. False: no memory. */
bool draft_add(
	struct exchange *exchange, const struct exchange_env *env, const char *data, size_t len);

/* As draft_gather(), where there is a draft. */
bool draft_join(struct exchange *exchange, const struct exchange_env *env, const char *data,
	size_t len, struct span *all);

/* All of what is being decided on: the draft and the new bytes, or these alone. False: no memory. */
static inline bool draft_gather(struct exchange *exchange, const struct exchange_env *env,
	const char *data, size_t len, struct span *all)
{
	if (exchange->draft.len)
		return draft_join(exchange, env, data, len, all);
	*all = (struct span){data, len};
	return true;
}

/* Was it completed by a call that showed nobody its bytes? Then it has been answered, and what comes
 * now begins anew. */
static inline bool draft_is_overtaken(const struct exchange *exchange, const char *data, size_t len)
{
	return exchange->draft.len &&
	       !atomic_load_explicit(&exchange->unanswered, memory_order_relaxed) &&
	       http1_sniff(data, len) == 1;
}

/* Forgets it. True: it was the beginning of something. */
bool draft_leave(struct exchange *exchange);

/* Gives it back once it has been decided on. */
static inline void draft_settle(struct exchange *exchange, const struct exchange_env *env)
{
	if (!exchange->is_spent)
		return;
	exchange->is_spent = false;
	exchange->draft.len = exchange->seen = 0;
	if (exchange->draft.at)
		env->host->release(&exchange->draft);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "draft.h"

bool draft_add(
	struct exchange *exchange, const struct exchange_env *env, const char *data, size_t len)
{
	struct draft *draft = &exchange->draft;
	size_t room = EXCHANGE_DRAFT_MAX - draft->len;

	if (len > room)
		len = room;
	if (draft->cap - draft->len < len && !env->host->grow(draft, draft->len + len))
		return false;
	memcpy(draft->at + draft->len, data, len);
	draft->len += len;
	return true;
}

bool draft_join(struct exchange *exchange, const struct exchange_env *env, const char *data,
	size_t len, struct span *all)
{
	if (!draft_add(exchange, env, data, len))
		return false;
	*all = (struct span){exchange->draft.at, exchange->draft.len};
	return true;
}

bool draft_leave(struct exchange *exchange)
{
	const struct draft *draft = &exchange->draft;
	size_t at = 0, len = draft->len;

	/* Empty lines before a request are none. */
	while (at < len && (draft->at[at] == '\r' || draft->at[at] == '\n'))
		at++;
	exchange->draft.len = 0;
	exchange->on_wire = false;
	return at < len;
}

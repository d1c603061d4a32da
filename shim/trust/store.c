/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <stdatomic.h>

#include "shim/process/inside.h"
#include "shim/process/shim.h"

/* Two threads may load it at the same time: to the loader it is one. */
static const struct store_api *load(void)
{
	static _Atomic(const struct store_api *) known;
	const struct store_api *(*find)(uint32_t version);
	const struct store_api *api = atomic_load(&known);

	if (api)
		return api;
	*(void **)&find = shim_bridge_symbol("bridge_store_api");
	api = find ? find(STORE_VERSION) : NULL;
	atomic_store(&known, api);
	return api;
}

bool store_is_one(struct span bytes)
{
	return span_starts(bytes, SPAN("\xfe\xed\xfe\xed")) || span_starts(bytes, SPAN("\x30\x82"));
}

/* What loads and computes opens files, takes locks and memory: it passes, and so does a handler that
 * interrupts it. */

size_t store_add(struct span store, const char *const *passwords, struct span authority, char *out,
	size_t cap)
{
	const struct store_api *api;
	sig_atomic_t before = inside;
	size_t len = 0;

	inside = 1;
	api = load();
	if (api)
		len = api->add(store, passwords, authority, out, cap);
	inside = before;
	return len;
}

bool store_lists_authorities(struct span content)
{
	const struct store_api *api;
	sig_atomic_t before = inside;
	bool is_list;

	inside = 1;
	api = load();
	is_list = api && api->lists_authorities(content);
	inside = before;
	return is_list;
}

bool store_hash(struct span authority, uint32_t *hash)
{
	const struct store_api *api;
	sig_atomic_t before = inside;
	bool is_known;

	inside = 1;
	api = load();
	is_known = api && api->hash(authority, hash);
	inside = before;
	return is_known;
}

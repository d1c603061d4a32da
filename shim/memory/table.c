/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

bool table_valid(const struct table *table, uint64_t size)
{
	return size >= sizeof(*table) && table->magic == TABLE_MAGIC &&
	       table->version == TABLE_VERSION &&
	       table->header_size == offsetof(struct table, slots) && table->size == sizeof(*table);
}

struct table_view table_look(const struct table *table)
{
	uint64_t generation = atomic_load_explicit(&table->generation, memory_order_acquire);

	return (struct table_view){
		.table = table,
		.slot = generation ? &table->slots[generation % 2] : NULL,
		.generation = generation,
	};
}

bool table_still(const struct table_view *view)
{
	/* Not moved up before the loads of the look: those are acquire loads. */
	return atomic_load_explicit(&view->table->generation, memory_order_relaxed) ==
	       view->generation;
}

bool table_glob_matches(struct span glob, struct span text)
{
	const size_t none = SIZE_MAX;
	size_t g = 0, t = 0;
	size_t after_star = none, retry = 0; /* on a mismatch the last '*' takes one byte more */

	while (t < text.len) {
		char want = g < glob.len ? table_load(glob.at[g]) : '\0';

		if (g < glob.len && want == '*') {
			after_star = ++g;
			retry = t;
		} else if (g < glob.len && (want == '?' || want == table_load(text.at[t]))) {
			g++;
			t++;
		} else if (after_star != none) {
			g = after_star;
			t = ++retry;
		} else {
			return false;
		}
	}
	while (g < glob.len && table_load(glob.at[g]) == '*')
		g++;
	return g == glob.len;
}

struct span table_text(const struct table_slot *slot, const struct table_text *text)
{
	uint32_t at = table_load(text->at);
	uint32_t len = table_load(text->len);

	if (at > TABLE_TEXT || len > TABLE_TEXT - at)
		return (struct span){slot->text, 0};
	return (struct span){slot->text + at, len};
}

struct span table_name(const struct table_slot *slot, uint32_t id)
{
	struct span name = {slot->text, 0};

	if (id == 0 || id > TABLE_NAMES)
		return name;
	name = table_text(slot, &slot->names[id - 1].text);
	if (name.len > TABLE_NAME_MAX)
		name.len = 0;
	return name;
}

uint32_t table_copy(
	const struct table_slot *slot, const struct table_text *text, char *out, uint32_t cap)
{
	struct span from = table_text(slot, text);
	uint32_t len = from.len < cap ? (uint32_t)from.len : cap;

	for (uint32_t i = 0; i < len; i++)
		out[i] = table_load(from.at[i]);
	return len;
}

static bool equals(struct span shared, struct span own)
{
	if (shared.len != own.len)
		return false;
	for (size_t i = 0; i < own.len; i++)
		if (table_load(shared.at[i]) != own.at[i])
			return false;
	return true;
}

uint32_t table_find_name(const struct table_slot *slot, struct span name)
{
	uint32_t mask = table_load(slot->bucket_mask) & (TABLE_BUCKET - 1);
	uint32_t at;

	if (name.len == 0 || name.len > TABLE_NAME_MAX)
		return 0;
	at = table_hash_name(name);
	for (uint32_t probes = 0; probes <= mask; probes++, at++) {
		uint32_t id = table_load(slot->bucket[at & mask]);

		if (id == 0)
			return 0;
		if (equals(table_name(slot, id), name))
			return id;
	}
	return 0;
}

uint32_t table_find_key(const struct table_slot *slot, uint32_t service, uint32_t region,
	uint32_t operation, uint32_t *start)
{
	uint32_t mask = table_load(slot->key_mask) & (TABLE_KEYS - 1);
	uint32_t at = table_hash_key(service, region, operation);

	for (uint32_t probes = 0; probes <= mask; probes++, at++) {
		const struct table_key *key = &slot->keys[at & mask];
		uint32_t count = table_load(key->count);

		if (count == 0)
			return 0;
		if (table_load(key->service) != service || table_load(key->region) != region ||
			table_load(key->operation) != operation)
			continue;
		*start = table_load(key->start);
		return *start <= TABLE_RULES && count <= TABLE_RULES - *start ? count : 0;
	}
	return 0;
}

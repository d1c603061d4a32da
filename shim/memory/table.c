/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <errno.h>
#include <sys/mman.h>

_Static_assert(offsetof(struct table, file) == TABLE_PAGE, "the file is mapped at a page");

static bool is_power_of_two(uint32_t number)
{
	return number && !(number & (number - 1));
}

static bool is_within_limits(const struct table_capacity *capacity)
{
	return capacity->rules <= TABLE_RULES && capacity->names <= TABLE_NAMES &&
	       capacity->globs <= TABLE_GLOBS && capacity->text <= TABLE_TEXT &&
	       capacity->buckets <= TABLE_BUCKET && is_power_of_two(capacity->buckets) &&
	       capacity->keys <= TABLE_KEYS && is_power_of_two(capacity->keys);
}

static uint32_t place_for(uint32_t *end, size_t count, size_t size)
{
	uint32_t at = *end;

	*end = (at + (uint32_t)(count * size) + 7) / 8 * 8;
	return at;
}

bool table_lay_out(const struct table_capacity *capacity, struct table_layout *layout)
{
	uint32_t end = sizeof(struct table_head);

	if (!is_within_limits(capacity))
		return false;
	layout->keys = place_for(&end, capacity->keys, sizeof(struct table_key));
	layout->buckets = place_for(&end, capacity->buckets, sizeof(uint32_t));
	layout->order = place_for(&end, capacity->rules, sizeof(uint32_t));
	layout->rules = place_for(&end, capacity->rules, sizeof(struct table_rule));
	layout->names = place_for(&end, capacity->names, sizeof(struct table_name));
	layout->globs = place_for(&end, capacity->globs, sizeof(struct table_glob));
	layout->text = place_for(&end, capacity->text, 1);
	layout->slot_size = (end + TABLE_PAGE - 1) / TABLE_PAGE * TABLE_PAGE;
	return true;
}

uint64_t table_file_size(const struct table_layout *layout)
{
	return sizeof(struct table_file) + 2 * (uint64_t)layout->slot_size;
}

uint64_t table_file_size_max(void)
{
	const struct table_capacity most = {
		TABLE_RULES, TABLE_NAMES, TABLE_GLOBS, TABLE_BUCKET, TABLE_KEYS, TABLE_TEXT};
	struct table_layout layout;

	return table_lay_out(&most, &layout) ? table_file_size(&layout) : 0;
}

void table_find_slot(struct table_slot *slot, void *at, const struct table_capacity *capacity,
	const struct table_layout *layout)
{
	char *start = at;

	*slot = (struct table_slot){
		.head = at,
		.keys = (void *)(start + layout->keys),
		.bucket = (void *)(start + layout->buckets),
		.order = (void *)(start + layout->order),
		.rules = (void *)(start + layout->rules),
		.names = (void *)(start + layout->names),
		.globs = (void *)(start + layout->globs),
		.text = start + layout->text,
		.capacity = *capacity,
	};
}

bool table_attach(struct table *table, uint64_t size)
{
	struct table_capacity capacity;
	struct table_layout layout;
	struct table_file *file = &table->file;

	if (size < sizeof(*file) || file->magic != TABLE_MAGIC || file->version != TABLE_VERSION ||
		file->header_size != sizeof(*file) || file->size != size)
		return false;
	/* A copy: what has been checked must not change any more. */
	capacity = file->capacity;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (!table_lay_out(&capacity, &layout) || table_file_size(&layout) != size ||
		memcmp(&layout, &file->layout, sizeof(layout)) != 0)
		return false;
	table->size = size;
	for (int i = 0; i < 2; i++)
		table_find_slot(&table->slots[i],
			(char *)file + sizeof(*file) + (size_t)i * layout.slot_size, &capacity,
			&layout);
	return true;
}

struct table *table_map(int fd, uint64_t size)
{
	struct table *table;
	int error;

	if (size < sizeof(table->file) || size > table_file_size_max()) {
		errno = EINVAL;
		return NULL;
	}
	table = mmap(NULL, TABLE_PAGE + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);
	if (table == MAP_FAILED)
		return NULL;
	if (mmap(&table->file, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		error = errno;
	else if (table_attach(table, size))
		return table;
	else
		error = EINVAL;
	munmap(table, TABLE_PAGE + size);
	errno = error;
	return NULL;
}

void table_unmap(struct table *table)
{
	munmap(table, TABLE_PAGE + table->size);
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

	if (at > slot->capacity.text || len > slot->capacity.text - at)
		return (struct span){slot->text, 0};
	return (struct span){slot->text + at, len};
}

struct span table_name(const struct table_slot *slot, uint32_t id)
{
	struct span name = {slot->text, 0};

	if (id == 0 || id > slot->capacity.names)
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

/* Has this id that name? The length tells most that have not. */
static inline bool is_named(const struct table_slot *slot, uint32_t id, struct span own)
{
	const struct table_text *text;
	const char *bytes;
	uint32_t at;

	if (id > slot->capacity.names)
		return false;
	text = &slot->names[id - 1].text;
	if (table_load(text->len) != own.len)
		return false;
	at = table_load(text->at);
	if (at > slot->capacity.text || own.len > slot->capacity.text - at)
		return false;
	bytes = slot->text + at;
	for (size_t i = own.len; i--;)
		if (table_load(bytes[i]) != own.at[i])
			return false;
	return true;
}

uint32_t table_find_name(const struct table_slot *slot, struct span name)
{
	uint32_t mask = table_load(slot->head->bucket_mask) & (slot->capacity.buckets - 1);
	uint32_t at;

	if (name.len == 0 || name.len > TABLE_NAME_MAX)
		return 0;
	at = table_hash_name(name);
	for (uint32_t probes = 0; probes <= mask; probes++, at++) {
		uint32_t id = table_load(slot->bucket[at & mask]);

		if (id == 0)
			return 0;
		if (is_named(slot, id, name))
			return id;
	}
	return 0;
}

uint32_t table_find_key(const struct table_slot *slot, uint32_t service, uint32_t region,
	uint32_t operation, uint32_t *start)
{
	uint32_t mask = table_load(slot->head->key_mask) & (slot->capacity.keys - 1);
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
		return *start <= slot->capacity.rules && count <= slot->capacity.rules - *start
			       ? count
			       : 0;
	}
	return 0;
}

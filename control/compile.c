/* SPDX-License-Identifier: Apache-2.0 */
#include "compile.h"

#include <errno.h>
#include <math.h>
#include <sys/mman.h>

#include "memory.h"

#define STRING(number)	#number
#define LIMIT(constant) STRING(constant)

/* The texts that have been seen, each once. */
struct pool {
	struct table_text *texts;
	uint32_t count;
	uint32_t *bucket; /* index into texts + 1; 0: empty. Open addressing, linear probing */
	uint32_t mask;
};

struct compiler {
	struct table_slot *slot;
	uint32_t text_len;
	struct pool names, texts;
	uint32_t *dimensions; /* in which a name is used; by its place in `names` */
	const char *reason;
};

/* Buckets for a hash index that is never more than half full. */
static uint32_t index_size(size_t entries)
{
	uint32_t size = 8;

	while (size < 2 * entries)
		size *= 2;
	return size;
}

static void pool_open(struct pool *pool, size_t cap)
{
	uint32_t size = index_size(cap);

	pool->texts = sure(calloc(cap + 1, sizeof(*pool->texts)));
	pool->bucket = sure(calloc(size, sizeof(*pool->bucket)));
	pool->mask = size - 1;
	pool->count = 0;
}

static void pool_close(struct pool *pool)
{
	free(pool->texts);
	free(pool->bucket);
}

static struct span span_at(const struct compiler *compiler, struct table_text text)
{
	return (struct span){compiler->slot->text + text.at, text.len};
}

/* The place of a text in the pool, or -ENOSPC. */
static int64_t pool_add(struct pool *pool, struct compiler *compiler, struct span text)
{
	uint32_t at = table_hash_name(text);
	uint32_t *bucket;

	for (;; at++) {
		bucket = &pool->bucket[at & pool->mask];
		if (*bucket == 0)
			break;
		if (span_equal(span_at(compiler, pool->texts[*bucket - 1]), text))
			return *bucket - 1;
	}
	if (text.len > TABLE_TEXT - compiler->text_len) {
		compiler->reason = "the names, codes and messages of all rules are over 16 MiB, "
				   "the most that the rule table holds";
		return -ENOSPC;
	}
	pool->texts[pool->count] = (struct table_text){compiler->text_len, (uint32_t)text.len};
	memcpy(compiler->slot->text + compiler->text_len, text.at, text.len);
	compiler->text_len += (uint32_t)text.len;
	*bucket = ++pool->count;
	return *bucket - 1;
}

/* A name of nothing but stars is as good as none. */
static bool is_any(const char *name)
{
	return !name || (*name && name[strspn(name, "*")] == '\0');
}

static int add_name(struct compiler *compiler, const char *name, uint32_t dimension, uint32_t *id)
{
	int64_t at;

	*id = 0;
	if (is_any(name))
		return 0;
	if (strlen(name) > TABLE_NAME_MAX) {
		compiler->reason = "a name is longer than " LIMIT(TABLE_NAME_MAX) " bytes";
		return -EINVAL;
	}
	at = pool_add(&compiler->names, compiler, span_of(name));
	if (at < 0)
		return (int)at;
	if (at >= TABLE_NAMES) {
		compiler->reason = "the rules name more than 131,072 different services, regions "
				   "and operations, the most that the rule table holds";
		return -ENOSPC;
	}
	compiler->dimensions[at] |= dimension;
	*id = (uint32_t)at + 1;
	return 0;
}

static int add_text(
	struct compiler *compiler, const char *text, size_t max, struct table_text *place)
{
	int64_t at;

	if (!text)
		return 0;
	if (strlen(text) > max) {
		compiler->reason = "an error code or message is longer than the rule table holds";
		return -EINVAL;
	}
	at = pool_add(&compiler->texts, compiler, span_of(text));
	if (at < 0)
		return (int)at;
	*place = compiler->texts.texts[at];
	return 0;
}

static uint64_t threshold_of(double probability)
{
	if (!(probability > 0))
		return 0;
	return probability >= 1 ? TABLE_CERTAIN : (uint64_t)ldexp(probability, 53);
}

static int add_rule(struct compiler *compiler, const struct rule *rule, uint32_t position)
{
	struct table_rule *to = &compiler->slot->rules[compiler->slot->head->rule_count];
	int error;

	to->id = rule->id;
	to->threshold = threshold_of(rule->probability);
	to->list = rule->list;
	to->action = TABLE_ERROR;
	to->position = position;
	to->status = (uint16_t)rule->status;
	to->message_kind = rule->message_kind;
	error = add_name(compiler, rule->service, TABLE_SERVICE, &to->service);
	if (!error)
		error = add_name(compiler, rule->region, TABLE_REGION, &to->region);
	if (!error)
		error = add_name(compiler, rule->operation, TABLE_OPERATION, &to->operation);
	if (!error)
		error = add_text(compiler, rule->code, TABLE_CODE_MAX, &to->code);
	if (!error)
		error = add_text(compiler, rule->message, TABLE_MESSAGE_MAX, &to->message);
	compiler->slot->head->rule_count++;
	return error;
}

static int add_rules(struct compiler *compiler, const struct rule *const *rules, size_t count)
{
	uint32_t positions[] = {[TABLE_OUTAGES] = 0, [TABLE_FAULTS] = 0};

	if (count > TABLE_RULES) {
		compiler->reason = "more than 65,536 rules, the most that the rule table holds";
		return -ENOSPC;
	}
	for (size_t i = 0; i < count; i++) {
		int error = add_rule(compiler, rules[i], positions[rules[i]->list]++);

		if (error)
			return error;
	}
	return 0;
}

static int index_names(struct compiler *compiler)
{
	struct table_slot *slot = compiler->slot;

	slot->head->name_count = compiler->names.count;
	slot->head->bucket_mask = index_size(slot->head->name_count) - 1;
	for (uint32_t i = 0; i < slot->head->name_count; i++) {
		struct span name = span_at(compiler, compiler->names.texts[i]);
		uint32_t at = table_hash_name(name);

		slot->names[i].text = compiler->names.texts[i];
		while (slot->bucket[at & slot->head->bucket_mask])
			at++;
		slot->bucket[at & slot->head->bucket_mask] = i + 1;
		if (!table_is_glob(name))
			continue;
		if (slot->head->glob_count == TABLE_GLOBS) {
			compiler->reason = "more than 65,536 different names with '*' or '?', the "
					   "most that the rule table holds";
			return -ENOSPC;
		}
		slot->globs[slot->head->glob_count++] = (struct table_glob){
			i + 1, (uint16_t)compiler->dimensions[i], table_glob_first(name)};
	}
	return 0;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_names(const struct table_rule *a, const struct table_rule *b)
{
	int order = compare_numbers(a->service, b->service);

	if (!order)
		order = compare_numbers(a->region, b->region);
	return order ? order : compare_numbers(a->operation, b->operation);
}

static int compare_rules(const void *a, const void *b, void *context)
{
	const struct table_rule *rules = context;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = compare_names(&rules[i], &rules[j]);

	return order ? order : compare_numbers(i, j);
}

static void add_key(struct table_slot *slot, uint32_t start, uint32_t count)
{
	const struct table_rule *rule = &slot->rules[slot->order[start]];
	uint32_t at = table_hash_key(rule->service, rule->region, rule->operation);
	uint32_t shape = (rule->service ? TABLE_SERVICE : 0u) | (rule->region ? TABLE_REGION : 0u) |
			 (rule->operation ? TABLE_OPERATION : 0u);

	while (slot->keys[at & slot->head->key_mask].count)
		at++;
	slot->keys[at & slot->head->key_mask] =
		(struct table_key){rule->service, rule->region, rule->operation, start, count};
	slot->head->key_shapes |= 1u << shape;
}

/* Where the run of rules with the same names ends that begins at `start` of the order. */
static uint32_t run_end(const struct table_slot *slot, uint32_t start)
{
	uint32_t end = start + 1;

	while (end < slot->head->rule_count && compare_names(&slot->rules[slot->order[start]],
						       &slot->rules[slot->order[end]]) == 0)
		end++;
	return end;
}

static void index_rules(struct table_slot *slot)
{
	uint32_t key_count = 0, end;

	for (uint32_t i = 0; i < slot->head->rule_count; i++)
		slot->order[i] = i;
	qsort_r(slot->order, slot->head->rule_count, sizeof(*slot->order), compare_rules,
		slot->rules);
	for (uint32_t start = 0; start < slot->head->rule_count; start = run_end(slot, start))
		key_count++;
	slot->head->key_mask = index_size(key_count) - 1;
	for (uint32_t start = 0; start < slot->head->rule_count; start = end) {
		end = run_end(slot, start);
		add_key(slot, start, end - start);
	}
}

static size_t length_of(const char *text)
{
	return text ? strlen(text) : 0;
}

static uint32_t at_most(size_t count, uint32_t limit)
{
	return count < limit ? (uint32_t)count : limit;
}

/* Room for the rules, if no two of them had a name or a text in common. */
static struct table_capacity bound_of(const struct rule *const *rules, size_t count)
{
	size_t most = at_most(count, TABLE_RULES), text = 0;

	for (size_t i = 0; i < most; i++)
		text += length_of(rules[i]->service) + length_of(rules[i]->region) +
			length_of(rules[i]->operation) + length_of(rules[i]->code) +
			length_of(rules[i]->message);
	return (struct table_capacity){
		.rules = (uint32_t)most,
		.names = at_most(3 * most, TABLE_NAMES),
		.globs = at_most(3 * most, TABLE_GLOBS),
		.buckets = at_most(index_size(3 * most), TABLE_BUCKET),
		.keys = at_most(index_size(most), TABLE_KEYS),
		.text = at_most(text, TABLE_TEXT),
	};
}

/* All zero. Not from calloc(), which clears again what it has given out before: there is room for
 * more than is used. */
static void open_slot(struct table_slot *slot, struct table_capacity capacity)
{
	struct table_layout layout;
	void *at = MAP_FAILED;

	if (table_lay_out(&capacity, &layout))
		at = mmap(NULL, layout.slot_size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	table_find_slot(slot, sure(at == MAP_FAILED ? NULL : at), &capacity, &layout);
}

static struct table_capacity need_of(const struct compiler *compiler)
{
	const struct table_head *head = compiler->slot->head;

	return (struct table_capacity){
		.rules = head->rule_count,
		.names = head->name_count,
		.globs = head->glob_count,
		.buckets = head->bucket_mask + 1,
		.keys = head->key_mask + 1,
		.text = compiler->text_len,
	};
}

int compile_rules(struct compiled *compiled, const struct rule *const *rules, size_t count,
	uint64_t latency_ns, const char **reason)
{
	size_t most = count < TABLE_RULES ? count : TABLE_RULES;
	struct compiler compiler = {
		.slot = &compiled->slot,
		.dimensions = sure(calloc(3 * most + 1, sizeof(*compiler.dimensions))),
	};
	int error;

	open_slot(&compiled->slot, bound_of(rules, count));
	pool_open(&compiler.names, 3 * most);
	pool_open(&compiler.texts, 2 * most);
	compiler.slot->head->latency_ns = latency_ns;
	error = add_rules(&compiler, rules, count);
	if (!error)
		error = index_names(&compiler);
	if (!error)
		index_rules(compiler.slot);
	pool_close(&compiler.names);
	pool_close(&compiler.texts);
	free(compiler.dimensions);
	compiled->need = need_of(&compiler);
	if (error) {
		*reason = compiler.reason;
		compiled_free(compiled);
	}
	return error;
}

void compiled_free(struct compiled *compiled)
{
	struct table_layout layout;

	if (table_lay_out(&compiled->slot.capacity, &layout))
		munmap(compiled->slot.head, layout.slot_size);
	compiled->slot = (struct table_slot){0};
}

uint32_t compile_round(uint32_t count)
{
	uint32_t power = 1;

	while (power < count)
		power *= 2;
	return power;
}

bool compile_header(struct table_file *file, const struct table_capacity *capacity)
{
	if (!table_lay_out(capacity, &file->layout))
		return false;
	file->magic = TABLE_MAGIC;
	file->version = TABLE_VERSION;
	file->header_size = sizeof(*file);
	file->size = table_file_size(&file->layout);
	file->capacity = *capacity;
	return true;
}

void compiled_parts(const struct compiled *compiled, const struct table_slot *to,
	struct compiled_part parts[COMPILED_PARTS])
{
	const struct table_slot *slot = &compiled->slot;
	const struct table_capacity *need = &compiled->need;

#define PART(array, count)                                                                         \
	{                                                                                          \
		slot->array, to->array, (count) * sizeof(*slot->array)                             \
	}
	const struct compiled_part exact[COMPILED_PARTS] = {
		PART(head, 1),
		PART(keys, need->keys),
		PART(bucket, need->buckets),
		PART(order, need->rules),
		PART(rules, need->rules),
		PART(names, need->names),
		PART(globs, need->globs),
		PART(text, need->text),
	};
#undef PART

	for (int i = 0; i < COMPILED_PARTS; i++) {
		parts[i] = exact[i];
		parts[i].len = (exact[i].len + 7) / 8 * 8;
	}
}

/*
 * Copies `len` bytes (a multiple of 8) into a slot. With release order each, for the sake of a
 * reader that still goes by the generation that this slot held before: by then the generation after
 * it has been stored. So when one of these words has been loaded (with acquire order), that newer
 * generation is seen as well, and the reader knows that its slot has been overwritten.
 */
static void store_words(void *to, const void *from, size_t len)
{
	uint64_t *words = to;

	for (size_t i = 0; i < len / sizeof(*words); i++) {
		uint64_t word;

		memcpy(&word, (const char *)from + i * sizeof(word), sizeof(word));
		__atomic_store_n(&words[i], word, __ATOMIC_RELEASE);
	}
}

void compiled_store(const struct compiled *compiled, const struct table_slot *to)
{
	struct compiled_part parts[COMPILED_PARTS];

	compiled_parts(compiled, to, parts);
	for (int i = 0; i < COMPILED_PARTS; i++)
		store_words(parts[i].to, parts[i].from, parts[i].len);
}

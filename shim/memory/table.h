/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TABLE_H
#define CHAOS_TABLE_H

/*
 * The rule table: a file that chaos-control alone writes and every shim maps read-only.
 *
 * Two slots and a generation. Generation G lives in slot G % 2. The writer fills the other slot,
 * then publishes it with one release store of G + 1; a reader copies what it needs and checks that
 * the generation has not moved (table_still). A writer that dies at any instruction leaves
 * generation G in force.
 *
 * A slot is compiled for look-up. Every service, region and operation name that a rule mentions is
 * interned once (0 stands for "any"); rules are found by hash on the three name ids, a name with
 * '*' or '?' being an id of its own that a short list of globs leads to. A name of nothing but '*'
 * is compiled to "any". All arrays have a fixed place, so that a reader needs to trust nothing but
 * array bounds.
 *
 * The daemon may overwrite a slot while it is read. So the writer stores every word of a slot with
 * release order, after it has stored the generation that retired what the slot held; a reader loads
 * every word with acquire order (table_load). Whoever has loaded one word of the new content
 * therefore also sees the newer generation, and table_still() says no.
 *
 * Numbers are in host byte order: the file never leaves the machine.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shim/base/span.h"

#define TABLE_MAGIC   0x656c626174736863ull /* "chstable", little-endian */
#define TABLE_VERSION 1

#define TABLE_RULES  65536u
#define TABLE_NAMES  131072u
#define TABLE_GLOBS  65536u
#define TABLE_TEXT   (16u << 20)
#define TABLE_BUCKET (2 * TABLE_NAMES) /* name hash buckets at most; always a power of two */
#define TABLE_KEYS   (2 * TABLE_RULES) /* key hash buckets at most; always a power of two */

/* Limits of one rule, in bytes. */
#define TABLE_NAME_MAX	  256
#define TABLE_CODE_MAX	  256
#define TABLE_MESSAGE_MAX 4096

/* Probability 1. */
#define TABLE_CERTAIN (1ull << 53)

struct table_text {
	uint32_t at; /* offset into table_slot.text */
	uint32_t len;
};

enum table_list { TABLE_OUTAGES, TABLE_FAULTS };

enum table_action { TABLE_ERROR = 1 };

enum table_message {
	TABLE_MESSAGE_OUTAGE,	     /* Service 's3' not accessible due to an outage */
	TABLE_MESSAGE_REGION_OUTAGE, /* Service 's3' not accessible in 'us-east-1' region due … */
	TABLE_MESSAGE_TEXT,	     /* the rule's own text, or the general one */
};

/* Rules stand in the order in which they are tried: outages before faults. */
struct table_rule {
	uint64_t id;	    /* stable for as long as the rule is in the configuration; never 0 */
	uint64_t threshold; /* probability x 2^53 */
	uint32_t service, region, operation; /* name ids; 0: any */
	uint32_t counter;		     /* index into journal.counters */
	uint16_t list;			     /* enum table_list */
	uint16_t action;		     /* enum table_action */
	uint32_t position;		     /* place in its list, from 0 */
	uint16_t status;		     /* 0: what the model gives to the code ("modeled") */
	uint16_t message_kind;		     /* enum table_message */
	uint32_t reserved;
	struct table_text code;
	struct table_text message;
	uint64_t reserved2[4]; /* conditions and effects to come */
};

struct table_name {
	struct table_text text;
};

/* Which of the three dimensions use a glob. */
enum { TABLE_SERVICE = 1, TABLE_REGION = 2, TABLE_OPERATION = 4 };

struct table_glob {
	uint32_t name;
	uint32_t dimensions;
};

/* All rules with the same three name ids: order[start .. start + count), ascending. */
struct table_key {
	uint32_t service, region, operation;
	uint32_t start;
	uint32_t count; /* 0: an empty bucket */
};

struct table_slot {
	uint32_t rule_count;
	uint32_t name_count; /* ids 1 .. name_count */
	uint32_t glob_count;
	uint32_t bucket_mask; /* buckets in use - 1 */
	uint32_t key_mask;    /* keys in use - 1 */
	uint32_t key_shapes;  /* bit s set: some key has exactly the dimensions of the bit set s */
	uint64_t latency_ns;  /* of every call */
	uint64_t reserved[12];
	struct table_key keys[TABLE_KEYS]; /* open addressing, linear probing */
	uint32_t bucket[TABLE_BUCKET];	   /* name ids; 0: empty; likewise */
	uint32_t order[TABLE_RULES];
	struct table_rule rules[TABLE_RULES];
	struct table_name names[TABLE_NAMES]; /* [id - 1] */
	struct table_glob globs[TABLE_GLOBS];
	char text[TABLE_TEXT];
};

/* All up to `retired` stays where it is in every version. */
struct table {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size; /* offset of slots */
	uint64_t size;	      /* of the whole file */
	uint64_t reserved[4];
	_Atomic uint64_t generation; /* 0: nothing published yet */
	_Atomic uint64_t retired;    /* not 0: another file has taken this one's place */
	uint8_t pad[4096 - 72];
	struct table_slot slots[2];
};

/* Hashes of the two indices, the same for writer and reader. */
static inline uint32_t table_hash_name(struct span name)
{
	uint64_t hash = name.len, word;

	for (; name.len >= sizeof(word); name = span_from(name, sizeof(word))) {
		memcpy(&word, name.at, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 32;
	}
	word = 0;
	for (size_t i = 0; i < name.len; i++)
		word = word << 8 | (uint8_t)name.at[i];
	hash = (hash ^ word) * 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(hash >> 32);
}

static inline uint32_t table_hash_key(uint32_t service, uint32_t region, uint32_t operation)
{
	uint64_t hash = (service * 0x9e3779b97f4a7c15ull ^ region) * 0x9e3779b97f4a7c15ull;

	hash = (hash ^ operation ^ hash >> 29) * 0xbf58476d1ce4e5b9ull;
	return (uint32_t)(hash >> 32);
}

/* A glob: '*' stands for any run of bytes, '?' for one. Everything else for itself. Either text may
 * lie in a slot. */
static inline bool table_is_glob(struct span name)
{
	return span_find(name, '*') || span_find(name, '?');
}
bool table_glob_matches(struct span glob, struct span text);

/* Is this mapping of `size` bytes a table that this build understands? */
bool table_valid(const struct table *table, uint64_t size);

/* One look at the table. */
struct table_view {
	const struct table *table;
	const struct table_slot *slot; /* NULL: nothing published */
	uint64_t generation;
};

struct table_view table_look(const struct table *table);

/* Was all that was read since table_look() of one generation? If not: forget it, look again. */
bool table_still(const struct table_view *view);

/* How a reader takes a field out of a slot. */
#define table_load(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

/* The reads below never leave the slot, whatever it holds. */

/* The id of a literal name, 0 if no rule mentions it. */
uint32_t table_find_name(const struct table_slot *slot, struct span name);

/* The rules with exactly these name ids. Returns how many, and the first one's place in `order`. */
uint32_t table_find_key(const struct table_slot *slot, uint32_t service, uint32_t region,
	uint32_t operation, uint32_t *start);

/* Where the text of a name or a rule lies; .len 0 when out of bounds. Its bytes may change while
 * they are looked at: compare them with table_glob_matches(), or take a copy. */
struct span table_text(const struct table_slot *slot, const struct table_text *text);
struct span table_name(const struct table_slot *slot, uint32_t id);

/* Copies a text, at most `cap` bytes of it, not terminated. Returns how many. */
uint32_t table_copy(
	const struct table_slot *slot, const struct table_text *text, char *out, uint32_t cap);

#endif

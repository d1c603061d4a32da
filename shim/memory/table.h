/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TABLE_H
#define CHAOS_TABLE_H

/*
 * The rule table: a file that chaos-control alone writes and every shim maps read-only.
 *
 * The file is as large as its rules need: its header says how many of each thing a slot has room
 * for, and where they lie. Rules that do not fit take a new file with more room, which is renamed
 * over the old one; the old one is marked retired then, and its readers look for the new one.
 *
 * Two slots and a generation. Generation G lives in slot G % 2. The writer fills the other slot,
 * then publishes it with one release store of G + 1; a reader copies what it needs and checks that
 * the generation has not moved (table_still). A writer that dies at any instruction leaves
 * generation G in force.
 *
 * A slot is compiled for look-up. Every service, region and operation name that a rule mentions is
 * interned once (0 stands for "any"); rules are found by hash on the three name ids, a name with
 * '*' or '?' being an id of its own that a short list of globs leads to. A name of nothing but '*'
 * is compiled to "any". A reader checks the header once and keeps what it says in memory of its own,
 * so that afterwards it needs to trust nothing but these bounds.
 *
 * The daemon may overwrite a slot while it is read. So the writer stores every word of a slot with
 * release order, after it has stored the generation that retired what the slot held; a reader loads
 * every word with acquire order (table_load). Whoever has loaded one word of the new content
 * therefore also sees the newer generation, and table_still() says no.
 *
 * Numbers are in host byte order: the file never leaves the machine.
 */

#include <endian.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shim/base/span.h"

#define TABLE_MAGIC   0x656c626174736863ull /* "chstable", little-endian */
#define TABLE_VERSION 3

/* The most of each that a table may have room for; all are powers of two. */
#define TABLE_RULES  65536u
#define TABLE_NAMES  131072u
#define TABLE_GLOBS  65536u
#define TABLE_TEXT   (16u << 20)
#define TABLE_BUCKET (2 * TABLE_NAMES) /* name hash buckets; always a power of two */
#define TABLE_KEYS   (2 * TABLE_RULES) /* key hash buckets; always a power of two */

/* Limits of one rule, in bytes. */
#define TABLE_NAME_MAX	  256
#define TABLE_CODE_MAX	  256
#define TABLE_MESSAGE_MAX 4096

/* Probability 1. */
#define TABLE_CERTAIN (1ull << 53)

struct table_text {
	uint32_t at; /* offset into the texts */
	uint32_t len;
};

enum table_list { TABLE_OUTAGES, TABLE_FAULTS };

enum table_action { TABLE_ERROR = 1 };

/* Of all that is published. */
enum table_flag {
	TABLE_OBSERVED = 1, /* somebody wants to be told of every call */
	TABLE_PAUSED = 2,   /* no rule is tried; the latency is 0 then */
};

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
	uint16_t dimensions;
	uint16_t first; /* byte of what it matches; 0: any, as of an older writer */
};

/* All rules with the same three name ids: order[start .. start + count), ascending. */
struct table_key {
	uint32_t service, region, operation;
	uint32_t start;
	uint32_t count; /* 0: an empty bucket */
};

/* What a slot begins with. */
struct table_head {
	uint32_t rule_count;
	uint32_t name_count; /* ids 1 .. name_count */
	uint32_t glob_count;
	uint32_t bucket_mask; /* buckets in use - 1 */
	uint32_t key_mask;    /* keys in use - 1 */
	uint32_t key_shapes;  /* bit s set: some key has exactly the dimensions of the bit set s */
	uint64_t latency_ns;  /* of every call */
	uint32_t flags;	      /* set of enum table_flag */
	uint32_t reserved1;
	uint64_t reserved[11];
};

/* How many of each a slot has room for. */
struct table_capacity {
	uint32_t rules; /* and places in their order */
	uint32_t names;
	uint32_t globs;
	uint32_t buckets; /* a power of two */
	uint32_t keys;	  /* a power of two */
	uint32_t text;	  /* bytes */
};

/* Where the arrays of a slot lie: bytes from its beginning. It follows from the capacity. */
struct table_layout {
	uint32_t keys, buckets, order, rules, names, globs, text;
	uint32_t slot_size; /* the slots stand behind the header, one after the other */
};

#define TABLE_PAGE 4096u

/* The header of the file. All up to `retired` stays where it is in every version. */
struct table_file {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size; /* offset of the first slot */
	uint64_t size;	      /* of the whole file */
	uint64_t reserved[4];
	_Atomic uint64_t generation; /* 0: nothing published yet */
	_Atomic uint64_t retired;    /* not 0: another file has taken this one's place */
	struct table_capacity capacity;
	struct table_layout layout;
	_Atomic uint64_t guests; /* the inode of the guests' journal; 0: there is none */
	uint8_t pad[TABLE_PAGE - 136];
};

/* A slot as its reader, or its writer, has found it. */
struct table_slot {
	struct table_head *head;
	struct table_key *keys; /* open addressing, linear probing */
	uint32_t *bucket;	/* name ids; 0: empty; likewise */
	uint32_t *order;
	struct table_rule *rules;
	struct table_name *names; /* [id - 1] */
	struct table_glob *globs;
	char *text;
	struct table_capacity capacity;
};

/* A mapped table. What stands before `file` is a page of the reader's own. */
struct table {
	struct table_slot slots[2];
	uint64_t size;	/* of the file */
	uint64_t inode; /* for whoever has mapped it to note */
	uint8_t pad[TABLE_PAGE - 2 * sizeof(struct table_slot) - 2 * sizeof(uint64_t)];
	struct table_file file; /* and its slots behind it */
};

/* Up to seven bytes as a number, the first one high. */
static inline uint64_t table_word_of(const char *at, size_t len)
{
	uint64_t word = 0;
	uint32_t first, last;

	if (len >= sizeof(first)) {
		memcpy(&first, at, sizeof(first));
		memcpy(&last, at + len - sizeof(last), sizeof(last));
		/* Bytes that are in both come to lie in the same place. */
		return (uint64_t)be32toh(first) << 8 * (len - sizeof(first)) | be32toh(last);
	}
	while (len--)
		word = word << 8 | (uint8_t)*at++;
	return word;
}

/* Hashes of the two indices, the same for writer and reader. */
static inline uint32_t table_hash_name(struct span name)
{
	uint64_t hash = name.len, word;

	for (; name.len >= sizeof(word); name.at += sizeof(word), name.len -= sizeof(word)) {
		memcpy(&word, name.at, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 32;
	}
	word = table_word_of(name.at, name.len);
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
static inline uint16_t table_glob_first(struct span glob)
{
	return glob.len && *glob.at != '*' && *glob.at != '?' ? (uint8_t)*glob.at : 0;
}
bool table_glob_matches(struct span glob, struct span text);

/* Where the arrays lie in a slot of that capacity. False if it is over a limit. */
bool table_lay_out(const struct table_capacity *capacity, struct table_layout *layout);

/* The size of a file of such slots, and of the largest there may be. */
uint64_t table_file_size(const struct table_layout *layout);
uint64_t table_file_size_max(void);

/* Points into a slot that begins at `at`. */
void table_find_slot(struct table_slot *slot, void *at, const struct table_capacity *capacity,
	const struct table_layout *layout);

/*
 * Is what lies in table->file, the mapping of a file of `size` bytes, a table that this build
 * understands? If so the reader's own part is filled.
 */
bool table_attach(struct table *table, uint64_t size);

/*
 * Maps a file of `size` bytes for reading, a page of our own before it, and attaches to it. Returns
 * NULL with errno: EINVAL if it is no table of this build, else what mmap() says.
 */
struct table *table_map(int fd, uint64_t size);
void table_unmap(struct table *table);

/* One look at the table. */
struct table_view {
	const struct table *table;
	const struct table_slot *slot; /* NULL: nothing published */
	uint64_t generation;
};

static inline struct table_view table_look(const struct table *table)
{
	uint64_t generation = atomic_load_explicit(&table->file.generation, memory_order_acquire);

	return (struct table_view){
		.table = table,
		.slot = generation ? &table->slots[generation % 2] : NULL,
		.generation = generation,
	};
}

/* Was all that was read since table_look() of one generation? If not: forget it, look again. */
static inline bool table_still(const struct table_view *view)
{
	/* Not moved up before the loads of the look: those are acquire loads. */
	return atomic_load_explicit(&view->table->file.generation, memory_order_relaxed) ==
	       view->generation;
}

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

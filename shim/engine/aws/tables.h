/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_TABLES_H
#define CHAOS_AWS_TABLES_H

/*
 * The layout of the generated tables, for the code in this folder alone, and for what looks through
 * all names (control/aliases.c). They are built in (model_data.c), or come from a file
 * (model_file.h).
 * Indices and offsets only, never a pointer: the tables need no relocation and are shared between
 * processes.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/span.h"

/* A text: its offset in model_text, then its length, then bits for the holder's own use. */
#define MODEL_TEXT_OFFSET_BITS 19
#define MODEL_TEXT_LENGTH_BITS 7
#define MODEL_TEXT_BITS	       (MODEL_TEXT_OFFSET_BITS + MODEL_TEXT_LENGTH_BITS)

/* Eight bytes can be read from wherever a text begins. */
#define MODEL_TEXT_END 8

/* Where a text begins, and how long it is. */
static inline uint32_t model_text_at(uint32_t ref)
{
	return ref & ((1u << MODEL_TEXT_OFFSET_BITS) - 1);
}

static inline uint32_t model_text_len(uint32_t ref)
{
	return ref >> MODEL_TEXT_OFFSET_BITS & ((1u << MODEL_TEXT_LENGTH_BITS) - 1);
}

/* The holder's own bits. */
static inline unsigned model_bits(uint32_t ref)
{
	return ref >> MODEL_TEXT_BITS;
}

enum {
	MODEL_QUERY_COMPATIBLE = 1, /* awsQueryCompatible */
	MODEL_HOME_ALWAYS = 2,	    /* all operations are those of a global service */
	MODEL_HAS_BASE_PATH = 4,    /* real hosts want /v2 before every path */
	MODEL_QUERY_CAPABLE = 8,    /* has a query version */
	MODEL_BEARER = 16,	    /* takes a bearer token in place of a signature */
	MODEL_UNSIGNED = 32,	    /* has operations that are not signed */
};

#define MODEL_NO_ROOT 0xffff
#define MODEL_NONE    0xff

/* Sorted by name; one more at the end bounds the lists of the last. */
struct model_service {
	uint32_t name;
	uint32_t xml_namespace;
	uint16_t operations; /* first in model_operations */
	uint16_t errors;     /* first in model_errors */
	uint16_t root;	     /* in model_nodes, or MODEL_NO_ROOT */
	uint16_t resources;  /* first in model_resources */
	uint8_t protocol;    /* enum aws_protocol: the one that the model prefers */
	uint8_t flags;
	uint8_t home; /* in model_homes, or MODEL_NONE */
};

/* Names of operations, sorted within each service. Own bits: */
enum {
	MODEL_OPERATION_HOME = 1, /* of a global control plane, though its service is regional */
	MODEL_OPERATION_RESOURCE_SHIFT = 1, /* the rest: which of the service's resources, from 1 */
	MODEL_RESOURCE_GUESS = 31,	    /* a member of the body that its name gives away */
};

/* Where the name of an operation's resource stands: a name and, as its own bits, the kind of place.
 * For a label the low bits are its number within the path. */
enum { MODEL_IN_BODY, MODEL_IN_QUERY, MODEL_IN_HEADER, MODEL_IN_LABEL };

/* Operations with an idempotency token, sorted: low 16 bits: which of model_operations; high 16 bits: which of
 * model_token_places, each of which is as one of model_resources. */
#define MODEL_TOKEN_OPERATION(token) ((token)&0xffff)
#define MODEL_TOKEN_PLACE(token)     ((token) >> 16)

/* Errors: high 24 bits of the FNV-1a hash of a code; low 8 bits: its status - 400. */

/*
 * The tries of the REST services: a node is one path segment. Nodes stand in breadth-first order,
 * so the children of one are those from its `child` to the next node's, and so with its ends. Among
 * children literals come first, in order, then the label, then the greedy label ({Key+}).
 */
enum { MODEL_LITERAL, MODEL_LABEL, MODEL_GREEDY }; /* a node's own bits */
struct model_node {
	uint32_t text;
	uint16_t child;
	uint16_t terminal;
};

/* An operation that ends at a node. Those of one node stand in the order of their methods. */
enum model_method {
	MODEL_GET,
	MODEL_HEAD,
	MODEL_POST,
	MODEL_PUT,
	MODEL_DELETE,
	MODEL_PATCH,
	MODEL_OPTIONS,
	MODEL_METHODS
};
#define MODEL_TERMINAL_OPERATION(terminal)  ((terminal)&0xfff)
#define MODEL_TERMINAL_METHOD(terminal)	    ((terminal) >> 12 & 7)
#define MODEL_TERMINAL_SLASH(terminal)	    ((terminal) >> 15 & 1)
#define MODEL_TERMINAL_DEPRECATED(terminal) ((terminal) >> 16 & 1)
#define MODEL_TERMINAL_CONSTRAINT(terminal) ((terminal) >> 17 & 0x1ff) /* 0: none; else index + 1 */
#define MODEL_TERMINAL_START(terminal)                                                             \
	((terminal) >> 26) /* model_key_start() of its first literal */

/* How a query key, which may go on with "=value", begins: most questions for one are answered by
 * that. */
#define MODEL_NO_START 63
static inline unsigned model_key_start(struct span key)
{
	unsigned second = key.len > 1 && key.at[1] != '=' ? (uint8_t)key.at[1] : 0;

	return ((uint8_t)key.at[0] * 5 + second) % MODEL_NO_START;
}

/* Constraints: what else a request of the operation holds; own bits: the kind, and MODEL_CONSTRAINT_LAST. */
enum {
	MODEL_QUERY_LITERAL,   /* "list-type=2" or "uploads" */
	MODEL_QUERY_REQUIRED,  /* a query key */
	MODEL_HEADER_REQUIRED, /* a header name, in lower case */
	MODEL_BODY_REQUIRED,   /* a key of the JSON document in the body */
	MODEL_QUERY_KNOWN,     /* a query key that may be there */
	MODEL_SIGNING_NAME,    /* in the credential scope */
	MODEL_CONSTRAINT_LAST = 8,
};

/* For each partition the region of a global service, or MODEL_NONE. */
#define MODEL_PARTITIONS 8
typedef uint8_t model_home[MODEL_PARTITIONS];

/* DNS suffixes of the partitions, the longest first. */
struct model_suffix {
	uint32_t text;
	uint8_t partition;
};

/* From a name on the wire to the services that it may stand for; sorted by the name. */
struct model_key {
	uint32_t text;
	uint16_t first, count; /* in model_members */
};

/*
 * The parts of a model.
 */

struct model_counts {
#define PART(type, name) uint32_t name;
#include "parts.def"
#undef PART
};

#define MODEL_PARTS (sizeof(struct model_counts) / sizeof(uint32_t))

struct model {
	const char *version; /* of botocore */
	const struct model_counts *counts;
#define PART(type, name) const type *name;
#include "parts.def"
#undef PART
};

extern const char built_in_version[];
extern const struct model_counts built_in_counts;
#define PART(type, name) extern const type built_in_##name[];
#include "parts.def"
#undef PART

/* The same twice: the first, until one is kept, tells that it may still be changed. */
enum { MODEL_OPEN, MODEL_KEPT };
extern const struct model model_built_in[];

/* The model in use. Whoever has called model_keep() will not see it change. */
extern const struct model *model_used;

/*
 * Takes a model, which is to stay, in place of the built-in one. Only until the first request has been
 * looked at, since what has been made of one holds indices: false when that is over.
 */
bool model_use(const struct model *model);

/* From now on the model does not change. */
static inline void model_keep(void)
{
	if (__atomic_load_n(&model_used, __ATOMIC_ACQUIRE) == &model_built_in[MODEL_OPEN])
		model_use(&model_built_in[MODEL_KEPT]);
}

#define model_text		 model_used->text
#define model_services		 model_used->services
#define model_services_count	 model_used->counts->services
#define model_operations	 model_used->operations
#define model_errors		 model_used->errors
#define model_resources		 model_used->resources
#define model_tokens		 model_used->tokens
#define model_tokens_count	 model_used->counts->tokens
#define model_token_places	 model_used->token_places
#define model_nodes		 model_used->nodes
#define model_terminals		 model_used->terminals
#define model_constraints	 model_used->constraints
#define model_homes		 model_used->homes
#define model_regions		 model_used->regions /* sorted */
#define model_regions_count	 model_used->counts->regions
#define model_region_partitions	 model_used->region_partitions
#define model_partition_homes	 model_used->partition_homes /* where hosts without a region are */
#define model_suffixes		 model_used->suffixes
#define model_suffixes_count	 model_used->counts->suffixes
#define model_signing_keys	 model_used->signing_keys /* in a credential scope */
#define model_signing_keys_count model_used->counts->signing_keys
#define model_target_keys	 model_used->target_keys /* X-Amz-Target, before the operation */
#define model_target_keys_count	 model_used->counts->target_keys
#define model_version_keys	 model_used->version_keys /* Version= */
#define model_version_keys_count model_used->counts->version_keys
#define model_id_keys		 model_used->id_keys /* api/ in a User-Agent */
#define model_id_keys_count	 model_used->counts->id_keys
/* Labels of a host name. Members are service << 1 | whether variable labels may stand before. */
#define model_host_keys	      model_used->host_keys
#define model_host_keys_count model_used->counts->host_keys
#define model_members	      model_used->members

static inline struct span model_span(uint32_t ref)
{
	return (struct span){model_text + model_text_at(ref), model_text_len(ref)};
}

/* A lookup's result. */
struct model_list {
	const uint16_t *at;
	unsigned count;
};

struct model_list model_find_signing(struct span name);
struct model_list model_find_target(struct span prefix);
struct model_list model_find_version(struct span version);
struct model_list model_find_id(struct span id);
struct model_list model_find_host(struct span labels);

/* The index of an operation within its service, or -1. */
int model_find_operation(int service, struct span name);

/* The index of a region, or -1. */
int model_find_region(struct span name);

/* The place of `name` among `count` sorted texts, which stand `step` words apart; or -1. */
int model_find_text(const uint32_t *texts, unsigned count, unsigned step, struct span name);

static inline struct span model_operation(int service, unsigned operation)
{
	return model_span(model_operations[model_services[service].operations + operation]);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_TABLES_H
#define CHAOS_AWS_TABLES_H

/*
 * The layout of the generated tables (model_data.c), for the code in this folder alone, and for what
 * looks through all names (control/aliases.c).
 * Indices and offsets only, never a pointer: the tables need no relocation and are shared between
 * processes.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/span.h"
#include "model.h"

/* A text: its offset in model_text, then its length, then bits for the holder's own use. */
#define MODEL_TEXT_OFFSET_BITS 19
#define MODEL_TEXT_LENGTH_BITS 7
#define MODEL_TEXT_BITS	       (MODEL_TEXT_OFFSET_BITS + MODEL_TEXT_LENGTH_BITS)

extern const char model_text[]; /* eight bytes can be read from wherever a text begins */

static inline struct span model_span(uint32_t ref)
{
	return (struct span){
		model_text + (ref & ((1u << MODEL_TEXT_OFFSET_BITS) - 1)),
		ref >> MODEL_TEXT_OFFSET_BITS & ((1u << MODEL_TEXT_LENGTH_BITS) - 1),
	};
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
extern const struct model_service model_services[];
extern const unsigned int model_services_count;

/* Names of operations, sorted within each service. Own bits: */
enum {
	MODEL_OPERATION_HOME = 1, /* of a global control plane, though its service is regional */
	MODEL_OPERATION_RESOURCE_SHIFT = 1, /* the rest: which of the service's resources, from 1 */
	MODEL_RESOURCE_GUESS = 31,	    /* a member of the body that its name gives away */
};
extern const uint32_t model_operations[];
extern const unsigned int model_operations_count;

/* Where the name of an operation's resource stands: a name and, as its own bits, the kind of place.
 * For a label the low bits are its number within the path. */
enum { MODEL_IN_BODY, MODEL_IN_QUERY, MODEL_IN_HEADER, MODEL_IN_LABEL };
extern const uint32_t model_resources[];

/* High 24 bits: of the FNV-1a hash of an error code; low 8 bits: its status - 400. */
extern const uint32_t model_errors[];

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
extern const struct model_node model_nodes[];

/* An operation that ends at a node. Those of one node stand in the order of their methods. */
extern const uint32_t model_terminals[];
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

/* What else a request of the operation holds; own bits: the kind, and MODEL_CONSTRAINT_LAST. */
enum {
	MODEL_QUERY_LITERAL,   /* "list-type=2" or "uploads" */
	MODEL_QUERY_REQUIRED,  /* a query key */
	MODEL_HEADER_REQUIRED, /* a header name, in lower case */
	MODEL_BODY_REQUIRED,   /* a key of the JSON document in the body */
	MODEL_QUERY_KNOWN,     /* a query key that may be there */
	MODEL_SIGNING_NAME,    /* in the credential scope */
	MODEL_CONSTRAINT_LAST = 8,
};
extern const uint32_t model_constraints[];

/* For each partition the region of a global service, or MODEL_NONE. */
#define MODEL_PARTITIONS 8
extern const uint8_t model_homes[][MODEL_PARTITIONS];

extern const uint32_t model_regions[]; /* sorted */
extern const unsigned int model_regions_count;
extern const uint8_t model_region_partitions[];
extern const uint8_t model_partition_homes[]; /* where hosts without a region are */

/* DNS suffixes of the partitions, the longest first. */
struct model_suffix {
	uint32_t text;
	uint8_t partition;
};
extern const struct model_suffix model_suffixes[];
extern const unsigned int model_suffixes_count;

/* From a name on the wire to the services that it may stand for; sorted by the name. */
struct model_key {
	uint32_t text;
	uint16_t first, count; /* in model_members */
};
extern const uint16_t model_members[];

extern const struct model_key model_signing_keys[]; /* in a credential scope */
extern const unsigned int model_signing_keys_count;
extern const struct model_key model_target_keys[]; /* X-Amz-Target, before the operation */
extern const unsigned int model_target_keys_count;
extern const struct model_key model_version_keys[]; /* Version= */
extern const unsigned int model_version_keys_count;
extern const struct model_key model_id_keys[]; /* api/ in a User-Agent */
extern const unsigned int model_id_keys_count;
/* Labels of a host name. Members are service << 1 | whether variable labels may stand before. */
extern const struct model_key model_host_keys[];
extern const unsigned int model_host_keys_count;

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

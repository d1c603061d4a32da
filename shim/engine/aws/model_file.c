/* SPDX-License-Identifier: Apache-2.0 */
#include "model_file.h"

#include <zlib.h>

#include "call.h"

/* Deeper paths than any that AWS has. */
#define DEPTH_MAX 64

/* Places of services are numbers of 15 bits where a bit of a host's stands beside them. */
#define SERVICES_MAX 4096

/* Where the engine asks for these, they are there. */
static const char *const needed[] = {"s3", "sqs", "sso"};

static const char damaged[] = "is damaged";

/* What is checked, and what is said of it when it does not hold. */
struct look {
	const struct model *model;
	const struct model_counts *counts;
};

/*
 * The head.
 */

static const struct {
	uint32_t row;	   /* bytes */
	uint32_t min, max; /* rows */
} limits[MODEL_PARTS] = {
#define PART(type, name) {sizeof(type), 1, UINT16_MAX},
#include "parts.def"
#undef PART
};

/* The first part is the text, whose offsets have more bits. */
static uint32_t rows_max(size_t part)
{
	return part == 0 ? (1u << MODEL_TEXT_OFFSET_BITS) + MODEL_TEXT_END : limits[part].max;
}

static bool is_part(const struct model_file_head *head, size_t part, uint32_t count)
{
	uint64_t end = head->at[part] + (uint64_t)count * limits[part].row;

	return head->at[part] >= sizeof(*head) && head->at[part] % 8 == 0 && end <= head->size &&
	       count >= limits[part].min && count <= rows_max(part);
}

static bool are_parts(const struct model_file_head *head)
{
	size_t part = 0;

#define PART(type, name)                                                                           \
	if (!is_part(head, part++, head->counts.name))                                             \
		return false;
#include "parts.def"
#undef PART
	return true;
}

/* It is printed, and stands in JSON. */
static bool is_version(const char version[32])
{
	size_t len = strnlen(version, 32);

	for (size_t i = 0; i < len; i++)
		if (!strchr("0123456789abcdefghijklmnopqrstuvwxyz.+-", version[i]))
			return false;
	return len > 0 && len < 32;
}

static const char *check_head(const struct model_file_head *head, size_t size)
{
	const unsigned char *rest = (const unsigned char *)&head->checksum + sizeof(head->checksum);

	if (size < sizeof(head->magic) + sizeof(head->version) ||
		memcmp(head->magic, MODEL_FILE_MAGIC, sizeof(head->magic)) != 0)
		return "is no model";
	if (head->version != MODEL_FILE_VERSION)
		return "is of another version; build it anew with 'chaos-ctl model build'";
	if (size < sizeof(*head) || size > MODEL_FILE_MAX || head->size != size)
		return "is cut short";
	if (crc32(0, rest, (uInt)(size - (size_t)(rest - (const unsigned char *)head))) !=
		head->checksum)
		return damaged;
	return is_version(head->botocore) && are_parts(head) ? NULL : damaged;
}

static void point(struct model *model, const struct model_file_head *head)
{
	const uint32_t *at = head->at;

	model->version = head->botocore;
	model->counts = &head->counts;
#define PART(type, name) model->name = (const type *)((const char *)head + *at++);
#include "parts.def"
#undef PART
}

/*
 * Texts.
 */

static struct span text_of(const struct look *look, uint32_t ref)
{
	return (struct span){look->model->text + model_text_at(ref), model_text_len(ref)};
}

static bool is_text(const struct look *look, uint32_t ref)
{
	return model_text_at(ref) + model_text_len(ref) <= look->counts->text - MODEL_TEXT_END;
}

static bool is_name(const struct look *look, uint32_t ref)
{
	return is_text(look, ref) && model_text_len(ref) > 0;
}

/* Texts `step` words apart: each is one, and greater than the one before. */
static bool are_sorted(const struct look *look, const uint32_t *refs, size_t count, size_t step)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_name(look, refs[i * step]))
			return false;
		if (i && span_compare(text_of(look, refs[(i - 1) * step]),
				 text_of(look, refs[i * step])) >= 0)
			return false;
	}
	return true;
}

/* Names go into JSON, XML and lines of text as they are. */
static bool check_text(const struct look *look)
{
	uint32_t end = look->counts->text - MODEL_TEXT_END;

	if (look->counts->text <= MODEL_TEXT_END)
		return false;
	for (uint32_t i = 0; i < end; i++) {
		char byte = look->model->text[i];

		if (byte <= ' ' || byte > '~' || byte == '"' || byte == '\\' || byte == '<' ||
			byte == '&')
			return false;
	}
	return true;
}

/*
 * Services, and what they have lists of.
 */

static bool is_place(const struct look *look, uint32_t place)
{
	return model_bits(place) <= MODEL_IN_LABEL &&
	       (model_bits(place) == MODEL_IN_LABEL || is_name(look, place));
}

static bool check_operations(const struct look *look, const struct model_service *service)
{
	const uint32_t *operations = look->model->operations + service->operations;
	unsigned count = service[1].operations - service->operations;
	unsigned resources = service[1].resources - service->resources;

	for (unsigned i = 0; i < count; i++) {
		unsigned resource = model_bits(operations[i]) >> MODEL_OPERATION_RESOURCE_SHIFT;

		if (resource > resources && resource != MODEL_RESOURCE_GUESS)
			return false;
	}
	return count > 0 && are_sorted(look, operations, count, 1);
}

static bool check_service(const struct look *look, const struct model_service *service)
{
	const struct model_counts *counts = look->counts;
	const struct model_service *next = service + 1;

	return is_text(look, service->xml_namespace) && service->operations <= next->operations &&
	       next->operations <= counts->operations && service->errors <= next->errors &&
	       next->errors <= counts->errors && service->resources <= next->resources &&
	       next->resources <= counts->resources && service->protocol <= AWS_RPC_V2_CBOR &&
	       (service->home == MODEL_NONE || service->home < counts->homes) &&
	       (service->root == MODEL_NO_ROOT || service->root < counts->nodes - 1) &&
	       check_operations(look, service);
}

static bool has_service(const struct look *look, const char *name)
{
	for (uint32_t i = 0; i + 1 < look->counts->services; i++)
		if (span_equal(text_of(look, look->model->services[i].name), span_of(name)))
			return true;
	return false;
}

static bool check_services(const struct look *look)
{
	const struct model *model = look->model;
	uint32_t count = look->counts->services - 1;

	if (count < 1 || count > SERVICES_MAX ||
		!are_sorted(look, &model->services->name, count,
			sizeof(*model->services) / sizeof(uint32_t)))
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!check_service(look, &model->services[i]))
			return false;
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!has_service(look, needed[i]))
			return false;
	return true;
}

static bool check_tokens(const struct look *look)
{
	const uint32_t *tokens = look->model->tokens;

	for (uint32_t i = 0; i < look->counts->tokens; i++)
		if (MODEL_TOKEN_OPERATION(tokens[i]) >= look->counts->operations ||
			MODEL_TOKEN_PLACE(tokens[i]) >= look->counts->token_places ||
			(i && MODEL_TOKEN_OPERATION(tokens[i - 1]) >=
					MODEL_TOKEN_OPERATION(tokens[i])))
			return false;
	for (uint32_t i = 0; i < look->counts->token_places; i++)
		if (!is_place(look, look->model->token_places[i]))
			return false;
	return true;
}

static bool check_details(const struct look *look)
{
	for (uint32_t i = 0; i < look->counts->errors; i++)
		if ((look->model->errors[i] & 0xff) > 599 - 400)
			return false;
	for (uint32_t i = 0; i < look->counts->resources; i++)
		if (!is_place(look, look->model->resources[i]))
			return false;
	return check_tokens(look);
}

/*
 * Paths.
 */

static bool check_nodes(const struct look *look)
{
	const struct model_node *nodes = look->model->nodes;
	uint32_t count = look->counts->nodes - 1;

	for (uint32_t i = 0; i < count; i++)
		if (!is_text(look, nodes[i].text) || model_bits(nodes[i].text) > MODEL_GREEDY ||
			nodes[i].child <= i || nodes[i].child > nodes[i + 1].child ||
			nodes[i].terminal > nodes[i + 1].terminal)
			return false;
	return nodes[count].child <= count && nodes[count].terminal <= look->counts->terminals;
}

static bool check_terminals(const struct look *look)
{
	for (uint32_t i = 0; i < look->counts->terminals; i++) {
		uint32_t terminal = look->model->terminals[i];

		if (MODEL_TERMINAL_METHOD(terminal) >= MODEL_METHODS ||
			MODEL_TERMINAL_CONSTRAINT(terminal) > look->counts->constraints)
			return false;
	}
	return true;
}

static bool check_constraints(const struct look *look)
{
	const uint32_t *constraints = look->model->constraints;
	uint32_t count = look->counts->constraints;

	for (uint32_t i = 0; i < count; i++)
		if (!is_name(look, constraints[i]) ||
			(model_bits(constraints[i]) & (MODEL_CONSTRAINT_LAST - 1)) >
				MODEL_SIGNING_NAME)
			return false;
	return model_bits(constraints[count - 1]) & MODEL_CONSTRAINT_LAST;
}

/* What ends below a service's root is an operation of that service. No node stands below two. */
static bool check_tree(const struct look *look, uint32_t node, unsigned operations, int depth)
{
	const struct model_node *at = &look->model->nodes[node];

	if (depth > DEPTH_MAX)
		return false;
	for (uint32_t i = at->terminal; i < at[1].terminal; i++)
		if (MODEL_TERMINAL_OPERATION(look->model->terminals[i]) >= operations)
			return false;
	for (uint32_t i = at->child; i < at[1].child; i++)
		if (!check_tree(look, i, operations, depth + 1))
			return false;
	return true;
}

static bool check_trees(const struct look *look)
{
	const struct model_service *services = look->model->services;
	uint32_t next = 0;

	for (uint32_t i = 0; i + 1 < look->counts->services; i++) {
		if (services[i].root == MODEL_NO_ROOT)
			continue;
		if (services[i].root != next ||
			!check_tree(look, next++,
				(unsigned)(services[i + 1].operations - services[i].operations), 0))
			return false;
	}
	return next == look->model->nodes[0].child;
}

/*
 * Regions, and the names on the wire.
 */

static bool check_regions(const struct look *look)
{
	const struct model *model = look->model;
	const struct model_counts *counts = look->counts;

	if (counts->region_partitions != counts->regions ||
		counts->partition_homes > MODEL_PARTITIONS || counts->regions > MODEL_NONE ||
		counts->homes > MODEL_NONE || !are_sorted(look, model->regions, counts->regions, 1))
		return false;
	for (uint32_t i = 0; i < counts->regions; i++)
		if (model->region_partitions[i] >= counts->partition_homes)
			return false;
	for (uint32_t i = 0; i < counts->partition_homes; i++)
		if (model->partition_homes[i] >= counts->regions)
			return false;
	for (uint32_t i = 0; i < counts->homes * MODEL_PARTITIONS; i++) {
		uint8_t home = model->homes[i / MODEL_PARTITIONS][i % MODEL_PARTITIONS];

		if (home != MODEL_NONE && home >= counts->regions)
			return false;
	}
	for (uint32_t i = 0; i < counts->suffixes; i++)
		if (!is_name(look, model->suffixes[i].text) ||
			model->suffixes[i].partition >= counts->partition_homes)
			return false;
	return true;
}

/* Members are services << shift. */
static bool check_keys(
	const struct look *look, const struct model_key *keys, uint32_t count, int shift)
{
	if (!are_sorted(look, &keys->text, count, sizeof(*keys) / sizeof(uint32_t)))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t end = (uint32_t)keys[i].first + keys[i].count;

		if (keys[i].count < 1 || end > look->counts->members)
			return false;
		for (uint32_t k = keys[i].first; k < end; k++)
			if ((uint32_t)look->model->members[k] >> shift >=
				look->counts->services - 1)
				return false;
	}
	return true;
}

static bool check_names(const struct look *look)
{
	const struct model *model = look->model;
	const struct model_counts *counts = look->counts;

	return check_keys(look, model->signing_keys, counts->signing_keys, 0) &&
	       check_keys(look, model->target_keys, counts->target_keys, 0) &&
	       check_keys(look, model->version_keys, counts->version_keys, 0) &&
	       check_keys(look, model->id_keys, counts->id_keys, 0) &&
	       check_keys(look, model->host_keys, counts->host_keys, 1);
}

const char *model_file_open(const void *bytes, size_t size, struct model *model)
{
	const struct model_file_head *head = bytes;
	const struct look look = {model, &head->counts};
	const char *reason = check_head(head, size);

	if (reason)
		return reason;
	point(model, head);
	if (!check_text(&look) || !check_services(&look) || !check_details(&look) ||
		!check_nodes(&look) || !check_terminals(&look) || !check_constraints(&look) ||
		!check_trees(&look) || !check_regions(&look) || !check_names(&look))
		return damaged;
	return NULL;
}

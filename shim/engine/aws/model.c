/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <endian.h>

#include "tables.h"

const struct model model_built_in[] = {
#define PART(type, name) .name = built_in_##name,
	[MODEL_OPEN] =
		{
			.version = built_in_version,
			.counts = &built_in_counts,
#include "parts.def"
		},
	[MODEL_KEPT] =
		{
			.version = built_in_version,
			.counts = &built_in_counts,
#include "parts.def"
		},
#undef PART
};

const struct model *model_used = &model_built_in[MODEL_OPEN];

bool model_use(const struct model *model)
{
	const struct model *unkept = &model_built_in[MODEL_OPEN];

	return __atomic_compare_exchange_n(
		&model_used, &unkept, model, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

const char *aws_model_version(void)
{
	return model_used->version;
}

/* The first eight bytes as a number that sorts as they do; 0 stands for those that are missing. */
static uint64_t first_bytes(struct span text)
{
	uint64_t bytes = 0;

	/* Copied without a call, as nearly all are so long. */
	if (text.len >= sizeof(bytes))
		memcpy(&bytes, text.at, sizeof(bytes));
	else
		memcpy(&bytes, text.at, text.len);
	return be64toh(bytes);
}

/* The same of a text in model_text, which goes on for eight bytes. */
static inline uint64_t first_bytes_of(uint32_t text)
{
	struct span span = model_span(text);
	uint64_t bytes;

	memcpy(&bytes, span.at, sizeof(bytes));
	bytes = be64toh(bytes);
	return span.len < sizeof(bytes) ? bytes & ~(UINT64_MAX >> 8 * span.len) : bytes;
}

int model_find_text(const uint32_t *texts, unsigned count, unsigned step, struct span name)
{
	unsigned low = 0, high = count;
	uint64_t wanted;

	if (!name.len)
		return -1;
	wanted = first_bytes(name);
	while (low < high) {
		unsigned middle = (low + high) / 2;
		uint32_t text = texts[middle * step];
		uint64_t bytes = first_bytes_of(text);
		int order = wanted < bytes ? -1 : 1;

		if (wanted == bytes)
			order = span_compare(name, model_span(text));
		if (order == 0)
			return (int)middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

static struct model_list find_key(const struct model_key *keys, unsigned count, struct span name)
{
	int found = model_find_text(&keys->text, count, sizeof(*keys) / sizeof(keys->text), name);

	if (found < 0)
		return (struct model_list){0};
	return (struct model_list){model_members + keys[found].first, keys[found].count};
}

struct model_list model_find_signing(struct span name)
{
	return find_key(model_signing_keys, model_signing_keys_count, name);
}

struct model_list model_find_target(struct span prefix)
{
	return find_key(model_target_keys, model_target_keys_count, prefix);
}

struct model_list model_find_version(struct span version)
{
	return find_key(model_version_keys, model_version_keys_count, version);
}

struct model_list model_find_id(struct span id)
{
	return find_key(model_id_keys, model_id_keys_count, id);
}

struct model_list model_find_host(struct span labels)
{
	return find_key(model_host_keys, model_host_keys_count, labels);
}

int aws_model_service_count(void)
{
	return (int)model_services_count - 1;
}

static bool is_service(int service)
{
	return service >= 0 && service < aws_model_service_count();
}

int aws_model_find(struct span service)
{
	return model_find_text(&model_services->name, model_services_count - 1,
		sizeof(*model_services) / sizeof(model_services->name), service);
}

struct span aws_model_service_name(int service)
{
	return is_service(service) ? model_span(model_services[service].name) : (struct span){0};
}

int aws_model_operation_count(int service)
{
	if (!is_service(service))
		return 0;
	return model_services[service + 1].operations - model_services[service].operations;
}

struct span aws_model_operation_name(int service, int operation)
{
	if (operation < 0 || operation >= aws_model_operation_count(service))
		return (struct span){0};
	return model_operation(service, (unsigned)operation);
}

int model_find_operation(int service, struct span name)
{
	if (!is_service(service))
		return -1;
	return model_find_text(model_operations + model_services[service].operations,
		(unsigned)aws_model_operation_count(service), 1, name);
}

struct span aws_model_xml_namespace(int service)
{
	if (!is_service(service))
		return (struct span){0};
	return model_span(model_services[service].xml_namespace);
}

bool aws_model_query_compatible(int service)
{
	return is_service(service) && (model_services[service].flags & MODEL_QUERY_COMPATIBLE) != 0;
}

int aws_model_error_status(int service, struct span code)
{
	uint32_t hash = 0x811c9dc5;

	if (!is_service(service))
		return 0;
	for (size_t i = 0; i < code.len; i++)
		hash = (hash ^ (uint8_t)code.at[i]) * 0x01000193;
	for (unsigned i = model_services[service].errors; i < model_services[service + 1].errors;
		i++)
		if (model_errors[i] >> 8 == hash >> 8)
			return 400 + (model_errors[i] & 0xff);
	return 0;
}

int aws_model_region_count(void)
{
	return (int)model_regions_count;
}

struct span aws_model_region_name(int region)
{
	if (region < 0 || region >= aws_model_region_count())
		return (struct span){0};
	return model_span(model_regions[region]);
}

int model_find_region(struct span name)
{
	return model_find_text(model_regions, model_regions_count, 1, name);
}

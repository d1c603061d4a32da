/* SPDX-License-Identifier: Apache-2.0 */
#include "look.h"

void aws_services_add(struct aws_services *services, unsigned service)
{
	if (services->count < AWS_CANDIDATES_MAX)
		services->at[services->count++] = (uint16_t)service;
}

struct aws_services aws_services_of(struct model_list list)
{
	struct aws_services services;

	services.count = 0;
	for (unsigned i = 0; i < list.count; i++)
		aws_services_add(&services, list.at[i]);
	return services;
}

void aws_services_narrow(struct aws_services *services, aws_keeps *keeps, const void *context)
{
	unsigned kept = 0;
	uint16_t at[AWS_CANDIDATES_MAX];

	if (services->count <= 1)
		return;
	for (unsigned i = 0; i < services->count; i++)
		if (keeps(services->at[i], context))
			at[kept++] = services->at[i];
	if (kept == 0 || kept == services->count)
		return;
	memcpy(services->at, at, kept * sizeof(*at));
	services->count = kept;
}

bool aws_has_operation(unsigned service, const void *name)
{
	return model_find_operation((int)service, *(const struct span *)name) >= 0;
}

bool aws_has_service_flag(unsigned service, const void *flag)
{
	return (model_services[service].flags & *(const unsigned *)flag) != 0;
}

bool aws_speaks_json(unsigned service, const void *unused)
{
	(void)unused;
	return model_services[service].protocol == AWS_JSON ||
	       model_services[service].protocol == AWS_RPC_V2_CBOR;
}

bool aws_speaks_rest(unsigned service, const void *unused)
{
	(void)unused;
	return model_services[service].root != MODEL_NO_ROOT;
}

bool aws_any_service(const struct aws_services *services, aws_keeps *keeps, const void *context)
{
	for (unsigned i = 0; i < services->count; i++)
		if (keeps(services->at[i], context))
			return true;
	return false;
}

/* The User-Agent writes ids in lower case with '-' for spaces, or nearly so. */
static struct aws_services services_of_id(struct span id)
{
	char name[64];

	if (id.len == 0 || id.len > sizeof(name))
		return (struct aws_services){0};
	for (size_t i = 0; i < id.len; i++) {
		char byte = id.at[i];

		if (byte >= 'A' && byte <= 'Z')
			byte |= 0x20;
		name[i] = byte == '_' || byte == '+' ? '-' : byte;
	}
	return aws_services_of(model_find_id((struct span){name, id.len}));
}

const struct aws_host *aws_look_host(struct aws_look *look)
{
	if (!look->has_host)
		aws_host_read(&look->host, look->request.host);
	look->has_host = true;
	return &look->host;
}

const struct aws_services *aws_look_signers(struct aws_look *look)
{
	if (!look->has_signers)
		look->signers = aws_services_of(model_find_signing(look->request.signing_name));
	look->has_signers = true;
	return &look->signers;
}

static bool is_listed(unsigned service, const void *services)
{
	const struct aws_services *list = services;

	for (unsigned i = 0; i < list->count; i++)
		if (list->at[i] == service)
			return true;
	return false;
}

static bool has_host(unsigned service, const void *host)
{
	return aws_host_has(host, (int)service);
}

static struct aws_services services_of_host(const struct aws_host *host)
{
	struct aws_services services;

	services.count = 0;
	for (unsigned i = 0; i < host->services.count; i++)
		aws_services_add(&services, host->services.at[i] >> 1);
	return services;
}

/* The services that the User-Agent names. */
static struct aws_services named_services(const struct aws_look *look)
{
	return services_of_id(aws_request_sdk_service(&look->request));
}

void aws_look_narrow(struct aws_look *look, struct aws_services *services)
{
	struct aws_services named;

	if (services->count <= 1)
		return;
	aws_services_narrow(services, is_listed, aws_look_signers(look));
	if (services->count <= 1)
		return;
	aws_services_narrow(services, has_host, aws_look_host(look));
	if (services->count <= 1)
		return;
	named = named_services(look);
	aws_services_narrow(services, is_listed, &named);
}

struct aws_services aws_look_services(struct aws_look *look)
{
	struct aws_services services;

	if (look->request.signing_name.len)
		services = *aws_look_signers(look);
	else if (aws_look_host(look)->is_aws)
		services = services_of_host(&look->host);
	else
		services = named_services(look);
	aws_look_narrow(look, &services);
	return services;
}

static void add(struct aws_call *call, struct aws_candidate candidate)
{
	if (call->candidate_count < AWS_CANDIDATES_MAX)
		call->candidates[call->candidate_count++] = candidate;
}

void aws_add_candidate(struct aws_call *call, int service, struct span operation)
{
	struct span name = model_span(model_services[service].name);

	add(call, (struct aws_candidate){name, operation, service});
}

void aws_add_unknown(struct aws_call *call, struct span service, struct span operation)
{
	add(call, (struct aws_candidate){service, operation, -1});
}

void aws_add_services(
	struct aws_call *call, const struct aws_services *services, struct span operation)
{
	for (unsigned i = 0; i < services->count; i++)
		aws_add_candidate(call, services->at[i], operation);
}

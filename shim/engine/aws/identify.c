/* SPDX-License-Identifier: Apache-2.0 */
#include "identify.h"

#include "candidates.h"
#include "host.h"
#include "request.h"
#include "rest.h"

/* Everything that is known of one request while it is looked at. */
struct look {
	struct aws_request request;
	struct aws_host host;
	struct aws_services signed_by; /* services of the signing name */
	struct aws_services named;     /* by the User-Agent */
	struct aws_call *call;
};

/*
 * The evidence, as filters over services.
 */

static bool in_services(unsigned service, const void *services)
{
	const struct aws_services *list = services;

	for (unsigned i = 0; i < list->count; i++)
		if (list->at[i] == service)
			return true;
	return false;
}

static bool in_host(unsigned service, const void *host)
{
	return aws_host_has(host, (int)service);
}

static bool has_operation(unsigned service, const void *name)
{
	return model_find_operation((int)service, *(const struct span *)name) >= 0;
}

static bool speaks_json(unsigned service, const void *unused)
{
	(void)unused;
	return model_services[service].protocol == AWS_JSON ||
	       model_services[service].protocol == AWS_RPC_V2_CBOR;
}

static bool speaks_query(unsigned service, const void *unused)
{
	(void)unused;
	return model_services[service].flags & MODEL_QUERY_CAPABLE;
}

static bool speaks_rest(unsigned service, const void *unused)
{
	(void)unused;
	return model_services[service].root != MODEL_NO_ROOT;
}

static bool any(const struct aws_services *services, bool (*holds)(unsigned, const void *))
{
	for (unsigned i = 0; i < services->count; i++)
		if (holds(services->at[i], NULL))
			return true;
	return false;
}

static void narrow(struct look *look, struct aws_services *services)
{
	aws_services_narrow(services, in_services, &look->signed_by);
	aws_services_narrow(services, in_host, &look->host);
	aws_services_narrow(services, in_services, &look->named);
}

/* Services from what does not depend on the protocol. */
static struct aws_services likely_services(struct look *look)
{
	struct aws_services services = {0};

	if (look->request.signing_name.len) {
		services = look->signed_by;
	} else if (look->host.is_aws) {
		for (unsigned i = 0; i < look->host.services.count; i++)
			aws_services_add(&services, look->host.services.at[i] >> 1);
	} else if (look->request.sso_token.len) {
		aws_services_add(&services, (unsigned)aws_model_find(SPAN("sso")));
	} else {
		services = look->named;
	}
	narrow(look, &services);
	return services;
}

/*
 * Filling the call.
 */

static void add_candidate(struct aws_call *call, int service, struct span operation)
{
	struct aws_candidate *candidate = &call->candidates[call->candidate_count];

	if (call->candidate_count == AWS_CANDIDATES_MAX)
		return;
	call->candidate_count++;
	candidate->model = service;
	candidate->service = aws_model_service_name(service);
	candidate->operation = operation;
}

static void add_unknown(struct aws_call *call, struct span name, struct span operation)
{
	add_candidate(call, -1, operation);
	call->candidates[call->candidate_count - 1].service = name;
}

/* The same operation of each service: its name from the table where it is there. */
static void add_services(
	struct aws_call *call, const struct aws_services *services, struct span operation)
{
	for (unsigned i = 0; i < services->count; i++) {
		int service = services->at[i];
		int found = operation.len ? model_find_operation(service, operation) : -1;

		add_candidate(call, service,
			found >= 0 ? aws_model_operation_name(service, found) : operation);
	}
}

static int attempt_of(struct span value)
{
	struct span key = SPAN("attempt=");
	int attempt = 0;

	for (size_t i = 0; i + key.len <= value.len; i++) {
		if (!span_starts(span_from(value, i), key))
			continue;
		for (size_t k = i + key.len;
			k < value.len && value.at[k] >= '0' && value.at[k] <= '9'; k++)
			if (attempt < 100000)
				attempt = attempt * 10 + (value.at[k] - '0');
		break;
	}
	return attempt;
}

static struct span first_product(const struct aws_request *request)
{
	struct span agent = request->user_agent.len ? request->user_agent : request->amz_user_agent;
	const char *space = span_find(agent, ' ');

	if (space)
		agent.len = (size_t)(space - agent.at);
	return agent;
}

static int partition_of(const struct look *look)
{
	int region = model_find_region(look->call->region);

	return region >= 0 ? model_region_partitions[region] : look->host.partition;
}

static bool is_home_call(const struct aws_candidate *candidate)
{
	const struct model_service *service;
	int operation;

	if (candidate->model < 0)
		return false;
	service = &model_services[candidate->model];
	if (service->home == MODEL_NONE || service->flags & MODEL_HOME_ALWAYS)
		return service->home != MODEL_NONE;
	operation = model_find_operation(candidate->model, candidate->operation);
	return operation >= 0 &&
	       model_bits(model_operations[service->operations + operation]) & MODEL_OPERATION_HOME;
}

static void fill_home(struct look *look)
{
	struct aws_call *call = look->call;
	int partition = partition_of(look);

	if (partition < 0)
		partition = 0;
	for (int i = 0; i < call->candidate_count; i++) {
		int service = call->candidates[i].model;
		uint8_t region;

		if (!is_home_call(&call->candidates[i]))
			continue;
		region = model_homes[model_services[service].home][partition];
		if (region != MODEL_NONE) {
			call->home_region = model_span(model_regions[region]);
			return;
		}
	}
	/* A host without a region is in its partition's own. */
	if (!call->region.len && look->host.is_aws && look->host.partition >= 0)
		call->home_region =
			model_span(model_regions[model_partition_homes[look->host.partition]]);
}

static void fill_region(struct look *look)
{
	look->call->region =
		look->request.signing_region.len ? look->request.signing_region : look->host.region;
}

static enum aws_identity done(struct look *look, enum aws_identity identity)
{
	if (look->call->candidate_count)
		look->call->query_compatible =
			aws_model_query_compatible(look->call->candidates[0].model);
	fill_home(look);
	return identity;
}

/*
 * The protocols that name the operation.
 */

static bool is_token(struct span text)
{
	if (text.len == 0 || text.len > 128)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.at[i];

		if (!(byte >= 'a' && byte <= 'z') && !(byte >= 'A' && byte <= 'Z') &&
			!(byte >= '0' && byte <= '9') && byte != '_' && byte != '-' && byte != '.')
			return false;
	}
	return true;
}

/* A call by name: what `list` knows of, else what the signature says, else just the name. */
static enum aws_identity call_by_name(
	struct look *look, struct model_list list, struct span prefix, struct span operation)
{
	struct aws_services services = aws_services_of(list);

	if (!services.count) {
		services = look->signed_by;
		aws_services_narrow(&services, speaks_json, NULL);
	}
	aws_services_narrow(&services, has_operation, &operation);
	narrow(look, &services);
	add_services(look->call, &services, operation);
	if (!services.count)
		add_unknown(look->call,
			look->request.signing_name.len ? look->request.signing_name : prefix,
			operation);
	return done(look, AWS_CALL);
}

/* X-Amz-Target: prefix.Operation; the prefix may hold dots. */
static bool split_target(struct span target, struct span *prefix, struct span *operation)
{
	size_t dot = target.len;

	while (dot > 0 && target.at[dot - 1] != '.')
		dot--;
	if (dot == 0)
		return false;
	*prefix = (struct span){target.at, dot - 1};
	*operation = span_from(target, dot);
	return is_token(*prefix) && is_token(*operation);
}

static bool is_json_cbor(struct span content_type)
{
	struct span start = SPAN("application/x-amz-cbor");

	content_type.len = content_type.len < start.len ? content_type.len : start.len;
	return span_equal_nocase(content_type, start);
}

/* …/service/Prefix/operation/Operation */
static bool split_cbor_path(struct span path, struct span *prefix, struct span *operation)
{
	struct span parts[4] = {0};

	for (int i = 3; i >= 0; i--) {
		size_t slash = path.len;

		while (slash > 0 && path.at[slash - 1] != '/')
			slash--;
		if (slash == 0)
			return false;
		parts[i] = span_from(path, slash);
		path.len = slash - 1;
	}
	*prefix = parts[1];
	*operation = parts[3];
	return span_equal(parts[0], SPAN("service")) && span_equal(parts[2], SPAN("operation")) &&
	       is_token(*prefix) && is_token(*operation);
}

/*
 * The query protocols.
 */

static bool is_form(const struct aws_request *request)
{
	struct span type = request->content_type, form = SPAN("application/x-www-form-urlencoded");

	type.len = type.len < form.len ? type.len : form.len;
	return span_equal_nocase(type, form) && span_equal(request->head->method, SPAN("POST"));
}

/* Points a name into the model table, for one that stands in a buffer of ours. */
static struct span lasting_operation(const struct aws_services *services, struct span operation)
{
	for (unsigned i = 0; i < services->count; i++) {
		int found = model_find_operation(services->at[i], operation);

		if (found >= 0)
			return aws_model_operation_name(services->at[i], found);
	}
	return (struct span){0};
}

/* A queue's path: /123456789012/name */
static bool is_queue_path(struct span path)
{
	if (path.len < 15 || path.at[0] != '/' || path.at[13] != '/')
		return false;
	for (int i = 1; i <= 12; i++)
		if (path.at[i] < '0' || path.at[i] > '9')
			return false;
	return span_find(span_from(path, 14), '/') == NULL;
}

struct query_call {
	struct span action, version;
	bool is_copy; /* the spans are in a buffer of ours */
};

static enum aws_identity call_by_action(struct look *look, const struct query_call *query)
{
	struct aws_services services = aws_services_of(model_find_version(query->version));
	struct span action = query->action, version = query->version;
	bool is_known = services.count > 0, is_queue = is_queue_path(look->request.path);
	int sqs = aws_model_find(SPAN("sqs"));

	if (!is_known && is_queue && sqs >= 0)
		aws_services_add(&services, (unsigned)sqs);
	aws_services_narrow(&services, has_operation, &action);
	if (!is_known && (!is_queue || look->signed_by.count)) {
		services = look->signed_by.count ? look->signed_by : likely_services(look);
		aws_services_narrow(&services, speaks_query, NULL);
		aws_services_narrow(&services, has_operation, &action);
	}
	narrow(look, &services);
	if (!services.count && !look->request.signing_name.len)
		return AWS_NOT_A_CALL;
	if (!look->request.signing_name.len && !look->host.is_aws &&
		!lasting_operation(&services, action).len)
		return AWS_NOT_A_CALL;
	if (query->is_copy) {
		action = lasting_operation(&services, action);
		version = (struct span){0};
		for (unsigned i = 0; i < model_version_keys_count; i++)
			if (span_equal(query->version, model_span(model_version_keys[i].text)))
				version = model_span(model_version_keys[i].text);
	}
	look->call->version = version;
	look->call->protocol = AWS_QUERY;
	if (services.count && model_services[services.at[0]].protocol == AWS_EC2)
		look->call->protocol = AWS_EC2;
	add_services(look->call, &services, action);
	if (!services.count)
		add_unknown(look->call, look->request.signing_name, action);
	return done(look, AWS_CALL);
}

/* Reads Action and Version; a value at the very end may still grow, as long as more may come. */
static void read_action(struct span params, bool complete, struct query_call *query)
{
	struct span key, value;

	while (aws_params_next(&params, &key, &value)) {
		if (!complete && params.len == 0)
			return;
		if (!query->action.len && span_equal(key, SPAN("Action")) && is_token(value))
			query->action = value;
		else if (!query->version.len && span_equal(key, SPAN("Version")) && is_token(value))
			query->version = value;
	}
}

static bool may_be_query(const struct look *look)
{
	const struct aws_request *request = &look->request;
	struct span value;

	if (request->signing_name.len && look->signed_by.count &&
		!any(&look->signed_by, speaks_query))
		return false;
	if (aws_params_find(request->query, SPAN("Action"), &value))
		return true;
	return is_form(request) &&
	       (span_equal(request->path, SPAN("/")) || is_queue_path(request->path));
}

/* Returns AWS_NOT_A_CALL when this is none of the query protocol. */
static enum aws_identity identify_query(struct look *look)
{
	char scratch[AWS_SCRATCH];
	struct query_call query = {0};
	struct aws_plain body;

	read_action(look->request.query, true, &query);
	if (query.action.len && query.version.len)
		return call_by_action(look, &query);
	if (is_form(&look->request)) {
		body = aws_body_plain(&look->request, scratch);
		read_action(body.text, body.complete, &query);
		query.is_copy = body.text.at != look->request.body->bytes.at;
		if (!body.complete && !(query.action.len && query.version.len))
			return AWS_NEEDS_BODY;
	}
	return query.action.len ? call_by_action(look, &query) : AWS_NOT_A_CALL;
}

/*
 * The REST protocols.
 */

static bool is_s3(unsigned service)
{
	return model_services[service].protocol == AWS_S3;
}

static void match_services(struct look *look, const struct aws_services *services, struct span path,
	struct aws_matches *matches)
{
	struct aws_request request = look->request;
	struct aws_rest rest;

	request.path = path;
	aws_rest_read(&rest, &request, (struct span){0});
	for (unsigned i = 0; i < services->count; i++)
		if (!(is_s3(services->at[i]) && look->host.bucket.len))
			aws_rest_match(&rest, services->at[i], matches);
	if (!look->host.bucket.len)
		return;
	aws_rest_read(&rest, &request, look->host.bucket);
	for (unsigned i = 0; i < services->count; i++)
		if (is_s3(services->at[i]))
			aws_rest_match(&rest, services->at[i], matches);
}

static bool has_base_path(const struct aws_services *services)
{
	for (unsigned i = 0; i < services->count; i++)
		if (model_services[services->at[i]].flags & MODEL_HAS_BASE_PATH)
			return true;
	return false;
}

static enum aws_protocol protocol_of_unknown(const struct aws_request *request)
{
	for (size_t i = 0; i + 4 <= request->content_type.len; i++)
		if (strncasecmp(request->content_type.at + i, "/xml", 4) == 0)
			return AWS_REST_XML;
	return AWS_REST_JSON;
}

static enum aws_identity identify_rest(struct look *look)
{
	struct aws_services services = likely_services(look);
	struct aws_matches matches;

	if (!services.count && !look->request.signing_name.len)
		return AWS_NOT_A_CALL;
	matches.count = 0;
	matches.wants_body = false;
	match_services(look, &services, look->request.path, &matches);
	if (!matches.count && has_base_path(&services) &&
		span_starts(look->request.path, SPAN("/v2/")))
		match_services(look, &services, span_from(look->request.path, 3), &matches);

	for (unsigned i = 0; i < matches.count; i++)
		add_candidate(look->call, matches.at[i].service,
			model_operation(matches.at[i].service, matches.at[i].operation));
	if (!matches.count) {
		aws_services_narrow(&services, speaks_rest, NULL);
		add_services(look->call, &services, (struct span){0});
	}
	if (look->call->candidate_count) {
		look->call->protocol = model_services[look->call->candidates[0].model].protocol;
	} else {
		look->call->protocol = protocol_of_unknown(&look->request);
		add_unknown(look->call, look->request.signing_name, (struct span){0});
	}
	return done(look, matches.wants_body ? AWS_NEEDS_BODY : AWS_CALL);
}

/* The User-Agent writes ids in lower case with '-' for spaces, or nearly so. */
static struct aws_services services_of_id(struct span id)
{
	char name[64];

	if (id.len == 0 || id.len > sizeof(name))
		return (struct aws_services){0};
	for (size_t i = 0; i < id.len; i++) {
		char byte = id.at[i];

		name[i] = byte >= 'A' && byte <= 'Z'   ? byte | 0x20
			  : byte == '_' || byte == '+' ? '-'
						       : byte;
	}
	return aws_services_of(model_find_id((struct span){name, id.len}));
}

enum aws_identity aws_identify(
	const struct http1_head *head, const struct aws_body *body, bool tls, struct aws_call *call)
{
	struct look look = {.call = call};
	struct aws_request *request = &look.request;
	struct span prefix, operation;

	(void)tls;
	aws_request_read(request, head, body);
	aws_host_read(&look.host, request->host);
	look.named = services_of_id(aws_request_sdk_service(request));
	if (request->signing_name.len)
		look.signed_by = aws_services_of(model_find_signing(request->signing_name));

	call->is_head = span_equal(head->method, SPAN("HEAD"));
	call->query_compatible = false;
	call->candidate_count = 0;
	call->home_region = call->version = (struct span){0};
	call->content_type = request->content_type;
	call->invocation_id = request->invocation_id;
	call->sdk = first_product(request);
	call->attempt = attempt_of(request->sdk_request);
	fill_region(&look);

	if (span_equal_nocase(request->smithy, SPAN("rpc-v2-cbor")) &&
		split_cbor_path(request->path, &prefix, &operation)) {
		call->protocol = AWS_RPC_V2_CBOR;
		return call_by_name(&look, model_find_target(prefix), prefix, operation);
	}
	if (request->target.len && split_target(request->target, &prefix, &operation)) {
		call->protocol = is_json_cbor(request->content_type) ? AWS_JSON_CBOR : AWS_JSON;
		return call_by_name(&look, model_find_target(prefix), prefix, operation);
	}
	if (may_be_query(&look)) {
		enum aws_identity identity = identify_query(&look);

		if (identity != AWS_NOT_A_CALL)
			return identity;
	}
	return identify_rest(&look);
}

size_t aws_resource(const struct http1_head *head, const struct aws_body *body,
	const struct aws_call *call, char *out, size_t cap)
{
	(void)head;
	(void)body;
	(void)call;
	(void)out;
	(void)cap;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "identify.h"

#include "look.h"
#include "model_file.h"

static int attempt_of(struct span value)
{
	struct span key = SPAN("attempt=");
	int attempt = 0;

	for (size_t i = 0; i + key.len <= value.len; i++) {
		if (!span_starts(span_from(value, i), key))
			continue;
		for (i += key.len; i < value.len && value.at[i] >= '0' && value.at[i] <= '9'; i++)
			if (attempt < 100000)
				attempt = attempt * 10 + (value.at[i] - '0');
		break;
	}
	return attempt;
}

static struct span first_product(const struct aws_request *request)
{
	struct span agent = aws_field(request, HTTP1_USER_AGENT).len
				    ? aws_field(request, HTTP1_USER_AGENT)
				    : aws_field(request, HTTP1_AMZ_USER_AGENT);
	const char *space = span_find(agent, ' ');

	if (space)
		agent.len = (size_t)(space - agent.at);
	return agent;
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

static int partition_of(struct aws_look *look)
{
	int region = model_find_region(look->call->region);
	const struct aws_host *host;

	if (region >= 0)
		return model_region_partitions[region];
	host = aws_look_host(look);
	return host->partition < 0 ? 0 : host->partition;
}

static void fill_home(struct aws_look *look)
{
	struct aws_call *call = look->call;
	for (int i = 0; i < call->candidate_count; i++) {
		uint8_t home;

		if (!is_home_call(&call->candidates[i]))
			continue;
		home = model_homes[model_services[call->candidates[i].model].home]
				  [partition_of(look)];
		if (home != MODEL_NONE) {
			call->home_region = aws_model_region_name(home);
			return;
		}
	}
	/* A host without a region is in its partition's own. */
	if (!call->region.len && aws_look_host(look)->is_aws && look->host.partition >= 0)
		call->home_region =
			aws_model_region_name(model_partition_homes[look->host.partition]);
}

/* A region list stands in a query as "us-east-1%2Cus-west-2", and "*" as "%2A". */
static struct span region_of(struct aws_look *look)
{
	struct span region = look->request.signing_region;
	struct aws_call *call = look->call;

	if (!region.len)
		return aws_look_host(look)->region;
	/* A region of one credential is a name, as it stands. */
	if (look->request.signing != AWS_SIGV4A || !span_find(region, '%'))
		return region;
	region.len = aws_decode(region, false, call->region_list, sizeof(call->region_list));
	region.at = call->region_list;
	return region;
}

static void clear(struct aws_call *call)
{
	const struct span none = {0};

	call->protocol = AWS_JSON;
	call->is_head = call->query_compatible = false;
	call->candidate_count = call->attempt = 0;
	call->region = call->home_region = call->version = none;
	call->content_type = call->invocation_id = call->sdk = none;
}

static void fill_rest(const struct aws_look *look)
{
	const struct aws_request *request = &look->request;
	struct aws_call *call = look->call;

	call->is_head = span_equal(request->head->method, SPAN("HEAD"));
	call->content_type = aws_field(request, HTTP1_CONTENT_TYPE);
	call->invocation_id = aws_field(request, HTTP1_INVOCATION_ID);
	call->sdk = first_product(request);
	call->attempt = attempt_of(aws_field(request, HTTP1_SDK_REQUEST));
	if (call->candidate_count)
		call->query_compatible = aws_model_query_compatible(call->candidates[0].model);
}

/* Is the home region of all operations the same? */
static bool has_one_home(const struct model_service *service)
{
	return service->home == MODEL_NONE || service->flags & MODEL_HOME_ALWAYS;
}

/* A signed request is a call, of no other service than its signature and its host tell together. Is
 * that all that is wanted? */
static bool is_told_by_signature(struct aws_look *look, unsigned wanted)
{
	struct span signing_name = look->request.signing_name, none = {0};
	struct aws_services services;

	if (!signing_name.len || wanted & (AWS_WANT_OPERATION | AWS_WANT_REST))
		return false;
	services = aws_look_services(look);
	/* Somebody's own API is signed like the service by which AWS manages its connections. */
	if (services.count != 1 || span_equal(signing_name, SPAN("execute-api")))
		return false;
	if (wanted & AWS_WANT_REGION && !has_one_home(&model_services[services.at[0]]))
		return false;
	aws_add_services(look->call, &services, none);
	return true;
}

static enum aws_identity identify(struct aws_look *look, unsigned wanted)
{
	const struct span none = {0};
	enum aws_identity identity;

	if (!wanted && look->request.signing_name.len) {
		aws_add_unknown(look->call, none, none);
		return AWS_CALL;
	}
	identity = aws_identify_by_name(look);
	if (identity == AWS_NOT_A_CALL && is_told_by_signature(look, wanted))
		return AWS_CALL;
	if (identity == AWS_NOT_A_CALL)
		identity = aws_identify_query(look);
	if (identity == AWS_NOT_A_CALL)
		identity = aws_identify_form(look);
	if (identity == AWS_NOT_A_CALL)
		identity = aws_identify_rest(look);
	return identity;
}

enum aws_identity aws_identify(const struct http1_head *head, const struct aws_body *body,
	unsigned wanted, struct aws_call *call)
{
	struct aws_look look;
	enum aws_identity identity;

	model_keep();
	call->known = wanted;
	look.call = call;
	look.has_host = look.has_signers = false;
	clear(call);
	aws_request_read(&look.request, head, body);
	if (aws_request_is_foreign(&look.request))
		return AWS_NOT_A_CALL;

	if (wanted & AWS_WANT_REGION)
		call->region = region_of(&look);
	identity = identify(&look, wanted);
	if (identity == AWS_NOT_A_CALL)
		return AWS_NOT_A_CALL;
	if (wanted & AWS_WANT_REST)
		fill_rest(&look);
	if (wanted & AWS_WANT_REGION)
		fill_home(&look);
	return identity;
}

/* In the other protocols the operation stands in the request, whether it is known or not. */
static bool comes_from_model(enum aws_protocol protocol)
{
	return protocol == AWS_REST_JSON || protocol == AWS_REST_XML || protocol == AWS_S3;
}

/* Does the model know the operation? `last` is where the one before stood: most calls are repeated. */
static bool is_known(const struct aws_candidate *candidate, uint32_t *last)
{
	const struct model_service *service = &model_services[candidate->model];
	int found;

	if (*last >= service->operations && *last < service[1].operations &&
		span_equal(model_span(model_operations[*last]), candidate->operation))
		return true;
	found = model_find_operation(candidate->model, candidate->operation);
	if (found < 0)
		return false;
	*last = service->operations + (uint32_t)found;
	return true;
}

bool aws_call_is_unnamed(const struct aws_call *call, uint32_t *last)
{
	if (!(call->known & AWS_WANT_OPERATION))
		return false;
	if (span_equal(call->candidates[0].service, SPAN("execute-api")))
		return false;
	for (int i = 0; i < call->candidate_count; i++) {
		const struct aws_candidate *candidate = &call->candidates[i];

		if (candidate->model < 0 || !candidate->operation.len)
			continue;
		if (comes_from_model(call->protocol) || is_known(candidate, last))
			return false;
	}
	return true;
}

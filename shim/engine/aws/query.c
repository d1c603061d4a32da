/* SPDX-License-Identifier: Apache-2.0 */

/* The query protocols: Action= and Version= in a form or a query string. */

#include "look.h"

struct query_call {
	struct span action, version;
	bool is_copy; /* the spans are in a buffer that does not last */
};

static bool is_account(struct span text)
{
	if (text.len < 12)
		return false;
	for (int i = 0; i < 12; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return true;
}

bool aws_is_queue_path(struct span path)
{
	struct span start = SPAN("/queue/");
	struct span rest = span_from(path, 1), name;

	if (span_starts(path, start)) {
		const char *slash;

		rest = span_from(path, start.len);
		slash = span_find(rest, '/');
		rest = span_from(rest, slash ? (size_t)(slash - rest.at) + 1 : rest.len);
	}
	if (!is_account(rest) || rest.len < 14 || rest.at[12] != '/')
		return false;
	name = span_from(rest, 13);
	return span_find(name, '/') == NULL;
}

/* The services that the call may belong to. */
static struct aws_services services_of(struct aws_look *look, const struct query_call *query)
{
	const unsigned speaks_query = MODEL_QUERY_CAPABLE;
	struct aws_services services = aws_services_of(model_find_version(query->version));

	/* A queue's path needs no Version. */
	if (!services.count && aws_is_queue_path(look->request.path) &&
		!aws_look_signers(look)->count)
		aws_services_add(&services, (unsigned)aws_model_find(SPAN("sqs")));
	if (!services.count) {
		services = aws_look_services(look);
		aws_services_narrow(&services, aws_has_service_flag, &speaks_query);
	}
	aws_services_narrow(&services, aws_has_operation, &query->action);
	aws_look_narrow(look, &services);
	return services;
}

/* Points names into the tables, for a call whose own bytes stand in a buffer that does not last. */
static void make_lasting(const struct aws_services *services, struct query_call *query)
{
	struct span version = query->version, action = query->action;

	query->version = query->action = (struct span){0};
	for (unsigned i = 0; i < model_version_keys_count; i++)
		if (span_equal(version, model_span(model_version_keys[i].text)))
			query->version = model_span(model_version_keys[i].text);
	for (unsigned i = 0; i < services->count && !query->action.len; i++)
		query->action = aws_model_operation_name(
			services->at[i], model_find_operation(services->at[i], action));
}

static enum aws_identity call_by_action(struct aws_look *look, struct query_call *query)
{
	struct aws_services services = services_of(look, query);

	if (!look->request.signing_name.len &&
		(!services.count ||
			(!aws_any_service(&services, aws_has_operation, &query->action) &&
				!aws_look_host(look)->is_aws)))
		return AWS_NOT_A_CALL;
	if (query->is_copy)
		make_lasting(&services, query);
	look->call->version = query->version;
	look->call->protocol = AWS_QUERY;
	if (services.count && model_services[services.at[0]].protocol == AWS_EC2)
		look->call->protocol = AWS_EC2;
	aws_add_services(look->call, &services, query->action);
	if (!services.count)
		aws_add_unknown(look->call, look->request.signing_name, query->action);
	return AWS_CALL;
}

/* A value at the very end may still grow, as long as more may come. */
static void read_action(struct span params, bool complete, struct query_call *query)
{
	struct span key, value;
	const char *end;

	if (!params.len)
		return;
	end = params.at + params.len;
	while (aws_params_next(&params, &key, &value)) {
		if (!complete && value.at + value.len == end)
			return;
		if (!query->action.len && span_equal(key, SPAN("Action")) && aws_is_name(value))
			query->action = value;
		else if (!query->version.len && span_equal(key, SPAN("Version")) &&
			 aws_is_name(value))
			query->version = value;
	}
}

static bool is_form(const struct aws_request *request)
{
	return span_equal(request->head->method, SPAN("POST")) &&
	       aws_starts_nocase(aws_field(request, HTTP1_CONTENT_TYPE),
		       SPAN("application/x-www-form-urlencoded"));
}

/* The cheapest questions come first. */
static bool may_be_query(struct aws_look *look)
{
	const struct aws_request *request = &look->request;
	const unsigned speaks_query = MODEL_QUERY_CAPABLE;
	const struct aws_services *signers;
	struct span value;

	if (!request->query.len && !is_form(request))
		return false;
	signers = aws_look_signers(look);
	if (signers->count && !aws_any_service(signers, aws_has_service_flag, &speaks_query))
		return false;
	if (aws_params_find(request->query, SPAN("Action"), &value))
		return true;
	return is_form(request) &&
	       (span_equal(request->path, SPAN("/")) || aws_is_queue_path(request->path));
}

static enum aws_identity call_by_form(
	struct aws_look *look, struct query_call *query, struct aws_plain body)
{
	read_action(body.text, body.complete, query);
	query->is_copy = body.is_copy;
	if (!body.complete && !(query->action.len && query->version.len))
		return AWS_NEEDS_BODY;
	return query->action.len ? call_by_action(look, query) : AWS_NOT_A_CALL;
}

/* Few calls need so much of the program's stack. */
__attribute__((noinline)) static enum aws_identity call_by_packed_form(
	struct aws_look *look, struct query_call *query)
{
	char scratch[AWS_SCRATCH];

	return call_by_form(look, query, aws_body_plain(&look->request, scratch));
}

enum aws_identity aws_identify_query(struct aws_look *look)
{
	struct query_call query = {0};

	if (!may_be_query(look))
		return AWS_NOT_A_CALL;
	read_action(look->request.query, true, &query);
	if (query.action.len && query.version.len)
		return call_by_action(look, &query);
	if (!is_form(&look->request))
		return query.action.len ? call_by_action(look, &query) : AWS_NOT_A_CALL;
	if (aws_body_is_packed(&look->request))
		return call_by_packed_form(look, &query);
	return call_by_form(look, &query, aws_body_plain(&look->request, NULL));
}

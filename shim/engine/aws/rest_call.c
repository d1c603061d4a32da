/* SPDX-License-Identifier: Apache-2.0 */

/* Calls in the REST protocols, and whatever else only signature or host betray. */

#include "look.h"
#include "rest.h"

static bool is_s3(unsigned service, const void *unused)
{
	(void)unused;
	return model_services[service].protocol == AWS_S3;
}

static void match_path(const struct aws_look *look, const struct aws_services *services,
	struct span path, struct span bucket, struct aws_matches *matches)
{
	struct aws_request request = look->request;
	struct aws_rest rest;

	request.path = path;
	aws_rest_read(&rest, &request, bucket);
	for (unsigned i = 0; i < services->count; i++)
		if (!bucket.len || is_s3(services->at[i], NULL))
			aws_rest_match(&rest, services->at[i], matches);
}

static unsigned count_literals(const struct aws_matches *matches)
{
	unsigned count = 0;

	if (!matches->count)
		return 0;
	for (unsigned shift = 0; shift < 64; shift += 2)
		count += (matches->fit.path >> shift & 3) == 3;
	return count;
}

static void match(
	struct aws_look *look, const struct aws_services *services, struct aws_matches *matches)
{
	const unsigned base_path = MODEL_HAS_BASE_PATH;
	struct span path = look->request.path, no_bucket = {0}, bucket = {0};

	matches->count = 0;
	matches->wants_body = false;
	if (aws_any_service(services, is_s3, NULL))
		bucket = aws_look_host(look)->bucket;
	if (bucket.len)
		match_path(look, services, path, bucket, matches);
	/* Not all that stands before S3's name is a bucket: {route}.s3-object-lambda. */
	if (!matches->count || matches->fit.missing)
		match_path(look, services, path, no_bucket, matches);
	if (!matches->count && span_starts(path, SPAN("/v2/")) &&
		aws_any_service(services, aws_has_service_flag, &base_path))
		match_path(look, services, span_from(path, 3), no_bucket, matches);
}

static enum aws_identity add_matches(struct aws_look *look, const struct aws_matches *matches)
{
	for (unsigned i = 0; i < matches->count; i++)
		aws_add_candidate(look->call, matches->at[i].service,
			model_operation(matches->at[i].service, matches->at[i].operation));
	look->call->protocol = model_services[matches->at[0].service].protocol;
	return matches->wants_body ? AWS_NEEDS_BODY : AWS_CALL;
}

/* The protocol of a request whose operation is not known. */
static enum aws_protocol likely_protocol(const struct aws_look *look)
{
	struct span type = aws_field(&look->request, HTTP1_CONTENT_TYPE);
	int service = look->call->candidates[0].model;

	if (service >= 0 && model_services[service].protocol == AWS_RPC_V2_CBOR)
		return AWS_JSON;
	if (service >= 0)
		return model_services[service].protocol;
	if (aws_starts_nocase(type, SPAN("application/x-amz-json")))
		return AWS_JSON;
	if (aws_starts_nocase(type, SPAN("application/x-www-form-urlencoded")))
		return AWS_QUERY;
	if (aws_starts_nocase(type, SPAN("application/xml")) ||
		aws_starts_nocase(type, SPAN("text/xml")))
		return AWS_REST_XML;
	return AWS_REST_JSON;
}

/* The services are known, the operation need not be. */
static enum aws_identity call_services(struct aws_look *look, struct aws_services *services)
{
	struct span none = {0}, signing_name = look->request.signing_name;
	struct aws_matches matches;

	match(look, services, &matches);
	if (matches.count)
		return add_matches(look, &matches);
	aws_services_narrow(services, aws_speaks_rest, NULL);
	/* What is signed so and is no operation of these services is somebody's own API. */
	if (services->count && !span_equal(signing_name, SPAN("execute-api")))
		aws_add_services(look->call, services, none);
	else
		aws_add_unknown(look->call, signing_name, none);
	look->call->protocol = likely_protocol(look);
	return AWS_CALL;
}

static void match_flagged(const struct aws_look *look, unsigned flags, struct aws_matches *matches)
{
	struct aws_rest rest;

	aws_rest_read(&rest, &look->request, (struct span){0});
	matches->count = 0;
	matches->wants_body = false;
	for (int service = 0; service < aws_model_service_count(); service++)
		if (!is_s3((unsigned)service, NULL) &&
			(model_services[service].flags & flags) == flags)
			aws_rest_match(&rest, service, matches);
}

/*
 * Nothing names a service. If an SDK made the request, its path may: first one of a service that
 * expects such requests, then of any, then S3's, whose paths may be anything.
 */
static enum aws_identity call_by_path(struct aws_look *look)
{
	const struct aws_request *request = &look->request;
	bool is_bearer = request->signing == AWS_BEARER;
	struct aws_services s3 = {0};
	struct aws_matches matches;

	if (!aws_request_is_sdk(request))
		return AWS_NOT_A_CALL;
	match_flagged(look, is_bearer ? MODEL_BEARER : MODEL_UNSIGNED, &matches);
	if (count_literals(&matches) > 0)
		return add_matches(look, &matches);
	if (is_bearer)
		return AWS_NOT_A_CALL;
	match_flagged(look, 0, &matches);
	/* SDKs ask for more than services: without an id for the call its path must be telling. */
	if (!aws_field(request, HTTP1_INVOCATION_ID).len)
		return matches.count == 1 && count_literals(&matches) > 1
			       ? add_matches(look, &matches)
			       : AWS_NOT_A_CALL;
	if (count_literals(&matches) > 0)
		return add_matches(look, &matches);
	aws_services_add(&s3, (unsigned)aws_model_find(SPAN("s3")));
	match(look, &s3, &matches);
	return matches.count ? add_matches(look, &matches) : AWS_NOT_A_CALL;
}

enum aws_identity aws_identify_rest(struct aws_look *look)
{
	const struct aws_request *request = &look->request;
	struct aws_services services = aws_look_services(look);

	if (services.count || request->signing_name.len)
		return call_services(look, &services);
	if (request->signing == AWS_SIGV2)
		aws_services_add(&services, (unsigned)aws_model_find(SPAN("s3")));
	else if (request->signing == AWS_UNSIGNED &&
		 http1_field(request->head, SPAN(SSO_TOKEN_FIELD)).len)
		aws_services_add(&services, (unsigned)aws_model_find(SPAN("sso")));
	return services.count ? call_services(look, &services) : call_by_path(look);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "document.h"
#include "identify.h"
#include "look.h"
#include "rest.h"
#include "shim/memory/event.h"

struct source {
	struct aws_request request;
	struct aws_host host;
	const struct aws_call *call;
	struct span operation;
	char *out;
	size_t cap;
};

static size_t copy_decoded(const struct source *source, struct span text, bool plus)
{
	return aws_decode(text, plus, source->out, source->cap);
}

/*
 * Members of the body.
 */

/* Does the name of a member speak of what the operation's does? VpcId: DescribeVpcAttribute. */
static bool is_giveaway(struct span name, struct span operation)
{
	static const char ends[][12] = {"Id", "Name", "Arn", "ARN", "Identifier", "Ids", "Names"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct span end = span_of(ends[i]), noun = name;

		if (!span_ends(name, end) || name.len == end.len)
			continue;
		noun.len -= end.len;
		for (size_t k = 0; k + noun.len <= operation.len; k++)
			if (strncasecmp(operation.at + k, noun.at, noun.len) == 0)
				return true;
	}
	return false;
}

/* Of "InstanceId.1" and "Names.member.1" the first part is the member. */
static struct span param_name(struct span key)
{
	const char *dot = span_find(key, '.');

	if (dot)
		key.len = (size_t)(dot - key.at);
	return key;
}

static bool next_member(enum aws_protocol protocol, struct aws_document *cursor, struct span *name,
	struct span *value)
{
	switch (protocol) {
	case AWS_QUERY:
	case AWS_EC2:
		if (!aws_params_next(&cursor->rest, name, value))
			return false;
		*name = param_name(*name);
		return true;
	case AWS_RPC_V2_CBOR:
	case AWS_JSON_CBOR:
		return aws_cbor_next(cursor, name, value);
	default:
		return aws_json_next(cursor, name, value);
	}
}

/* The member `wanted`, or with .len 0 the one that gives itself away. */
static size_t from_members(const struct source *source, struct span text, struct span wanted)
{
	enum aws_protocol protocol = source->call->protocol;
	struct aws_document cursor = {.rest = text};
	struct span name, value;

	while (next_member(protocol, &cursor, &name, &value)) {
		if (wanted.len ? !span_equal(name, wanted) : !is_giveaway(name, source->operation))
			continue;
		if (protocol == AWS_QUERY || protocol == AWS_EC2)
			return copy_decoded(source, value, true);
		if (protocol != AWS_RPC_V2_CBOR && protocol != AWS_JSON_CBOR)
			return aws_json_copy(value, source->out, source->cap);
		if (value.len > source->cap)
			value.len = source->cap;
		memcpy(source->out, value.at, value.len);
		return value.len;
	}
	return 0;
}

static size_t from_body(const struct source *source, struct span wanted)
{
	char scratch[AWS_SCRATCH];
	enum aws_protocol protocol = source->call->protocol;
	bool is_query = protocol == AWS_QUERY || protocol == AWS_EC2;
	size_t len = 0;

	if (is_query)
		len = from_members(source, source->request.query, wanted);
	if (!len)
		len = from_members(source, aws_body_plain(&source->request, scratch).text, wanted);
	/* Older SDKs post to the queue itself. */
	if (!len && is_query && aws_is_queue_path(source->request.path))
		len = copy_decoded(source, source->request.path, false);
	return len;
}

/*
 * Labels of the path.
 */

static size_t from_label(const struct source *source, unsigned number)
{
	struct aws_matches matches = {0};
	struct aws_rest rest;
	struct aws_request request = source->request;
	struct span first, last, none = {0};

	aws_rest_read(&rest, &request, none);
	aws_rest_match(&rest, source->call->candidates[0].model, &matches);
	if (!matches.count && span_starts(request.path, SPAN("/v2/"))) {
		request.path = span_from(request.path, 3);
		aws_rest_read(&rest, &request, none);
		aws_rest_match(&rest, source->call->candidates[0].model, &matches);
	}
	if (!matches.count || number >= matches.labels.count || number >= AWS_LABELS_MAX)
		return 0;
	first = rest.segments[matches.labels.at[number].first];
	last = rest.segments[matches.labels.at[number].end - 1];
	first.len = (size_t)(last.at + last.len - first.at);
	return copy_decoded(source, first, false);
}

/* "bucket" or "bucket/key", whether the bucket stands in the host or in the path. */
static size_t from_s3(const struct source *source)
{
	struct span bucket = source->host.bucket, path = span_from(source->request.path, 1);
	const char *slash = span_find(path, '/');
	size_t len;

	if (!bucket.len) {
		/* A slash right after the bucket's name begins no key. */
		if (slash && slash == path.at + path.len - 1)
			path.len--;
		return copy_decoded(source, path, false);
	}
	len = copy_decoded(source, bucket, false);
	if (!path.len || len == source->cap)
		return len;
	source->out[len++] = '/';
	return len + aws_decode(path, false, source->out + len, source->cap - len);
}

/* The member is not named: what gives itself away is taken. */
#define GUESS UINT32_MAX

static size_t from_place(const struct source *source, uint32_t place)
{
	struct span name = model_span(place), value;

	switch (model_bits(place)) {
	case MODEL_IN_LABEL:
		return from_label(source, place & 0xff);
	case MODEL_IN_QUERY:
		if (!aws_params_find(source->request.query, name, &value))
			return 0;
		return copy_decoded(source, value, true);
	case MODEL_IN_HEADER:
		value = http1_field(source->request.head, name);
		if (value.len > source->cap)
			value.len = source->cap;
		if (value.len)
			memcpy(source->out, value.at, value.len);
		return value.len;
	default:
		return from_body(source, name);
	}
}

/* The operation's number within its service, or -1. */
static int number_of(const struct aws_call *call)
{
	const struct aws_candidate *candidate = &call->candidates[0];

	if (call->candidate_count < 1 || candidate->model < 0)
		return -1;
	return model_find_operation(candidate->model, candidate->operation);
}

/* Which member, if any, names what the operation is about. False: none does. */
static bool find_place(const struct aws_call *call, int operation, uint32_t *place)
{
	const struct model_service *service = &model_services[call->candidates[0].model];
	unsigned number = model_bits(model_operations[service->operations + operation]) >>
			  MODEL_OPERATION_RESOURCE_SHIFT;

	if (number == 0)
		return false;
	*place = number == MODEL_RESOURCE_GUESS ? GUESS
						: model_resources[service->resources + number - 1];
	return true;
}

/* The place of the operation's idempotency token. False: it has none. */
static bool find_token(const struct aws_call *call, int number, uint32_t *place)
{
	unsigned operation = model_services[call->candidates[0].model].operations + number;
	unsigned low = 0, high = model_tokens_count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (MODEL_TOKEN_OPERATION(model_tokens[middle]) < operation)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == model_tokens_count || MODEL_TOKEN_OPERATION(model_tokens[low]) != operation)
		return false;
	*place = model_token_places[MODEL_TOKEN_PLACE(model_tokens[low])];
	return true;
}

/* ---- tokens ---- */

static uint32_t hash_of(const char *text, size_t len)
{
	uint32_t hash = 0x811c9dc5;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)text[i]) * 0x01000193;
	return hash < EVENT_TOKENS ? EVENT_TOKENS : hash;
}

/* What stands there. */
static uint32_t token_at(const struct source *request, uint32_t place)
{
	char token[EVENT_TEXT_MAX] = "";
	struct source source = {.request = request->request,
		.call = request->call,
		.operation = request->operation,
		.out = token,
		.cap = sizeof(token)};
	size_t len = from_place(&source, place);

	if (len)
		return hash_of(token, len);
	return model_bits(place) == MODEL_IN_BODY && !source.request.body->complete
		       ? EVENT_TOKEN_UNSEEN
		       : EVENT_TOKEN_MISSING;
}

/* ---- both ---- */

size_t aws_body_subject(const struct aws_call *call, struct span body, bool is_whole, char *out,
	size_t cap, uint32_t *token)
{
	const struct http1_head none = {0};
	const struct aws_body part = {.bytes = body, .complete = is_whole};
	struct source source = {
		.request = {.head = &none, .body = &part, .path = SPAN("/")},
		.call = call,
		.operation = call->candidates[0].operation,
		.out = out,
		.cap = cap,
	};
	int number = number_of(call);
	uint32_t place;

	if (number < 0)
		return 0;
	if (*token == EVENT_TOKEN_UNSEEN && find_token(call, number, &place) &&
		model_bits(place) == MODEL_IN_BODY)
		*token = token_at(&source, place);
	if (!find_place(call, number, &place))
		return 0;
	if (place == GUESS)
		return from_body(&source, (struct span){0});
	return model_bits(place) == MODEL_IN_BODY ? from_body(&source, model_span(place)) : 0;
}

size_t aws_subject(const struct http1_head *head, const struct aws_body *body,
	const struct aws_call *call, char *out, size_t cap, uint32_t *token)
{
	struct source source = {.call = call, .out = out, .cap = cap};
	int number = number_of(call);
	uint32_t place;

	*token = EVENT_HAS_NO_TOKEN;
	if (call->candidate_count < 1 || call->candidates[0].model < 0)
		return 0;
	aws_request_read(&source.request, head, body);
	source.operation = call->candidates[0].operation;
	if (number >= 0 && find_token(call, number, &place))
		*token = token_at(&source, place);
	if (call->protocol == AWS_S3) {
		aws_host_read(&source.host, source.request.host);
		return from_s3(&source);
	}
	if (number < 0 || !find_place(call, number, &place))
		return 0;
	return place == GUESS ? from_body(&source, (struct span){0}) : from_place(&source, place);
}

size_t aws_resource(const struct http1_head *head, const struct aws_body *body,
	const struct aws_call *call, char *out, size_t cap)
{
	uint32_t token;

	return aws_subject(head, body, call, out, cap, &token);
}

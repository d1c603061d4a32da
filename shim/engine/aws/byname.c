/* SPDX-License-Identifier: Apache-2.0 */

/* The protocols whose head names the operation: JSON and CBOR. */

#include "look.h"

/* What `list` knows of, else what the signature says, else just the names on the wire. */
static void call_by_name(
	struct aws_look *look, struct model_list list, struct span prefix, struct span operation)
{
	struct aws_services services = aws_services_of(list);

	if (!services.count) {
		services = *aws_look_signers(look);
		aws_services_narrow(&services, aws_speaks_json, NULL);
	}
	aws_services_narrow(&services, aws_has_operation, &operation);
	aws_look_narrow(look, &services);
	aws_add_services(look->call, &services, operation);
	if (!services.count)
		aws_add_unknown(look->call,
			look->request.signing_name.len ? look->request.signing_name : prefix,
			operation);
}

/* X-Amz-Target: prefix.Operation; the prefix may hold dots. */
static bool split_target(struct span target, struct span *prefix, struct span *operation)
{
	const char *dot = target.len ? memrchr(target.at, '.', target.len) : NULL;

	if (!dot)
		return false;
	*prefix = (struct span){target.at, (size_t)(dot - target.at)};
	*operation = span_from(target, prefix->len + 1);
	/* A dot belongs to names. */
	if (aws_is_name(target))
		return prefix->len && operation->len;
	return aws_is_name(*prefix) && aws_is_name(*operation);
}

/* Smithy RPC v2, by the word of its field: AWS_PROTOCOLS if it is none. */
static enum aws_protocol rpc_v2_protocol(struct span word)
{
	if (span_equal_nocase(word, SPAN("rpc-v2-cbor")))
		return AWS_RPC_V2_CBOR;
	if (span_equal_nocase(word, SPAN("rpc-v2-json")))
		return AWS_RPC_V2_JSON;
	return AWS_PROTOCOLS;
}

/* …/service/Prefix/operation/Operation; the prefix may come with a namespace: "ns#Prefix". */
static bool split_rpc_v2_path(struct span path, struct span *prefix, struct span *operation)
{
	struct span parts[4];
	const char *hash;

	for (int i = 3; i >= 0; i--) {
		const char *slash = path.len ? memrchr(path.at, '/', path.len) : NULL;

		if (!slash)
			return false;
		parts[i] = span_from(path, (size_t)(slash - path.at) + 1);
		path.len = (size_t)(slash - path.at);
	}
	*prefix = parts[1];
	*operation = parts[3];
	hash = span_find(*prefix, '#');
	if (hash)
		*prefix = span_from(*prefix, (size_t)(hash - prefix->at) + 1);
	return span_equal(parts[0], SPAN("service")) && span_equal(parts[2], SPAN("operation")) &&
	       aws_is_name(*prefix) && aws_is_name(*operation);
}

enum aws_identity aws_identify_by_name(struct aws_look *look)
{
	const struct aws_request *request = &look->request;
	enum aws_protocol rpc_v2 = rpc_v2_protocol(aws_field(request, HTTP1_SMITHY_PROTOCOL));
	struct span prefix, operation;

	if (rpc_v2 != AWS_PROTOCOLS && split_rpc_v2_path(request->path, &prefix, &operation)) {
		look->call->protocol = rpc_v2;
	} else if (split_target(aws_field(request, HTTP1_TARGET), &prefix, &operation)) {
		look->call->protocol = AWS_JSON;
		if (aws_starts_nocase(
			    aws_field(request, HTTP1_CONTENT_TYPE), SPAN("application/x-amz-cbor")))
			look->call->protocol = AWS_JSON_CBOR;
	} else {
		return AWS_NOT_A_CALL;
	}
	call_by_name(look, model_find_target(prefix), prefix, operation);
	return AWS_CALL;
}

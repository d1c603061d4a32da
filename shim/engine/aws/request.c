/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include "host.h"
#include "../http1_scan.h"

/* Splits the request target; an absolute URI, as sent to a proxy, brings its own host. */
static void read_target(struct aws_request *request)
{
	struct span target = request->head->target;
	const char *question;

	request->host = aws_field(request, HTTP1_HOST);
	if (target.len && target.at[0] != '/') {
		for (size_t i = 0; i + 3 <= target.len; i++) {
			struct span rest = span_from(target, i + 3);
			const char *end;

			if (memcmp(target.at + i, "://", 3) != 0)
				continue;
			end = span_find(rest, '/');
			if (!end)
				end = span_find(rest, '?');
			request->host = rest;
			if (end)
				request->host.len = (size_t)(end - rest.at);
			target = span_from(rest, request->host.len);
			break;
		}
	}
	question = span_find(target, '?');
	request->path = target;
	if (question) {
		request->path.len = (size_t)(question - target.at);
		request->query = span_from(target, request->path.len + 1);
	}
	if (request->path.len == 0)
		request->path = SPAN("/");
}

static inline bool is_name_byte(char byte)
{
	static const bool bytes[256] = {['a' ... 'z'] = true,
		['A' ... 'Z'] = true,
		['0' ... '9'] = true,
		['-'] = true,
		['_'] = true,
		['.'] = true};

	return bytes[(uint8_t)byte];
}

#define NAME_MAX 128

bool aws_is_name(struct span text)
{
	const char *at = text.at, *end = at + text.len;

	if (text.len == 0 || text.len > NAME_MAX)
		return false;
#ifdef __SSE2__
	if (text.len >= 8 && text.len <= 16)
		return scan_name_bytes(scan_ends(at, end)) == 0xffff;
	for (; end - at > 16; at += 16)
		if (scan_name_bytes(scan_load(at)) != 0xffff)
			return false;
	if (text.len > 16)
		return scan_name_bytes(scan_load(end - 16)) == 0xffff;
#endif
	while (at < end && is_name_byte(*at))
		at++;
	return at == end;
}

static bool is_escaped_slash(struct span text)
{
	return text.len >= 3 && text.at[0] == '%' && text.at[1] == '2' &&
	       (text.at[2] | 0x20) == 'f';
}

/* Cuts the last part of a credential off: behind a '/', or a "%2F" where it stands in a query. */
static bool last_part(struct span *credential, struct span *part)
{
	const char *slash = credential->len ? memrchr(credential->at, '/', credential->len) : NULL;
	size_t at, step = 1;

	if (slash) {
		at = (size_t)(slash - credential->at);
	} else {
		for (at = credential->len, step = 3; at > 0; at--)
			if (is_escaped_slash(span_from(*credential, at - 1)))
				break;
		if (at-- == 0)
			return false;
	}
	*part = span_from(*credential, at + step);
	credential->len = at;
	return true;
}

/* Cuts a name with the '/' before it off the end. */
static inline bool last_name(struct span *credential, struct span *name)
{
	const char *begin = credential->at, *end = begin + credential->len, *at = end;

#ifdef __SSE2__
	if (credential->len >= 16) {
		unsigned names = scan_name_bytes(scan_load(end - 16));

		at -= __builtin_clz(~names << 16 | 0x8000);
	}
#endif
	while (at > begin && is_name_byte(at[-1]))
		at--;
	if (at == begin || at[-1] != '/' || at == end || end - at > NAME_MAX)
		return false;
	*name = (struct span){at, (size_t)(end - at)};
	credential->len = (size_t)(at - 1 - begin);
	return true;
}

/* A credential as nearly all are: nothing in it is escaped. False: look closer. */
static bool read_plain_credential(
	struct span credential, bool has_region, struct span *region, struct span *service)
{
	static const struct span end = SPAN("/aws4_request");
	struct span name, where = {0};

	if (!span_ends(credential, end))
		return false;
	credential.len -= end.len;
	if (!last_name(&credential, &name) || (has_region && !last_name(&credential, &where)) ||
		!span_find(credential, '/'))
		return false;
	*service = name;
	*region = where;
	return true;
}

bool aws_credential_read(
	struct span credential, bool has_region, struct span *region, struct span *service)
{
	struct span end, name, where = {0}, date;

	if (read_plain_credential(credential, has_region, region, service))
		return true;
	if (!last_part(&credential, &end) || !span_equal(end, SPAN("aws4_request")))
		return false;
	if (!last_part(&credential, &name) || !aws_is_name(name))
		return false;
	if (has_region && (!last_part(&credential, &where) || !aws_is_name(where)))
		return false;
	if (!last_part(&credential, &date))
		return false;
	*service = name;
	*region = where;
	return true;
}

static void read_scope(struct aws_request *request, struct span credential, bool is_v4a)
{
	if (!aws_credential_read(
		    credential, !is_v4a, &request->signing_region, &request->signing_name))
		return;
	request->signing = is_v4a ? AWS_SIGV4A : AWS_SIGV4;
	if (is_v4a && !request->signing_region.len) {
		request->signing_region = aws_field(request, HTTP1_REGION_SET);
		if (!aws_field(request, HTTP1_REGION_SET).len)
			aws_params_find(
				request->query, SPAN("X-Amz-Region-Set"), &request->signing_region);
	}
}

/* The value of "Credential=" in what follows the scheme of an Authorization field. */
static struct span credential_of(struct span rest)
{
	struct span key = SPAN("Credential=");
	const char *comma;

	if (!span_starts(rest, key)) {
		const char *found = rest.len ? memmem(rest.at, rest.len, key.at, key.len) : NULL;

		if (!found)
			return (struct span){0};
		rest = span_from(rest, (size_t)(found - rest.at));
	}
	rest = span_from(rest, key.len);
	comma = span_find(rest, ',');
	if (comma)
		rest.len = (size_t)(comma - rest.at);
	return rest;
}

static void read_authorization(struct aws_request *request)
{
	struct span value = aws_field(request, HTTP1_AUTHORIZATION);
	struct span v4 = SPAN("AWS4-HMAC-SHA256 "), v4a = SPAN("AWS4-ECDSA-P256-SHA256 ");

	if (span_starts(value, v4))
		read_scope(request, credential_of(span_from(value, v4.len)), false);
	else if (span_starts(value, v4a))
		read_scope(request, credential_of(span_from(value, v4a.len)), true);
	else if (span_starts(value, SPAN("AWS ")) && span_find(value, ':'))
		request->signing = AWS_SIGV2;
	else if (value.len > 7 && strncasecmp(value.at, "Bearer ", 7) == 0)
		request->signing = AWS_BEARER;
}

static void read_query_signature(struct aws_request *request)
{
	struct span value, algorithm = {0};

	if (request->query.len == 0)
		return;
	if (aws_params_find(request->query, SPAN("X-Amz-Credential"), &value)) {
		aws_params_find(request->query, SPAN("X-Amz-Algorithm"), &algorithm);
		read_scope(request, value, span_starts(algorithm, SPAN("AWS4-ECDSA")));
	} else if (aws_params_find(request->query, SPAN("AWSAccessKeyId"), &value) &&
		   aws_params_find(request->query, SPAN("Signature"), &value)) {
		request->signing = AWS_SIGV2;
	}
}

void aws_request_read(
	struct aws_request *request, const struct http1_head *head, const struct aws_body *body)
{
	request->head = head;
	request->body = body;
	request->signing = AWS_UNSIGNED;
	request->query = request->signing_name = request->signing_region = (struct span){NULL, 0};
	read_target(request);
	if (aws_field(request, HTTP1_AUTHORIZATION).len)
		read_authorization(request);
	if (request->signing == AWS_UNSIGNED)
		read_query_signature(request);
}

static bool is_metadata_host(struct span host)
{
	return span_starts(host, SPAN("169.254.")) || span_starts(host, SPAN("[fd00:ec2:"));
}

static bool is_metadata_path(struct span path)
{
	struct span start = SPAN("/latest/"), rest = span_from(path, start.len);

	if (!span_starts(path, start))
		return span_starts(path, SPAN("/v1/credentials")) ||
		       span_starts(path, SPAN("/v2/credentials"));
	return span_starts(rest, SPAN("meta-data")) || span_starts(rest, SPAN("dynamic/")) ||
	       span_starts(rest, SPAN("api/")) || span_starts(rest, SPAN("user-data"));
}

bool aws_request_is_foreign(const struct aws_request *request)
{
	struct span method = request->head->method;

	if (span_equal(method, SPAN("CONNECT")))
		return true;
	if (request->signing != AWS_UNSIGNED)
		return false;
	return span_equal(method, SPAN("OPTIONS")) || is_metadata_host(request->host) ||
	       is_metadata_path(request->path);
}

static bool is_sdk(struct span agent)
{
	return span_starts(agent, SPAN("Boto3/")) || span_starts(agent, SPAN("Botocore/")) ||
	       span_starts(agent, SPAN("aws-cli/")) || span_starts(agent, SPAN("aws-sdk-"));
}

bool aws_request_is_sdk(const struct aws_request *request)
{
	return aws_field(request, HTTP1_SDK_REQUEST).len ||
	       aws_field(request, HTTP1_INVOCATION_ID).len ||
	       is_sdk(aws_field(request, HTTP1_USER_AGENT)) ||
	       is_sdk(aws_field(request, HTTP1_AMZ_USER_AGENT));
}

/* The name in a product "api/NAME#VERSION" of a User-Agent. */
static struct span api_of(struct span agent)
{
	struct span key = SPAN("api/");

	while (agent.len) {
		const char *space = span_find(agent, ' ');
		size_t len = space ? (size_t)(space - agent.at) : agent.len;
		struct span product = {agent.at, len}, name;

		agent = span_from(agent, len + 1);
		if (!span_starts(product, key))
			continue;
		name = span_from(product, key.len);
		for (len = 0; len < name.len && name.at[len] != '#' && name.at[len] != '/'; len++)
			continue;
		return (struct span){name.at, len};
	}
	return (struct span){0};
}

struct span aws_request_sdk_service(const struct aws_request *request)
{
	struct span name = api_of(aws_field(request, HTTP1_USER_AGENT));

	return name.len ? name : api_of(aws_field(request, HTTP1_AMZ_USER_AGENT));
}

/* Sent by SDKs alone, or for what needs a signature. */
#define TELLING_FIELDS                                                                             \
	(1u << HTTP1_AUTHORIZATION | 1u << HTTP1_TARGET | 1u << HTTP1_SMITHY_PROTOCOL |            \
		1u << HTTP1_SDK_REQUEST | 1u << HTTP1_INVOCATION_ID | 1u << HTTP1_AMZ_USER_AGENT)

/* application/x-www-form-urlencoded or multipart/form-data? No other usual type is so long, with such
 * a letter there. */
static bool may_be_form(struct span type)
{
	return (type.len >= 19 && (type.at[0] | 0x20) == 'm') ||
	       (type.len >= 33 && (type.at[12] | 0x20) == 'x');
}

bool aws_tells_nothing(const struct http1_head *head)
{
	struct span target = head->target, agent;

	/* The cheapest questions come first. */
	if (head->has & TELLING_FIELDS || http1_field(head, SPAN(SSO_TOKEN_FIELD)).at ||
		target.at[0] != '/' || span_find(target, '?') ||
		may_be_form(http1_known(head, HTTP1_CONTENT_TYPE)))
		return false;
	agent = http1_known(head, HTTP1_USER_AGENT);
	return !is_sdk(agent) && !api_of(agent).len &&
	       !aws_host_has_suffix(http1_known(head, HTTP1_HOST));
}

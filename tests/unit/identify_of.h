/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_IDENTIFY_OF_H
#define CHAOS_TESTS_IDENTIFY_OF_H

/* Requests as they go out, and in words what the engine makes of them. */

#include <stdio.h>
#include <stdlib.h>

#include "shim/engine/aws/identify.h"
#include "shim/engine/aws/request.h"
#include "suite.h"

#define HOST(name)    "Host: " name "\r\n"
#define HTTP	      " HTTP/1.1\r\n"
#define END	      "\r\n"
#define LOCAL	      HTTP HOST("127.0.0.1:4566")
#define TARGET(value) "X-Amz-Target: " value "\r\nContent-Type: application/x-amz-json-1.0\r\n"
#define FORM	      "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
#define SIGNED(region, service)                                                                    \
	"Authorization: AWS4-HMAC-SHA256 Credential=AK/20260101/" region "/" service               \
	"/aws4_request, SignedHeaders=host, Signature=0\r\n"
#define SIGNED_V4A(service)                                                                        \
	"Authorization: AWS4-ECDSA-P256-SHA256 Credential=AK/20260101/" service                    \
	"/aws4_request, SignedHeaders=host, Signature=0\r\n"
#define SDK                                                                                        \
	"User-Agent: Boto3/1.44.8 md/Botocore#1.44.8\r\n"                                          \
	"amz-sdk-invocation-id: 0f9a\r\namz-sdk-request: attempt=1\r\n"

/* A request in a heap block of exactly its size, so that ASan finds a read past it. */
struct wire {
	char *block;
	struct http1_head head;
	struct aws_body body;
	struct aws_call call;
	enum aws_identity identity;
};

static inline void wire_identify_for(
	struct wire *wire, const void *bytes, size_t len, bool complete, unsigned wanted)
{
	ssize_t size;

	wire->block = malloc(len);
	memcpy(wire->block, bytes, len);
	size = http1_parse(&wire->head, wire->block, len, 0);
	ck_assert_int_gt(size, 0);
	wire->body.bytes = (struct span){wire->block + size, len - (size_t)size};
	wire->body.complete = complete;
	wire->identity = aws_identify(&wire->head, &wire->body, wanted, &wire->call);
	ck_assert(wire->identity == AWS_NOT_A_CALL || !aws_tells_nothing(&wire->head));
}

static inline void wire_identify(struct wire *wire, const void *bytes, size_t len, bool complete)
{
	wire_identify_for(wire, bytes, len, complete, AWS_WANT_ALL);
}

static inline void wire_done(struct wire *wire)
{
	free(wire->block);
}

/* "s3:GetObject sqs: eu-west-2 s3", "none" or "more": candidates, region, protocol. */
static inline const char *wire_words(const struct wire *wire, char words[1024])
{
	static const char *const protocols[AWS_PROTOCOLS] = {"json", "query", "ec2", "rest-json",
		"rest-xml", "s3", "cbor", "json-cbor", "rpc-json"};
	const struct aws_call *call = &wire->call;
	int len = 0;

	if (wire->identity != AWS_CALL)
		return wire->identity == AWS_NOT_A_CALL ? "none" : "more";
	for (int i = 0; i < call->candidate_count; i++)
		len += snprintf(words + len, 1024 - (size_t)len, "%.*s:%.*s ",
			(int)call->candidates[i].service.len, call->candidates[i].service.at,
			(int)call->candidates[i].operation.len, call->candidates[i].operation.at);
	snprintf(words + len, 1024 - (size_t)len, "%.*s %s",
		call->region.len ? (int)call->region.len : 1,
		call->region.len ? call->region.at : "-", protocols[call->protocol]);
	return words;
}

struct example {
	const char *request, *expected;
};

static inline void check_example(const struct example *example)
{
	struct wire wire;
	char words[1024];

	wire_identify(&wire, example->request, strlen(example->request), true);
	ck_assert_str_eq(wire_words(&wire, words), example->expected);
	wire_done(&wire);
}

/* Cut anywhere and with any byte changed, a request is read within its bounds. */
static inline void check_damaged(const char *request)
{
	size_t len = strlen(request);
	char *copy = malloc(len);
	char resource[16];

	for (size_t i = 0; i < 2 * len; i++) {
		bool is_cut = i >= len;
		struct http1_head head;
		struct wire wire;

		memcpy(copy, request, len);
		if (!is_cut)
			copy[i] = (char)(copy[i] ^ (1 << (i & 7)));
		if (http1_parse(&head, copy, is_cut ? i - len : len, 0) <= 0)
			continue;
		wire_identify(&wire, copy, is_cut ? i - len : len, !is_cut);
		if (!is_cut)
			ck_assert_int_ne(wire.identity, AWS_NEEDS_BODY);
		if (wire.identity == AWS_CALL)
			aws_resource(
				&wire.head, &wire.body, &wire.call, resource, sizeof(resource));
		wire_done(&wire);
	}
	free(copy);
}

#endif

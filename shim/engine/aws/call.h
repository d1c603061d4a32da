/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_CALL_H
#define CHAOS_AWS_CALL_H

/* One call to AWS, as far as the bytes of its request tell. Spans point into the request, into
 * constant data or into the call itself: it is not to be copied. */

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/span.h"

/* The protocol of the REQUEST: a reply must be in this one, whatever the model says. */
enum aws_protocol {
	AWS_JSON,  /* X-Amz-Target, application/x-amz-json-1.0 or 1.1 */
	AWS_QUERY, /* Action= and Version= in a form or a query string */
	AWS_EC2,   /* query, with EC2's own error document */
	AWS_REST_JSON,
	AWS_REST_XML,
	AWS_S3,		 /* rest-xml with S3's bare <Error> */
	AWS_RPC_V2_CBOR, /* Smithy-Protocol: rpc-v2-cbor */
	AWS_JSON_CBOR,	 /* X-Amz-Target with application/x-amz-cbor-1.1 (Kinesis from Java) */
	AWS_RPC_V2_JSON, /* Smithy-Protocol: rpc-v2-json */
	AWS_PROTOCOLS
};

/* What is known of the body when a request is looked at. */
struct aws_body {
	struct span
		bytes; /* as on the wire (chunk framing included), possibly only its beginning */
	bool complete; /* no more will come: the body has ended, or the wait for it has */
};

enum aws_identity {
	AWS_NOT_A_CALL,
	AWS_CALL,
	AWS_NEEDS_BODY, /* the operation stands in body bytes that have not come yet */
};

/* What is to be told of a call, as a set of bits. Less is found sooner, and with fewer bytes of the
 * body. The first three are the dimensions of a rule: see rules_wanted(). */
enum aws_want {
	AWS_WANT_SERVICE = 1,
	AWS_WANT_REGION = 2, /* and home_region */
	AWS_WANT_OPERATION = 4,
	AWS_WANT_REST = 8, /* all else in struct aws_call: what a reply or a report needs */
	AWS_WANT_ALL = 15,
};

/* What the wire cannot tell apart comes back as several candidates. */
#define AWS_CANDIDATES_MAX 16

/* All regions of a partition fit in. */
#define AWS_REGION_LIST_MAX 512

struct aws_candidate {
	struct span service; /* botocore's name ("stepfunctions"); a name off the wire if unknown */
	struct span operation; /* .len 0: not known */
	int model;	       /* index for aws_model_service(), -1 for an unknown service */
};

struct aws_call {
	enum aws_protocol protocol;
	unsigned known;	       /* set of enum aws_want: what was asked for */
	bool is_head;	       /* HEAD: the reply has no body */
	bool query_compatible; /* the service wants x-amzn-query-error in JSON and CBOR replies */
	int candidate_count;   /* at least 1 in a call; the likeliest comes first */
	struct aws_candidate candidates[AWS_CANDIDATES_MAX];

	/* .len 0: not on the wire. A SigV4a region list ("*", "us-east-1,us-west-2") is kept whole. */
	struct span region;
	/* Where a global service lives (us-east-1, cn-northwest-1, …), else .len 0. A rule for this
	 * region matches too: on a custom endpoint such a call is signed with the client's region. */
	struct span home_region;

	struct span content_type; /* the request's, to be echoed by JSON replies */
	struct span version; /* Version= of a query call, for the reply's namespace; else .len 0 */
	struct span invocation_id; /* amz-sdk-invocation-id */
	struct span sdk;	   /* first product of the User-Agent: "Boto3/1.43.11" */
	int attempt;		   /* amz-sdk-request: attempt=N; 0 when not said */

	char region_list[AWS_REGION_LIST_MAX]; /* one that was percent-encoded, else not filled */
};

/*
 * Is the call one that the model has no name for: its service or its operation is not known, or only by
 * its name on the wire? Not so of somebody's own API behind API Gateway, which no model knows.
 * `last`, whatever it is, is where to look first; the next call of a connection is mostly like this one.
 */
bool aws_call_is_unnamed(const struct aws_call *call, uint32_t *last);

#endif

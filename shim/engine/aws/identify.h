/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_IDENTIFY_H
#define CHAOS_AWS_IDENTIFY_H

#include "../http1.h"
#include "call.h"

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

/*
 * Recognises a call to AWS. `call` is filled on AWS_CALL, and on AWS_NEEDS_BODY with what the head
 * alone tells. With body->complete set AWS_NEEDS_BODY is never returned. Pure: no allocation, no
 * system call.
 */
enum aws_identity aws_identify(
	const struct http1_head *head, const struct aws_body *body, struct aws_call *call);

/* The resource that the call is about (bucket/key, table, queue, function, key id, …), copied
 * decoded into `out` (`cap` bytes, not terminated). Returns its length, 0 when there is none. */
size_t aws_resource(const struct http1_head *head, const struct aws_body *body,
	const struct aws_call *call, char *out, size_t cap);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_IDENTIFY_H
#define CHAOS_AWS_IDENTIFY_H

#include "../http1.h"
#include "call.h"

/*
 * Recognises a call to AWS. `wanted` is a set of enum aws_want, with 0 for whether it is a call at
 * all. `call` is filled on AWS_CALL, and on AWS_NEEDS_BODY with what the head alone tells. What is
 * not wanted may be missing (.len 0, model -1, protocol AWS_JSON); a call has one candidate at
 * least, even if that is without a name. Pure: no allocation, no system call.
 *
 * With body->complete set AWS_NEEDS_BODY is never returned. It is not returned either when the
 * body could tell no more than an operation that is not wanted.
 *
 * To be asked again for more: the candidates keep their places. Their services stay the same, too,
 * but for a query call whose Version= contradicts its signature.
 */
enum aws_identity aws_identify(const struct http1_head *head, const struct aws_body *body,
	unsigned wanted, struct aws_call *call);

/* The resource that the call is about (bucket/key, table, queue, function, key id, …), copied
 * decoded into `out` (`cap` bytes, not terminated). Returns its length, 0 when there is none. */
size_t aws_resource(const struct http1_head *head, const struct aws_body *body,
	const struct aws_call *call, char *out, size_t cap);

/* The same; `token` is set to what an event says of the idempotency token. */
size_t aws_subject(const struct http1_head *head, const struct aws_body *body,
	const struct aws_call *call, char *out, size_t cap, uint32_t *token);

/* The same, for a call whose head alone was there when it was recognised, and what of its body came then.
 * `token` is what has been said so far. */
size_t aws_body_subject(const struct aws_call *call, struct span body, bool is_whole, char *out,
	size_t cap, uint32_t *token);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_REQUEST_H
#define CHAOS_AWS_REQUEST_H

/* A request as identify sees it: the pieces of the head that tell something, each found once. */

#include "../http1.h"
#include "call.h"
#include "params.h"
#include "tables.h"

enum aws_signing {
	AWS_UNSIGNED,
	AWS_SIGV4,
	AWS_SIGV4A, /* its region list is in X-Amz-Region-Set */
	AWS_SIGV2,  /* names neither service nor region */
	AWS_BEARER,
};

struct aws_request {
	const struct http1_head *head;
	const struct aws_body *body;
	struct span host; /* with its port */
	struct span path; /* begins with '/', never empty */
	struct span query;

	enum aws_signing signing;
	struct span signing_name, signing_region; /* .len 0: not said */
};

/* SSO's own way to sign. */
#define SSO_TOKEN_FIELD "x-amz-sso_bearer_token"

/* The value of a field; .at is NULL without one. */
static inline struct span aws_field(const struct aws_request *request, enum http1_field field)
{
	return http1_known(request->head, field);
}

/*
 * Is there nothing in the head that tells of AWS? Then it is no call, and aws_identify() would say so,
 * too, only later. Most requests of most programs are like that.
 */
bool aws_tells_nothing(const struct http1_head *head);

void aws_request_read(
	struct aws_request *request, const struct http1_head *head, const struct aws_body *body);

/* Never a call to AWS: CONNECT, unsigned OPTIONS (a browser's preflight), and the metadata and
 * credential servers of EC2, ECS and EKS, which SDKs talk to, too. */
bool aws_request_is_foreign(const struct aws_request *request);

/* Did an AWS SDK make this request? (Its service may still be unknown.) */
bool aws_request_is_sdk(const struct aws_request *request);

/* "s3" from "… api/s3#3.1048.0 …"; .len 0: the User-Agent does not say. */
struct span aws_request_sdk_service(const struct aws_request *request);

/* Takes a credential ("AK/20260101/us-east-1/s3/aws4_request", '/' or "%2F" between) apart. */
bool aws_credential_read(
	struct span credential, bool has_region, struct span *region, struct span *service);

/* A name as services, operations, regions and versions have them: letters, digits, "-_.". */
bool aws_is_name(struct span text);

static inline bool aws_starts_nocase(struct span text, struct span start)
{
	/* The ends of the usual types differ most. */
	if (text.len < start.len || (text.at[start.len - 1] ^ start.at[start.len - 1]) & ~0x20)
		return false;
	text.len = start.len;
	return span_equal_nocase(text, start);
}

/* Does the body come in chunks, or compressed? */
bool aws_body_is_packed(const struct aws_request *request);

/*
 * The body without chunk framing and gzip: the wire's own bytes when they are plain, else a copy in
 * `scratch`, of which the beginning is enough for us. `scratch` may be NULL for a body that is not
 * packed.
 */
#define AWS_SCRATCH (16 * 1024)
struct aws_plain {
	struct span text;
	bool complete; /* no more will come, or no more can be read */
	bool is_copy;  /* in `scratch` */
};
struct aws_plain aws_body_plain(const struct aws_request *request, char scratch[AWS_SCRATCH]);

#endif

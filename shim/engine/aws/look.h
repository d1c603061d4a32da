/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_LOOK_H
#define CHAOS_AWS_LOOK_H

/* One look at one request: the evidence, and the parts of identify that share it. */

#include "host.h"
#include "model.h"
#include "request.h"

/* A set of services, the likeliest first. */
struct aws_services {
	unsigned count;
	uint16_t at[AWS_CANDIDATES_MAX];
};

struct aws_look {
	struct aws_request request;
	struct aws_call *call;
	/* What not every request needs is read when it is asked for first. */
	bool has_host, has_signers;
	struct aws_host host;
	struct aws_services signers;
};

const struct aws_host *aws_look_host(struct aws_look *look);

/* The services of the signing name. */
const struct aws_services *aws_look_signers(struct aws_look *look);

/*
 * Sets of services.
 */

void aws_services_add(struct aws_services *services, unsigned service);
struct aws_services aws_services_of(struct model_list list);

/* Keeps the services that `keeps` says yes to; all, when it says no to every one. */
typedef bool aws_keeps(unsigned service, const void *context);
void aws_services_narrow(struct aws_services *services, aws_keeps *keeps, const void *context);

/* For aws_services_narrow. */
aws_keeps aws_has_operation;	/* context: const struct span *, the name */
aws_keeps aws_has_service_flag; /* context: const unsigned *, MODEL_QUERY_CAPABLE and the like */
aws_keeps aws_speaks_json, aws_speaks_rest; /* context: NULL */

bool aws_any_service(const struct aws_services *services, aws_keeps *keeps, const void *context);

/* Narrows by what signature, host and User-Agent say. */
void aws_look_narrow(struct aws_look *look, struct aws_services *services);

/* The services that signature, host and User-Agent alone tell. Empty: nothing does. */
struct aws_services aws_look_services(struct aws_look *look);

/*
 * Filling the call.
 */

void aws_add_candidate(struct aws_call *call, int service, struct span operation);
void aws_add_unknown(struct aws_call *call, struct span service, struct span operation);

/* The same operation of each service. */
void aws_add_services(
	struct aws_call *call, const struct aws_services *services, struct span operation);

/*
 * The parts. They return AWS_NOT_A_CALL when the request is none of theirs.
 */

enum aws_identity aws_identify_by_name(struct aws_look *look);
enum aws_identity aws_identify_query(struct aws_look *look);
enum aws_identity aws_identify_form(struct aws_look *look); /* a POST form of S3 */
enum aws_identity aws_identify_rest(struct aws_look *look);

/* A queue's path: /123456789012/name or /queue/us-east-1/123456789012/name. */
bool aws_is_queue_path(struct span path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_REST_H
#define CHAOS_AWS_REST_H

/* Operations of the REST protocols: found by method and path, told apart by query, fields, body. */

#include "request.h"

/* A path of more segments is one whose last segment holds the rest. */
#define AWS_SEGMENTS_MAX 32
#define AWS_PARAMS_MAX	 32

/* A request taken apart once for any number of services. */
struct aws_rest {
	const struct aws_request *request;
	enum model_method method; /* MODEL_METHODS: one that no operation has */
	struct span segments[AWS_SEGMENTS_MAX];
	unsigned segment_count;
	bool slash; /* the path ended in one that is no segment */
	struct span keys[AWS_PARAMS_MAX], values[AWS_PARAMS_MAX];
	unsigned param_count;
	uint64_t key_starts; /* bit set of model_key_start(), with MODEL_NO_START */
	struct span id;	     /* x-id=GetObject, from JavaScript: the operation itself */
};

struct aws_match {
	int service;
	unsigned operation; /* within the service */
	unsigned doubts;    /* why another one of the same fit is likelier */
};

/* Where the labels of a path stand: segments first .. end - 1 each. */
#define AWS_LABELS_MAX 8
struct aws_labels {
	unsigned count;
	struct {
		uint8_t first, end;
	} at[AWS_LABELS_MAX];
};

/* The best matches: those that nothing in the request tells apart. */
struct aws_matches {
	unsigned count;
	struct aws_match at[AWS_CANDIDATES_MAX];
	/* How well they fit; the first difference counts. */
	struct aws_fit {
		uint64_t path;	  /* two bits a segment: literal 3, label 2, greedy 1 */
		unsigned missing; /* required things that are not there: the fewer the better */
		uint32_t rest;	  /* query, fields and body */
	} fit;
	struct aws_labels labels; /* of the first one's path */
	bool wants_body;	  /* a look into body bytes yet to come may change the result */
};

/* `bucket` stands before the path when its .len is not 0. */
void aws_rest_read(struct aws_rest *rest, const struct aws_request *request, struct span bucket);

/* Adds to `matches` what operations of `service` the request may be. */
void aws_rest_match(const struct aws_rest *rest, int service, struct aws_matches *matches);

#endif

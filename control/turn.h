/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_TURN_H
#define CHAOS_CONTROL_TURN_H

/* One request to the API and its answer. */

#include "feed.h"
#include "held.h"

struct api_request {
	const char *method, *path, *body;
	size_t len;
	const struct parameter *parameters; /* of the URL's query */
	size_t parameter_count;
	bool wants_stream;	   /* it accepts server-sent events */
	const char *last_event_id; /* NULL: none */
};

struct api_answer {
	int status;
	char *body;	   /* the caller frees it */
	struct feed *feed; /* not NULL: in place of the body; for api_end_feed() */
	const char *type;  /* of either; NULL: JSON */
	char allow[64];
	struct names_warnings warnings;
};

struct route;

/* One request that is being answered. */
struct turn {
	struct api *api; /* locked */
	const struct route *route;
	const struct api_request *request;
	struct api_answer *answer;
	struct refusal *why;
};

/* Fills in the answer, and returns 0; or the reason, and returns -EINVAL. */
typedef int handler(const struct turn *turn);

struct route {
	const char *path;
	const char *method;
	handler *handle;
	enum table_list list;
	enum config_change change;
};

#endif

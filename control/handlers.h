/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_HANDLERS_H
#define CHAOS_CONTROL_HANDLERS_H

/* What is done for each path and method of the API. */

#include "api.h"

struct endpoint;

/* One request that is being answered. */
struct turn {
	struct api *api; /* locked */
	const struct endpoint *endpoint;
	const struct api_request *request;
	struct api_answer *answer;
	struct refusal *why;
};

/* Fills in the answer, and returns 0; or the reason, and returns -EINVAL. */
typedef int handler(const struct turn *turn);

struct endpoint {
	const char *path;
	const char *method;
	handler *handle;
	enum table_list list;
	enum config_change change;
};

handler handle_get_list, handle_change_list;
handler handle_get_effects, handle_set_effects;
handler handle_get_status, handle_get_processes, handle_get_certificate, handle_get_openapi;
handler handle_get_events, handle_get_stats, handle_get_metrics, handle_get_snapshot;
handler handle_get_observe, handle_keep_observing, handle_stop_observing;
handler handle_get_pause, handle_pause, handle_resume;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "apply.h"
#include "handlers.h"
#include "json.h"
#include "memory.h"
#include "observe.h"
#include "state.h"

/* The rows of one path stand together. */
static const struct route routes[] = {
	{"/_localstack/chaos/faults", "GET", handle_get_list, TABLE_FAULTS, 0},
	{"/_localstack/chaos/faults", "POST", handle_change_list, TABLE_FAULTS, CONFIG_REPLACE},
	{"/_localstack/chaos/faults", "PATCH", handle_change_list, TABLE_FAULTS, CONFIG_APPEND},
	{"/_localstack/chaos/faults", "DELETE", handle_change_list, TABLE_FAULTS, CONFIG_REMOVE},
	{"/_localstack/chaos/effects", "GET", handle_get_effects, 0, 0},
	{"/_localstack/chaos/effects", "POST", handle_set_effects, 0, 0},
	{"/outages", "GET", handle_get_list, TABLE_OUTAGES, 0},
	{"/outages", "POST", handle_change_list, TABLE_OUTAGES, CONFIG_REPLACE},
	{"/outages", "PATCH", handle_change_list, TABLE_OUTAGES, CONFIG_APPEND},
	{"/outages", "DELETE", handle_change_list, TABLE_OUTAGES, CONFIG_REMOVE},
	{"/_chaos/status", "GET", handle_get_status, 0, 0},
	{"/_chaos/processes", "GET", handle_get_processes, 0, 0},
	{"/_chaos/ca", "GET", handle_get_certificate, 0, 0},
	{"/_chaos/events", "GET", handle_get_events, 0, 0},
	{"/_chaos/stats", "GET", handle_get_stats, 0, 0},
	{"/_chaos/metrics", "GET", handle_get_metrics, 0, 0},
	{"/_chaos/snapshot", "GET", handle_get_snapshot, 0, 0},
	{"/_chaos/observe", "GET", handle_get_observe, 0, 0},
	{"/_chaos/observe", "POST", handle_keep_observing, 0, 0},
	{"/_chaos/observe", "DELETE", handle_stop_observing, 0, 0},
	{"/_chaos/pause", "GET", handle_get_pause, 0, 0},
	{"/_chaos/pause", "POST", handle_pause, 0, 0},
	{"/_chaos/resume", "POST", handle_resume, 0, 0},
	{"/_chaos/openapi.json", "GET", handle_get_openapi, 0, 0},
};
#define ROUTES (sizeof(routes) / sizeof(routes[0]))

/* What cannot be observed is no reason to have no rules. */
static int publish_first(struct api *api, struct refusal *why)
{
	bool was_observed = held_is_observed(api);

	if (!apply_publish(api, &api->config, why))
		return 0;
	if (!was_observed || why->status != 507)
		return -EINVAL;
	fprintf(stderr, "chaos-control: calls are not observed: %s\n", why->message);
	*why = (struct refusal){0};
	api->config.flags &= ~(uint32_t)TABLE_OBSERVED;
	observe_forget(api);
	return apply_publish(api, &api->config, why);
}

int api_start(struct api *api, struct refusal *why)
{
	observe_take_over(api);
	if (apply_check(&api->config, why) ||
		(api->state_path && state_save(api->state_path, &api->config, why)) ||
		publish_first(api, why))
		return -EINVAL;
	api->is_ready = true;
	return 0;
}

int api_stop(struct api *api, struct refusal *why)
{
	const struct config none = {0};
	int error;

	api->observe = (struct observe){0};
	error = api->is_ready ? apply_publish(api, &none, why) : 0;
	api->is_ready = false;
	config_clear(&api->config);
	removed_free(&api->removed);
	names_close(api->names);
	api->names = NULL;
	return error;
}

static const struct route *find_route(const char *method, const char *path)
{
	/* libmicrohttpd leaves the body away. */
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < ROUTES; i++)
		if (strcmp(routes[i].path, path) == 0 && strcmp(routes[i].method, method) == 0)
			return &routes[i];
	return NULL;
}

/* "/a, /b and /c" */
static void list_paths(char *text, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < ROUTES && len < cap; i++) {
		const char *path = routes[i].path;

		if (i && strcmp(path, routes[i - 1].path) == 0)
			continue;
		len += (size_t)snprintf(text + len, cap - len, "%s%s",
			len == 0	  ? ""
			: i == ROUTES - 1 ? " and "
					  : ", ",
			path);
	}
}

/* Either the path or the method is not there. */
static void refuse_route(
	const char *method, const char *path, struct api_answer *answer, struct refusal *why)
{
	char paths[sizeof(why->message)];
	size_t len = 0;

	for (size_t i = 0; i < ROUTES; i++)
		if (strcmp(routes[i].path, path) == 0)
			len += (size_t)snprintf(answer->allow + len, sizeof(answer->allow) - len,
				"%s%s", len ? ", " : "", routes[i].method);
	if (len) {
		refuse(why, 405, "%.20s is not possible for %s; %s %s", method, path, answer->allow,
			strchr(answer->allow, ',') ? "are" : "is");
		return;
	}
	list_paths(paths, sizeof(paths));
	refuse(why, 404, "there is no %.100s; paths are %s", path, paths);
}

void api_refuse(const struct refusal *why, struct api_answer *answer)
{
	cJSON *object = sure(cJSON_CreateObject());
	char text[REFUSAL_TEXT_MAX];

	refusal_text(why, text, sizeof(text));
	sure(cJSON_AddStringToObject(
		object, "error", MHD_get_reason_phrase_for((unsigned)why->status)));
	sure(cJSON_AddStringToObject(object, "message", text));
	if (why->rule)
		sure(cJSON_AddNumberToObject(object, "rule", why->rule));
	if (*why->field)
		sure(cJSON_AddStringToObject(object, "field", why->field));
	if (why->line) {
		sure(cJSON_AddNumberToObject(object, "line", why->line));
		sure(cJSON_AddNumberToObject(object, "column", why->column));
	}
	answer->status = why->status;
	answer->body = json_print(object);
	cJSON_Delete(object);
}

void api_answer(struct api *api, const struct api_request *request, struct api_answer *answer)
{
	const struct route *route = find_route(request->method, request->path);
	struct refusal why = {0};
	const struct turn turn = {api, route, request, answer, &why};
	int error;

	*answer->allow = '\0';
	names_begin(&answer->warnings);
	answer->status = 200;
	if (!route) {
		refuse_route(request->method, request->path, answer, &why);
		api_refuse(&why, answer);
		return;
	}
	pthread_mutex_lock(&api->lock);
	error = api->is_ready ? route->handle(&turn)
			      : refuse(&why, 503, "chaos-control could not start");
	pthread_mutex_unlock(&api->lock);
	if (error) {
		names_begin(&answer->warnings);
		api_refuse(&why, answer);
	}
}

void api_end_feed(struct api *api, struct feed *feed)
{
	feed_close(feed);
	observe_reader_ends(api);
}

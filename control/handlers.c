/* SPDX-License-Identifier: Apache-2.0 */
#include "handlers.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "check.h"
#include "file.h"
#include "json.h"
#include "memory.h"
#include "metrics.h"
#include "observe.h"
#include "openapi.h"
#include "processes.h"
#include "report.h"
#include "shim/memory/runtime.h"
#include "summary.h"
#include "together.h"

static void check_names(
	struct api *api, const struct config_list *rules, struct names_warnings *warnings)
{
	if (!api->names)
		api->names = names_open();
	for (size_t i = 0; i < rules->count; i++)
		names_check(api->names, &rules->rules[i]->rule, (int)i + 1, warnings);
}

/* Whether the names of a rule are known does not matter when it goes. */
static void check_removal(struct api *api, enum table_list list, const struct config_list *rules,
	struct names_warnings *warnings)
{
	bool *is_there = config_find(&api->config.lists[list], rules);

	for (size_t i = 0; i < rules->count; i++)
		if (!is_there[i])
			names_warn(warnings, (int)i + 1, "no rule is equal to it");
	free(is_there);
}

int handle_get_list(const struct turn *turn)
{
	turn->answer->body = config_list_text(&turn->api->config.lists[turn->route->list]);
	return 0;
}

int handle_change_list(const struct turn *turn)
{
	const struct route *route = turn->route;
	cJSON *body = json_parse(turn->request->body, turn->request->len, turn->why);
	struct config_list rules;
	struct config next;
	int error;

	if (!body)
		return -EINVAL;
	error = config_read(body, route->list, route->change, &rules, turn->why);
	cJSON_Delete(body);
	if (error)
		return error;
	if (route->change == CONFIG_REMOVE)
		check_removal(turn->api, route->list, &rules, &turn->answer->warnings);
	else
		check_names(turn->api, &rules, &turn->answer->warnings);
	config_change(&turn->api->config, route->list, route->change, &rules, &next);
	config_list_clear(&rules);
	error = apply_commit(turn->api, &next, turn->why);
	return error ? error : handle_get_list(turn);
}

int handle_get_effects(const struct turn *turn)
{
	turn->answer->body = config_effects_text(&turn->api->config);
	return 0;
}

int handle_set_effects(const struct turn *turn)
{
	cJSON *body = json_parse(turn->request->body, turn->request->len, turn->why);
	struct config next;
	int latency_ms;
	int error;

	if (!body)
		return -EINVAL;
	error = check_effects(body, &latency_ms, turn->why);
	cJSON_Delete(body);
	if (error)
		return error;
	config_set_latency(&turn->api->config, latency_ms, &next);
	error = apply_commit(turn->api, &next, turn->why);
	return error ? error : handle_get_effects(turn);
}

/* What is misspelt would be ignored, and so would be what it asks for. */
static int refuse_parameters(const struct turn *turn)
{
	if (!turn->request->parameter_count)
		return 0;
	snprintf(turn->why->field, sizeof(turn->why->field), "%s",
		turn->request->parameters[0].name);
	return refuse(
		turn->why, 400, "there is no such parameter; %s takes none", turn->request->path);
}

int handle_get_status(const struct turn *turn)
{
	if (refuse_parameters(turn))
		return -EINVAL;
	turn->answer->body = report_status(turn->api);
	return 0;
}

int handle_get_processes(const struct turn *turn)
{
	if (refuse_parameters(turn))
		return -EINVAL;
	turn->answer->body =
		processes_json(turn->api->writer->journal, &turn->api->writer->guests, false);
	return 0;
}

/* Read anew: it may have been renewed. */
int handle_get_certificate(const struct turn *turn)
{
	char path[PATH_MAX + 16];
	size_t len;

	snprintf(path, sizeof(path), "%s/" RUNTIME_CA, turn->api->folder);
	turn->answer->body = file_read(path, &len);
	if (!turn->answer->body)
		return refuse(turn->why, 500, "cannot read %s: %s; start chaos-control again", path,
			strerror(errno));
	turn->answer->type = "application/x-pem-file";
	return 0;
}

int handle_get_openapi(const struct turn *turn)
{
	struct span text = openapi_text();

	turn->answer->body = sure(strndup(text.at, text.len));
	return 0;
}

static int read_query(const struct turn *turn, struct query *query)
{
	const struct api_request *request = turn->request;

	return query_read(query, request->parameters, request->parameter_count,
		atomic_load(&turn->api->writer->journal->event_head), turn->why);
}

/* The number that a client has from us; what else it sends says nothing. */
static void resume(struct feed *feed, const char *last)
{
	char *end;
	uint64_t number;

	if (!last || *last < '0' || *last > '9')
		return;
	number = strtoull(last, &end, 10);
	if (!*end)
		feed_resume(feed, number);
}

int handle_get_events(const struct turn *turn)
{
	bool is_stream = turn->request->wants_stream;
	struct query query;

	if (read_query(turn, &query) || observe_reader_begins(turn->api, turn->why))
		return -EINVAL;
	together_events(turn->api->writer, &turn->api->guests);
	turn->answer->feed = feed_open(
		turn->api->writer->journal, &query, is_stream ? FEED_STREAM : FEED_LINES, NULL);
	if (is_stream)
		resume(turn->answer->feed, turn->request->last_event_id);
	turn->answer->type = is_stream ? "text/event-stream" : "application/x-ndjson";
	return 0;
}

int handle_get_stats(const struct turn *turn)
{
	if (refuse_parameters(turn) || observe_renew(turn->api, turn->why))
		return -EINVAL;
	turn->answer->body = summary_stats_text(turn->api);
	return 0;
}

int handle_get_metrics(const struct turn *turn)
{
	if (refuse_parameters(turn) || observe_renew(turn->api, turn->why))
		return -EINVAL;
	turn->answer->body = metrics_text(turn->api);
	turn->answer->type = METRICS_TYPE;
	return 0;
}

/* A look at what there is: it makes nobody observe. */
int handle_get_snapshot(const struct turn *turn)
{
	struct query query;
	char *before;

	if (read_query(turn, &query))
		return -EINVAL;
	if (turn->api->observe.readers >= OBSERVE_READERS)
		return observe_reader_begins(turn->api, turn->why);
	turn->api->observe.readers++;
	together_events(turn->api->writer, &turn->api->guests);
	before = summary_snapshot(turn->api, query.redact);
	turn->answer->feed = feed_open(turn->api->writer->journal, &query, FEED_ARRAY, before);
	free(before);
	return 0;
}

/* Nothing is published where nothing changes. */
static int set_flags(const struct turn *turn, uint32_t flags)
{
	struct config next;

	if (flags == turn->api->config.flags)
		return 0;
	config_set_flags(&turn->api->config, flags, &next);
	return apply_commit(turn->api, &next, turn->why);
}

int handle_get_observe(const struct turn *turn)
{
	const struct api *api = turn->api;
	char *text;

	sure(asprintf(&text, "{\"observed\": %s, \"kept\": %s, \"readers\": %u}",
		     held_is_observed(api) ? "true" : "false",
		     api->config.flags & TABLE_OBSERVED || api->observe.is_option ? "true"
										  : "false",
		     api->observe.readers) < 0
			? NULL
			: text);
	turn->answer->body = text;
	return 0;
}

int handle_keep_observing(const struct turn *turn)
{
	int error = set_flags(turn, turn->api->config.flags | TABLE_OBSERVED);

	return error ? error : handle_get_observe(turn);
}

int handle_stop_observing(const struct turn *turn)
{
	struct api *api = turn->api;
	bool was_on = held_is_observed(api), is_saved = api->config.flags & TABLE_OBSERVED;
	int error;

	observe_forget(api);
	error = set_flags(turn, api->config.flags & ~(uint32_t)TABLE_OBSERVED);
	if (!is_saved && was_on && !held_is_observed(api))
		error = apply_publish(api, &api->config, turn->why);
	return error ? error : handle_get_observe(turn);
}

int handle_get_pause(const struct turn *turn)
{
	turn->answer->body =
		sure(strdup(turn->api->config.flags & TABLE_PAUSED ? "{\"paused\": true}"
								   : "{\"paused\": false}"));
	return 0;
}

int handle_pause(const struct turn *turn)
{
	int error = set_flags(turn, turn->api->config.flags | TABLE_PAUSED);

	return error ? error : handle_get_pause(turn);
}

int handle_resume(const struct turn *turn)
{
	int error = set_flags(turn, turn->api->config.flags & ~(uint32_t)TABLE_PAUSED);

	return error ? error : handle_get_pause(turn);
}

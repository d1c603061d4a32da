/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "check.h"
#include "event_json.h"
#include "file.h"
#include "json.h"
#include "memory.h"
#include "processes.h"
#include "report.h"
#include "shim/memory/runtime.h"
#include "state.h"

struct request {
	const char *body;
	size_t len;
	enum table_list list;
	enum config_change change;
	uint32_t flag; /* enum table_flag */
};

/* Fills in the answer's body, or *why. */
typedef int handler(struct api *api, const struct request *request, struct api_answer *answer,
	struct refusal *why);

static int refuse_rules(struct refusal *why, int error, const char *reason)
{
	return error ? refuse(why, error == -ENOSPC ? 507 : 500, "%s", reason) : 0;
}

static uint64_t latency_of(const struct config *config)
{
	return config->flags & TABLE_PAUSED ? 0 : (uint64_t)config->latency_ms * 1000000;
}

static int publish(struct api *api, const struct config *config, struct refusal *why)
{
	const char *reason = "";
	size_t count;
	const struct rule **rules = config_rules(config, &count);
	int error = writer_publish(
		api->writer, rules, count, latency_of(config), config->flags, &reason);

	free(rules);
	return refuse_rules(why, error, reason);
}

int api_check(const struct config *config, struct refusal *why)
{
	struct compiled compiled;
	const char *reason = "";
	size_t count;
	const struct rule **rules = config_rules(config, &count);
	int error = compile_rules(&compiled, rules, count, latency_of(config), &reason);

	free(rules);
	if (!error)
		compiled_free(&compiled);
	return refuse_rules(why, error, reason);
}

/* Saves and publishes *next, and makes it the configuration; or nothing of that. Takes *next. */
static int commit(struct api *api, struct config *next, struct refusal *why)
{
	struct refusal second = {0};
	int error = api->state_path ? state_save(api->state_path, next, why) : 0;

	if (!error) {
		error = publish(api, next, why);
		/* What is saved must be what is in force. */
		if (error && api->state_path && state_save(api->state_path, &api->config, &second))
			*why = second;
	}
	if (error) {
		config_clear(next);
		return error;
	}
	config_clear(&api->config);
	api->config = *next;
	return 0;
}

int api_start(struct api *api, struct refusal *why)
{
	if (api_check(&api->config, why) ||
		(api->state_path && state_save(api->state_path, &api->config, why)) ||
		publish(api, &api->config, why))
		return -EINVAL;
	api->is_ready = true;
	return 0;
}

int api_stop(struct api *api, struct refusal *why)
{
	const struct config none = {0};
	int error = api->is_ready ? publish(api, &none, why) : 0;

	api->is_ready = false;
	config_clear(&api->config);
	names_close(api->names);
	api->names = NULL;
	return error;
}

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

static int get_list(struct api *api, const struct request *request, struct api_answer *answer,
	__attribute__((unused)) struct refusal *why)
{
	answer->body = config_list_text(&api->config.lists[request->list]);
	return 0;
}

static int change_list(struct api *api, const struct request *request, struct api_answer *answer,
	struct refusal *why)
{
	cJSON *body = json_parse(request->body, request->len, why);
	struct config_list rules;
	struct config next;
	int error;

	if (!body)
		return -EINVAL;
	error = config_read(body, request->list, request->change, &rules, why);
	cJSON_Delete(body);
	if (error)
		return error;
	if (request->change == CONFIG_REMOVE)
		check_removal(api, request->list, &rules, &answer->warnings);
	else
		check_names(api, &rules, &answer->warnings);
	config_change(&api->config, request->list, request->change, &rules, &next);
	config_list_clear(&rules);
	error = commit(api, &next, why);
	return error ? error : get_list(api, request, answer, why);
}

static int get_effects(struct api *api, __attribute__((unused)) const struct request *request,
	struct api_answer *answer, __attribute__((unused)) struct refusal *why)
{
	answer->body = config_effects_text(&api->config);
	return 0;
}

static int set_effects(struct api *api, const struct request *request, struct api_answer *answer,
	struct refusal *why)
{
	cJSON *body = json_parse(request->body, request->len, why);
	struct config next;
	int latency_ms;
	int error;

	if (!body)
		return -EINVAL;
	error = check_effects(body, &latency_ms, why);
	cJSON_Delete(body);
	if (error)
		return error;
	config_set_latency(&api->config, latency_ms, &next);
	error = commit(api, &next, why);
	return error ? error : get_effects(api, request, answer, why);
}

static int get_flags(struct api *api, const struct request *request, struct api_answer *answer,
	__attribute__((unused)) struct refusal *why)
{
	cJSON *object = sure(cJSON_CreateObject());
	bool is_pause = request->flag == TABLE_PAUSED;

	sure(cJSON_AddBoolToObject(object, is_pause ? "paused" : "observed",
		(api->config.flags & request->flag) != 0));
	answer->body = json_print(object);
	cJSON_Delete(object);
	return 0;
}

/* Nothing is published where nothing changes. */
static int change_flags(struct api *api, uint32_t flags, struct refusal *why)
{
	struct config next;

	if (flags == api->config.flags)
		return 0;
	config_set_flags(&api->config, flags, &next);
	return commit(api, &next, why);
}

static int set_flag(struct api *api, const struct request *request, struct api_answer *answer,
	struct refusal *why)
{
	int error = change_flags(api, api->config.flags | request->flag, why);

	return error ? error : get_flags(api, request, answer, why);
}

static int clear_flag(struct api *api, const struct request *request, struct api_answer *answer,
	struct refusal *why)
{
	int error = change_flags(api, api->config.flags & ~request->flag, why);

	return error ? error : get_flags(api, request, answer, why);
}

static int get_status(struct api *api, __attribute__((unused)) const struct request *request,
	struct api_answer *answer, __attribute__((unused)) struct refusal *why)
{
	answer->body = report_status(api);
	return 0;
}

static int get_processes(struct api *api, __attribute__((unused)) const struct request *request,
	struct api_answer *answer, __attribute__((unused)) struct refusal *why)
{
	answer->body = processes_json(api->writer->journal, &api->writer->guests);
	return 0;
}

static int get_events(struct api *api, __attribute__((unused)) const struct request *request,
	struct api_answer *answer, __attribute__((unused)) struct refusal *why)
{
	const struct journal *journal = api->writer->journal;
	uint64_t head = atomic_load(&journal->event_head);
	uint64_t number = head > JOURNAL_EVENTS ? head - JOURNAL_EVENTS : 0;
	struct event event;
	size_t len;
	FILE *out = sure(open_memstream(&answer->body, &len));

	for (; number < head; number++) {
		if (event_read(journal->events, JOURNAL_EVENTS, number, &event) != EVENT_READ)
			continue;
		event_print(out, number, &event, false);
		fputc('\n', out);
	}
	fclose(out);
	answer->type = "application/x-ndjson";
	return 0;
}

/* Read anew: it may have been renewed. */
static int get_certificate(struct api *api, __attribute__((unused)) const struct request *request,
	struct api_answer *answer, struct refusal *why)
{
	char path[PATH_MAX + 16];
	size_t len;

	snprintf(path, sizeof(path), "%s/" RUNTIME_CA, api->folder);
	answer->body = file_read(path, &len);
	if (!answer->body)
		return refuse(why, 500, "cannot read %s: %s; start chaos-control again", path,
			strerror(errno));
	answer->type = "application/x-pem-file";
	return 0;
}

/* The rows of one path stand together. */
static const struct endpoint {
	const char *path;
	const char *method;
	handler *handle;
	enum table_list list;
	enum config_change change;
	uint32_t flag;
} endpoints[] = {
	{"/_localstack/chaos/faults", "GET", get_list, TABLE_FAULTS, 0, 0},
	{"/_localstack/chaos/faults", "POST", change_list, TABLE_FAULTS, CONFIG_REPLACE, 0},
	{"/_localstack/chaos/faults", "PATCH", change_list, TABLE_FAULTS, CONFIG_APPEND, 0},
	{"/_localstack/chaos/faults", "DELETE", change_list, TABLE_FAULTS, CONFIG_REMOVE, 0},
	{"/_localstack/chaos/effects", "GET", get_effects, 0, 0, 0},
	{"/_localstack/chaos/effects", "POST", set_effects, 0, 0, 0},
	{"/outages", "GET", get_list, TABLE_OUTAGES, 0, 0},
	{"/outages", "POST", change_list, TABLE_OUTAGES, CONFIG_REPLACE, 0},
	{"/outages", "PATCH", change_list, TABLE_OUTAGES, CONFIG_APPEND, 0},
	{"/outages", "DELETE", change_list, TABLE_OUTAGES, CONFIG_REMOVE, 0},
	{"/_chaos/status", "GET", get_status, 0, 0, 0},
	{"/_chaos/processes", "GET", get_processes, 0, 0, 0},
	{"/_chaos/ca", "GET", get_certificate, 0, 0, 0},
	{"/_chaos/events", "GET", get_events, 0, 0, 0},
	{"/_chaos/observe", "GET", get_flags, 0, 0, TABLE_OBSERVED},
	{"/_chaos/observe", "POST", set_flag, 0, 0, TABLE_OBSERVED},
	{"/_chaos/observe", "DELETE", clear_flag, 0, 0, TABLE_OBSERVED},
	{"/_chaos/pause", "GET", get_flags, 0, 0, TABLE_PAUSED},
	{"/_chaos/pause", "POST", set_flag, 0, 0, TABLE_PAUSED},
	{"/_chaos/resume", "POST", clear_flag, 0, 0, TABLE_PAUSED},
};
#define ENDPOINTS (sizeof(endpoints) / sizeof(endpoints[0]))

static const struct endpoint *find_endpoint(const char *method, const char *path)
{
	/* libmicrohttpd leaves the body away. */
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < ENDPOINTS; i++)
		if (strcmp(endpoints[i].path, path) == 0 &&
			strcmp(endpoints[i].method, method) == 0)
			return &endpoints[i];
	return NULL;
}

/* Either the path or the method is not there. */
static void refuse_endpoint(
	const char *method, const char *path, struct api_answer *answer, struct refusal *why)
{
	size_t len = 0;

	for (size_t i = 0; i < ENDPOINTS; i++)
		if (strcmp(endpoints[i].path, path) == 0)
			len += (size_t)snprintf(answer->allow + len, sizeof(answer->allow) - len,
				"%s%s", len ? ", " : "", endpoints[i].method);
	if (len)
		refuse(why, 405, "%.20s is not possible for %s; %s %s", method, path, answer->allow,
			strchr(answer->allow, ',') ? "are" : "is");
	else
		refuse(why, 404,
			"there is no %.100s; paths are /_localstack/chaos/faults, "
			"/_localstack/chaos/effects, /outages, /_chaos/status, "
			"/_chaos/processes and /_chaos/ca",
			path);
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

void api_answer(struct api *api, const char *method, const char *path, const char *body, size_t len,
	struct api_answer *answer)
{
	const struct endpoint *endpoint = find_endpoint(method, path);
	struct refusal why = {0};
	struct request request;
	int error;

	*answer->allow = '\0';
	names_begin(&answer->warnings);
	answer->status = 200;
	if (!endpoint) {
		refuse_endpoint(method, path, answer, &why);
		api_refuse(&why, answer);
		return;
	}
	request = (struct request){body, len, endpoint->list, endpoint->change, endpoint->flag};
	pthread_mutex_lock(&api->lock);
	error = api->is_ready ? endpoint->handle(api, &request, answer, &why)
			      : refuse(&why, 503, "chaos-control could not start");
	pthread_mutex_unlock(&api->lock);
	if (error) {
		names_begin(&answer->warnings);
		api_refuse(&why, answer);
	}
}

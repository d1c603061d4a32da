/* SPDX-License-Identifier: Apache-2.0 */
#include "summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "json.h"
#include "memory.h"
#include "processes.h"
#include "report.h"
#include "stats.h"
#include "together.h"

static void add_number(cJSON *object, const char *name, uint64_t value)
{
	sure(cJSON_AddNumberToObject(object, name, (double)value));
}

struct summary_events summary_events(const struct journal *journal)
{
	uint64_t head = atomic_load(&journal->event_head);

	return (struct summary_events){head, atomic_load(&journal->events_lost),
		head > JOURNAL_EVENTS ? head - JOURNAL_EVENTS : 0};
}

static cJSON *rule_json(
	const struct api *api, const struct config_rule *rule, const char *list_name)
{
	struct journal_counter counter;
	cJSON *object;

	writer_count(api->writer, rule->rule.id, &counter);
	object = stats_counter(&counter);
	sure(cJSON_AddStringToObject(object, "list", list_name));
	cJSON_AddItemToObject(object, "rule", sure(cJSON_Parse(rule->text)));
	return object;
}

static void add_rules(
	cJSON *array, const struct api *api, enum table_list list, const char *list_name)
{
	const struct config_list *rules = &api->config.lists[list];

	for (size_t i = 0; i < rules->count; i++)
		cJSON_AddItemToArray(array, rule_json(api, rules->rules[i], list_name));
}

static void add_removed(void *context, const struct removed_rule *one)
{
	cJSON *object = stats_counter(&one->counter);

	sure(cJSON_AddStringToObject(
		object, "list", one->rule->rule.list == TABLE_OUTAGES ? "outages" : "faults"));
	add_number(object, "number", one->number);
	cJSON_AddItemToObject(object, "rule", sure(cJSON_Parse(one->rule->text)));
	cJSON_AddItemToArray(context, object);
}

static cJSON *totals_json(const struct api *api)
{
	const struct writer *writer = api->writer;
	struct summary_events events = summary_events(writer->journal);
	cJSON *totals = report_totals(writer);

	add_number(totals, "delivered", WRITER_TOTAL(writer, delivered));
	add_number(totals, "taken", WRITER_TOTAL(writer, taken));
	add_number(totals, "observed", WRITER_TOTAL(writer, observed));
	add_number(totals, "unobserved", WRITER_TOTAL(writer, unobserved));
	add_number(totals, "events", events.events);
	add_number(totals, "lost", events.lost);
	add_number(totals, "lostOfGuests", api->guests.lost);
	add_number(totals, "overwritten", events.overwritten);
	return totals;
}

cJSON *summary_stats(const struct api *api)
{
	struct operation *lines = together_operations(api->writer);
	cJSON *stats = sure(cJSON_CreateObject());
	cJSON *rules;

	cJSON_AddItemToObject(stats, "operations", stats_lines(lines));
	free(lines);
	rules = sure(cJSON_AddArrayToObject(stats, "rules"));
	add_rules(rules, api, TABLE_OUTAGES, "outages");
	add_rules(rules, api, TABLE_FAULTS, "faults");
	rules = sure(cJSON_AddArrayToObject(stats, "removed"));
	removed_each(&api->removed, api->writer, add_removed, rules);
	add_number(stats, "forgotten", removed_forgotten(&api->removed));
	cJSON_AddItemToObject(stats, "totals", totals_json(api));
	return stats;
}

static char *print_and_delete(cJSON *value)
{
	char *text = json_print(value);

	cJSON_Delete(value);
	return text;
}

char *summary_stats_text(const struct api *api)
{
	return print_and_delete(summary_stats(api));
}

static void print_part(FILE *out, const char *name, char *json)
{
	fprintf(out, ", \"%s\": %s", name, json);
	free(json);
}

static char *rules_text(const struct api *api)
{
	char *outages = config_list_text(&api->config.lists[TABLE_OUTAGES]);
	char *faults = config_list_text(&api->config.lists[TABLE_FAULTS]);
	char *text;

	sure(asprintf(&text, "{\"outages\": %s, \"faults\": %s}", outages, faults) < 0 ? NULL
										       : text);
	free(outages);
	free(faults);
	return text;
}

char *summary_snapshot(const struct api *api, bool redact)
{
	time_t now = time(NULL);
	struct tm parts;
	char date[32], *text = NULL;
	size_t len;
	FILE *out = sure(open_memstream(&text, &len));

	gmtime_r(&now, &parts);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &parts);
	fprintf(out, "{\"version\": \"" CHAOS_VERSION "\", \"time\": \"%s\"", date);
	print_part(out, "status", report_status(api));
	print_part(out, "processes",
		processes_json(api->writer->journal, &api->writer->guests, redact));
	print_part(out, "rules", rules_text(api));
	print_part(out, "effects", config_effects_text(&api->config));
	print_part(out, "stats", summary_stats_text(api));
	fputs(", \"events\": [", out);
	fclose(out);
	return sure(text);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "json_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "control/event_json.h"
#include "control/memory.h"
#include "control/stats.h"
#include "ledger_json.h"
#include "lints.h"
#include "missed.h"
#include "operations.h"
#include "unseen.h"

/* Of a list; the totals hold all. */
#define CALLS_MAX 10000u

static void add_number(cJSON *object, const char *name, uint64_t value)
{
	sure(cJSON_AddNumberToObject(object, name, (double)value));
}

static void add_ms(cJSON *object, const char *name, uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64, ns / 1000000, ns / 1000 % 1000);
	sure(cJSON_AddRawToObject(object, name, text));
}

static void add_text(cJSON *object, const char *name, const char *text)
{
	sure(text && *text ? cJSON_AddStringToObject(object, name, text)
			   : cJSON_AddNullToObject(object, name));
}

static cJSON *add_object(cJSON *array)
{
	cJSON *object = sure(cJSON_CreateObject());

	cJSON_AddItemToArray(array, object);
	return object;
}

static void add_time(cJSON *object, const char *name, uint64_t monotonic)
{
	uint64_t wall = event_wall_time(monotonic);
	time_t seconds = (time_t)(wall / 1000000000);
	struct tm parts;
	char text[32], whole[48];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(whole, sizeof(whole), "%s.%06" PRIu64 "Z", text, wall / 1000 % 1000000);
	add_text(object, name, whole);
}

/* Of an attempt, the members that an event has. */
static void add_call(
	cJSON *object, const struct report *report, const struct report_attempt *attempt)
{
	add_text(object, "service", report_text(report, attempt, EVENT_SERVICE));
	add_text(object, "region", report_text(report, attempt, EVENT_REGION));
	add_text(object, "operation", report_text(report, attempt, EVENT_OPERATION));
	add_text(object, "resource", report_text(report, attempt, EVENT_RESOURCE));
	add_number(object, "pid", attempt->pid);
	add_text(object, "process", report_text(report, attempt, EVENT_PROCESS));
	add_text(object, "label", report_text(report, attempt, EVENT_LABEL));
}

/* ---- rules ---- */

static void add_rule_text(cJSON *object, const struct report_rule *rule)
{
	cJSON *written = cJSON_Parse(rule->json);

	cJSON_AddItemToObject(object, "rule", written ?: sure(cJSON_CreateNull()));
	add_text(object, "name", rule->name);
}

static void add_rules(cJSON *json, const struct report *report)
{
	cJSON *rules = sure(cJSON_AddArrayToObject(json, "rules"));

	for (uint32_t i = 0; i < report->rule_count; i++) {
		const struct report_rule *rule = &report->rules[i];
		cJSON *object = add_object(rules);
		char id[24];

		snprintf(id, sizeof(id), "%" PRIu64, rule->id);
		add_text(object, "id", id);
		add_rule_text(object, rule);
		add_text(object, "list", rule->list == REPORT_OUTAGES ? "outages" : "faults");
		add_number(object, "number", rule->number);
		if (report->is_shared)
			add_text(object, "matched", NULL);
		else
			add_number(object, "matched", rule->matched);
		add_number(object, "planned", rule->planned);
		add_number(object, "delivered", rule->delivered);
		add_number(object, "taken", rule->taken);
	}
}

static void add_unmatched(cJSON *json, const struct report *report)
{
	cJSON *unmatched = sure(cJSON_AddArrayToObject(json, "unmatched"));

	for (uint32_t i = 0; i < report->rule_count; i++) {
		struct missed missed;
		cJSON *object, *nearest;

		if (!missed_find(report, &report->rules[i], &missed))
			continue;
		object = add_object(unmatched);
		add_rule_text(object, &report->rules[i]);
		nearest = sure(missed.nearest ? cJSON_AddObjectToObject(object, "nearest")
					      : cJSON_AddNullToObject(object, "nearest"));
		if (missed.nearest)
			add_call(nearest, report, missed.nearest);
		add_text(object, "differs", missed.field);
		add_text(object, "why", missed.why);
	}
}

/* ---- calls ---- */

static void add_attempt(
	cJSON *attempts, const struct report *report, const struct report_attempt *attempt)
{
	static const char *const readings[] = {NULL, "none", "part", "whole"};
	const struct event event = {.action = attempt->action, .lane = attempt->lane};
	const struct report_rule *rule = report_rule(report, attempt->rule);
	cJSON *object = add_object(attempts);

	add_time(object, "time", attempt->started);
	add_number(object, "attempt", attempt->attempt);
	if (attempt->status)
		add_number(object, "status", attempt->status);
	else
		add_text(object, "status", NULL);
	add_text(object, "code", report_text(report, attempt, EVENT_CODE));
	add_text(object, "rule", rule ? rule->name : NULL);
	add_text(object, "action", event_action_name(&event));
	add_ms(object, "durationMs", attempt->ended);
	add_text(object, "read", attempt->taken <= EVENT_TAKEN ? readings[attempt->taken] : NULL);
	add_text(object, "lane", event_lane_name(&event));
}

/* Calls that met trouble: those that failed, and those that went through after a retry. */
static void add_calls(cJSON *json, const char *name, const struct report *report, bool failed)
{
	cJSON *calls = sure(cJSON_AddArrayToObject(json, name));
	uint32_t count = 0;

	for (uint32_t i = 0; i < report->call_count; i++) {
		const struct report_call *call = &report->calls[i];
		cJSON *object, *attempts;

		if (report_call_failed(call) != failed || (!failed && call->attempts < 2))
			continue;
		if (count++ == CALLS_MAX)
			break;
		object = add_object(calls);
		add_call(object, report, &report->attempts[call->first]);
		add_text(object, "call",
			report_text(report, &report->attempts[call->first], EVENT_INVOCATION));
		attempts = sure(cJSON_AddArrayToObject(object, "attempts"));
		for (uint32_t a = call->first; a != REPORT_NONE; a = report->attempts[a].next)
			add_attempt(attempts, report, &report->attempts[a]);
	}
}

/* ---- what was not seen ---- */

static void add_blind(cJSON *json, const struct report *report)
{
	cJSON *array = sure(cJSON_AddArrayToObject(json, "blind"));

	for (uint32_t i = 0; i < report->blind_count; i++) {
		const struct report_blind *blind = &report->blind[i];
		cJSON *object = add_object(array);

		add_number(object, "pid", blind->pid);
		add_text(object, "process", texts_get(&report->texts, blind->process));
		add_text(object, "host", texts_get(&report->texts, blind->host));
		add_text(object, "reason", texts_get(&report->texts, blind->reason));
	}
}

static void add_line(void *context, const char *line)
{
	cJSON_AddItemToArray(context, sure(cJSON_CreateString(line)));
}

static void add_unfollowed(cJSON *json, const struct report *report)
{
	cJSON *array = sure(cJSON_AddArrayToObject(json, "unfollowed"));

	for (uint32_t i = 0; i < report->program_count; i++) {
		const struct report_program *program = &report->programs[i];
		cJSON *object = add_object(array);

		add_text(object, "program", texts_get(&report->texts, program->path));
		add_text(object, "reason", texts_get(&report->texts, program->reason));
		add_number(object, "times", program->count);
	}
}

static void add_totals(cJSON *json, const struct report *report)
{
	cJSON *object = sure(cJSON_AddObjectToObject(json, "totals"));
	struct report_totals totals;

	report_totals(report, &totals);
	add_number(object, "calls", totals.calls);
	add_number(object, "attempts", totals.attempts);
	add_number(object, "faults", totals.faults);
	add_number(object, "delayed", totals.delayed);
	add_number(object, "failed", totals.failed);
	add_number(object, "recovered", totals.recovered);
	add_number(object, "unanswered", totals.unanswered);
	add_number(object, "unfinished",
		totals.attempts > totals.ended ? totals.attempts - totals.ended : 0);
	add_number(object, "connections", totals.connections);
	add_number(object, "programs", report->processes);
	add_number(object, "lost", report->lost + report->unkept);
	add_number(object, "unobserved", report->unobserved);
	add_number(object, "blind", report->blind_aws);
	add_number(object, "unfollowed", report->unfollowed);
	add_number(object, "unattached", report->unattached);
	add_number(object, "unnamed", report->unnamed);
	add_ms(object, "durationMs", report->over - report->begun);
}

static void add_command(cJSON *json, const struct report *report)
{
	cJSON *words = sure(cJSON_AddArrayToObject(json, "command"));

	for (int i = 0; report->command && report->command[i]; i++)
		cJSON_AddItemToArray(words, sure(cJSON_CreateString(report->command[i])));
	if (report->has_status && WIFEXITED(report->status))
		add_number(json, "exit", (uint64_t)WEXITSTATUS(report->status));
	else
		add_text(json, "exit", NULL);
	if (report->has_status && WIFSIGNALED(report->status))
		add_number(json, "signal", (uint64_t)WTERMSIG(report->status));
	else
		add_text(json, "signal", NULL);
}

static void add_verdicts(cJSON *json, const struct verdict *verdicts, size_t count)
{
	cJSON *array = sure(cJSON_AddArrayToObject(json, "expectations"));

	for (size_t i = 0; i < count; i++) {
		cJSON *object = add_object(array);

		add_text(object, "expected", verdicts[i].expected);
		sure(cJSON_AddBoolToObject(object, "met", verdicts[i].is_met));
		add_text(object, "got", verdicts[i].got);
		add_text(object, "look", verdicts[i].look);
	}
}

static void add_audit(cJSON *json, const struct report *report)
{
	struct ledger ledger;
	struct lints lints;

	ledger_make(&ledger, report);
	cJSON_AddItemToObject(json, "ledger", ledger_json(&ledger));
	ledger_free(&ledger);
	lints_find(&lints, report);
	cJSON_AddItemToObject(json, "lints", lints_json(&lints));
	lints_free(&lints);
}

cJSON *json_report(const struct report *report, const struct verdict *verdicts, size_t count)
{
	cJSON *json = sure(cJSON_CreateObject()), *unseen;

	add_text(json, "version", CHAOS_VERSION);
	add_time(json, "begun", report->begun);
	add_command(json, report);
	cJSON_AddItemToObject(json, "operations", operations_json(report));
	add_rules(json, report);
	add_unmatched(json, report);
	add_blind(json, report);
	add_unfollowed(json, report);
	unseen = sure(cJSON_AddArrayToObject(json, "unseen"));
	unseen_each(report, add_line, unseen);
	add_calls(json, "failed", report, true);
	add_calls(json, "retried", report, false);
	add_verdicts(json, verdicts, count);
	add_audit(json, report);
	sure(cJSON_AddBoolToObject(json, "exact", report->is_counted));
	add_totals(json, report);
	return json;
}

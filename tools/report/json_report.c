/* SPDX-License-Identifier: Apache-2.0 */
#include "json_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

#include "control/event_json.h"
#include "control/memory.h"
#include "json_add.h"
#include "ledger_json.h"
#include "lints.h"
#include "missed.h"
#include "operations.h"
#include "unseen.h"

/* Of a list; the totals hold all. */
#define CALLS_MAX 10000u

/* ---- rules ---- */

static void add_rule_text(cJSON *object, const struct report_rule *rule)
{
	cJSON *written = cJSON_Parse(rule->json);

	cJSON_AddItemToObject(object, "rule", written ?: sure(cJSON_CreateNull()));
	json_add_text(object, "name", rule->name);
}

static void add_rules(cJSON *json, const struct report *report)
{
	cJSON *rules = sure(cJSON_AddArrayToObject(json, "rules"));

	for (uint32_t i = 0; i < report->rule_count; i++) {
		const struct report_rule *rule = &report->rules[i];
		cJSON *object = json_add_object(rules);
		char id[24];

		snprintf(id, sizeof(id), "%" PRIu64, rule->id);
		json_add_text(object, "id", id);
		add_rule_text(object, rule);
		json_add_text(object, "list", rule->list == REPORT_OUTAGES ? "outages" : "faults");
		json_add_number(object, "number", rule->number);
		if (report->is_shared)
			json_add_text(object, "matched", NULL);
		else
			json_add_number(object, "matched", rule->matched);
		json_add_number(object, "planned", rule->planned);
		json_add_number(object, "delivered", rule->delivered);
		json_add_number(object, "taken", rule->taken);
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
		object = json_add_object(unmatched);
		add_rule_text(object, &report->rules[i]);
		nearest = sure(missed.nearest ? cJSON_AddObjectToObject(object, "nearest")
					      : cJSON_AddNullToObject(object, "nearest"));
		if (missed.nearest)
			json_add_who(nearest, report, missed.nearest);
		json_add_text(object, "differs", missed.field);
		json_add_text(object, "why", missed.why);
	}
}

/* ---- calls ---- */

static void add_attempt(
	cJSON *attempts, const struct report *report, const struct report_attempt *attempt)
{
	static const char *const readings[] = {NULL, "none", "part", "whole"};
	const struct event event = {.action = attempt->action, .lane = attempt->lane};
	const struct report_rule *rule = report_rule(report, attempt->rule);
	cJSON *object = json_add_object(attempts);

	json_add_time(object, "time", attempt->started);
	json_add_number(object, "attempt", attempt->attempt);
	if (attempt->status)
		json_add_number(object, "status", attempt->status);
	else
		json_add_text(object, "status", NULL);
	json_add_text(object, "code", report_text(report, attempt, EVENT_CODE));
	json_add_text(object, "rule", rule ? rule->name : NULL);
	json_add_text(object, "action", event_action_name(&event));
	json_add_ms(object, "durationMs", attempt->ended);
	json_add_text(
		object, "read", attempt->taken <= EVENT_TAKEN ? readings[attempt->taken] : NULL);
	json_add_text(object, "lane", event_lane_name(&event));
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
		object = json_add_object(calls);
		json_add_who(object, report, &report->attempts[call->first]);
		json_add_text(object, "call",
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
		cJSON *object = json_add_object(array);

		json_add_number(object, "pid", blind->pid);
		json_add_text(object, "process", texts_get(&report->texts, blind->process));
		json_add_text(object, "host", texts_get(&report->texts, blind->host));
		json_add_text(object, "reason", texts_get(&report->texts, blind->reason));
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
		cJSON *object = json_add_object(array);

		json_add_text(object, "program", texts_get(&report->texts, program->path));
		json_add_text(object, "reason", texts_get(&report->texts, program->reason));
		json_add_number(object, "times", program->count);
	}
}

static void add_totals(cJSON *json, const struct report *report)
{
	cJSON *object = sure(cJSON_AddObjectToObject(json, "totals"));
	struct report_totals totals;

	report_totals(report, &totals);
	json_add_number(object, "calls", totals.calls);
	json_add_number(object, "attempts", totals.attempts);
	json_add_number(object, "faults", totals.faults);
	json_add_number(object, "delayed", totals.delayed);
	json_add_number(object, "failed", totals.failed);
	json_add_number(object, "recovered", totals.recovered);
	json_add_number(object, "unanswered", totals.unanswered);
	json_add_number(object, "unfinished",
		totals.attempts > totals.ended ? totals.attempts - totals.ended : 0);
	json_add_number(object, "connections", totals.connections);
	json_add_number(object, "programs", report->processes);
	json_add_number(object, "lost", report->lost + report->unkept);
	json_add_number(object, "unobserved", report->unobserved);
	json_add_number(object, "blind", report->blind_aws);
	json_add_number(object, "unfollowed", report->unfollowed);
	json_add_number(object, "unattached", report->unattached);
	json_add_number(object, "unnamed", report->unnamed);
	json_add_ms(object, "durationMs", report->over - report->begun);
}

static void add_command(cJSON *json, const struct report *report)
{
	cJSON *words = sure(cJSON_AddArrayToObject(json, "command"));

	for (int i = 0; report->command && report->command[i]; i++)
		cJSON_AddItemToArray(words, sure(cJSON_CreateString(report->command[i])));
	if (report->has_status && WIFEXITED(report->status))
		json_add_number(json, "exit", (uint64_t)WEXITSTATUS(report->status));
	else
		json_add_text(json, "exit", NULL);
	if (report->has_status && WIFSIGNALED(report->status))
		json_add_number(json, "signal", (uint64_t)WTERMSIG(report->status));
	else
		json_add_text(json, "signal", NULL);
}

static void add_verdicts(cJSON *json, const struct verdict *verdicts, size_t count)
{
	cJSON *array = sure(cJSON_AddArrayToObject(json, "expectations"));

	for (size_t i = 0; i < count; i++) {
		cJSON *object = json_add_object(array);

		json_add_text(object, "expected", verdicts[i].expected);
		sure(cJSON_AddBoolToObject(object, "met", verdicts[i].is_met));
		json_add_text(object, "got", verdicts[i].got);
		json_add_text(object, "look", verdicts[i].look);
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

	json_add_text(json, "version", CHAOS_VERSION);
	json_add_time(json, "begun", report->begun);
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_json.h"

#include "control/memory.h"
#include "json_add.h"

/* Groups and findings are of all calls. */
#define CALLS_MAX 10000

/* ---- calls ---- */

static void add_attempts(cJSON *json, const struct ledger *ledger, const struct ledger_call *call)
{
	cJSON *attempts = sure(cJSON_AddArrayToObject(json, "attempts"));
	const struct report_attempt *before = NULL;

	for (uint32_t i = call->first; i != REPORT_NONE; i = ledger->next[i]) {
		const struct report_attempt *attempt = ledger_attempt(ledger, i);
		const struct report_rule *rule = report_rule(ledger->report, attempt->rule);
		cJSON *object = json_add_object(attempts);

		json_add_time(object, "time", attempt->started);
		if (before)
			json_add_ms(object, "pauseMs", ledger_pause(before, attempt));
		else
			json_add_text(object, "pauseMs", NULL);
		json_add_ms(object, "durationMs", attempt->ended);
		if (attempt->status)
			json_add_number(object, "status", attempt->status);
		else
			json_add_text(object, "status", NULL);
		json_add_text(object, "code", report_text(ledger->report, attempt, EVENT_CODE));
		json_add_text(
			object, "outcome", retry_outcome_name(ledger_outcome(ledger, attempt)));
		json_add_text(object, "rule", rule ? rule->name : NULL);
		before = attempt;
	}
}

static void add_call(cJSON *calls, const struct ledger *ledger, const struct ledger_call *call)
{
	const struct report_attempt *first = ledger_attempt(ledger, call->first);
	cJSON *object = json_add_object(calls), *findings;

	json_add_who(object, ledger->report, first);
	json_add_text(object, "call", report_text(ledger->report, first, EVENT_INVOCATION));
	json_add_text(object, "sdk", report_text(ledger->report, first, EVENT_SDK));
	json_add_text(object, "mode", report_text(ledger->report, first, EVENT_MODE));
	json_add_text(object, "pattern", retry_pattern_name(call->pattern));
	sure(cJSON_AddBoolToObject(object, "failed", call->end != RETRY_SUCCEEDED));
	add_attempts(object, ledger, call);
	findings = sure(cJSON_AddArrayToObject(object, "findings"));
	for (int i = 0; i < LEDGER_FINDINGS; i++)
		if (call->findings & 1u << i)
			cJSON_AddItemToArray(
				findings, sure(cJSON_CreateString(ledger_finding_name(i))));
}

/* ---- groups ---- */

static void add_pauses(cJSON *json, const struct ledger_group *group)
{
	cJSON *pauses = sure(cJSON_AddArrayToObject(json, "pauses"));

	for (int i = 0; i < RETRY_STEPS && group->steps[i].count; i++) {
		const struct retry_step *step = &group->steps[i];
		cJSON *object = json_add_object(pauses);

		json_add_number(object, "retries", step->count);
		json_add_ms(object, "leastMs", step->least);
		json_add_ms(object, "meanMs", step->sum / step->count);
		json_add_ms(object, "mostMs", step->most);
	}
}

static void add_documented(cJSON *json, const struct ledger_group *group, const char *service)
{
	cJSON *object, *pauses;
	int attempts;

	if (!group->documented) {
		json_add_text(json, "documented", NULL);
		return;
	}
	attempts = retry_attempts(group->documented, service);
	object = sure(cJSON_AddObjectToObject(json, "documented"));
	json_add_text(object, "mode", group->documented->name);
	json_add_number(object, "attempts", (uint64_t)attempts);
	pauses = sure(cJSON_AddArrayToObject(object, "pausesMostMs"));
	for (int i = 1; i < attempts; i++)
		cJSON_AddItemToArray(
			pauses, sure(cJSON_CreateNumber(retry_pause_max(
					group->documented, service, group->trouble, (unsigned)i))));
	json_add_text(object, "differs", group->why);
}

static void add_group(cJSON *groups, const struct ledger *ledger, const struct ledger_group *group)
{
	const struct report_attempt *sample = ledger_attempt(ledger, group->sample);
	const char *service = report_text(ledger->report, sample, EVENT_SERVICE);
	cJSON *object = json_add_object(groups);

	json_add_text(object, "sdk", report_text(ledger->report, sample, EVENT_SDK));
	json_add_text(object, "mode", report_text(ledger->report, sample, EVENT_MODE));
	json_add_text(object, "service", service);
	json_add_text(object, "outcome", retry_outcome_name(group->trouble));
	json_add_number(object, "calls", group->calls);
	json_add_number(object, "attempts", group->attempts);
	json_add_number(object, "attemptsMost", group->most);
	json_add_number(object, "failed", group->failed);
	json_add_ms(object, "waitedMs", group->waited);
	json_add_text(object, "pattern", retry_pattern_name(group->pattern));
	add_pauses(object, group);
	add_documented(object, group, service);
}

/* ---- what is said ---- */

static void add_said(cJSON *findings, const struct ledger *ledger, const struct ledger_said *said)
{
	const struct report_attempt *first =
		ledger_attempt(ledger, ledger->calls[said->sample].first);
	cJSON *object = json_add_object(findings);
	char text[LEDGER_TEXT_MAX];

	ledger_explain(ledger, said, text);
	json_add_text(object, "finding", ledger_finding_name(said->finding));
	json_add_number(object, "calls", said->calls);
	json_add_who(object, ledger->report, first);
	json_add_time(object, "time", first->started);
	json_add_text(object, "text", text);
	json_add_text(object, "remedy", ledger_remedy(said->finding));
}

cJSON *ledger_json(const struct ledger *ledger)
{
	cJSON *json = sure(cJSON_CreateObject());
	cJSON *calls = sure(cJSON_AddArrayToObject(json, "calls"));
	cJSON *groups = sure(cJSON_AddArrayToObject(json, "groups"));
	cJSON *findings = sure(cJSON_AddArrayToObject(json, "findings"));

	for (uint32_t i = 0, count = 0; i < ledger->call_count && count < CALLS_MAX; i++) {
		if (ledger->calls[i].group == REPORT_NONE)
			continue;
		add_call(calls, ledger, &ledger->calls[i]);
		count++;
	}
	for (uint32_t i = 0; i < ledger->group_count; i++)
		add_group(groups, ledger, &ledger->groups[i]);
	for (uint32_t i = 0; i < ledger->said_count; i++)
		add_said(findings, ledger, &ledger->said[i]);
	return json;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "look.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/event_json.h"
#include "missed.h"
#include "operations.h"
#include "shim/memory/table.h"
#include "style.h"

bool look_names(const struct expectation *expectation, const char *service, const char *operation)
{
	return (!expectation->service ||
		       table_glob_matches(span_of(expectation->service), span_of(service))) &&
	       (!expectation->operation ||
		       table_glob_matches(span_of(expectation->operation), span_of(operation)));
}

bool look_is_about(const struct report *report, const struct expectation *expectation,
	const struct report_attempt *attempt)
{
	const struct report_rule *rule;

	if (expectation->subject != EXPECT_RULE)
		return look_names(expectation, report_text(report, attempt, EVENT_SERVICE),
			report_text(report, attempt, EVENT_OPERATION));
	rule = attempt->action & EVENT_ERROR ? report_rule(report, attempt->rule) : NULL;
	return rule && strcmp(rule->name, expectation->rule) == 0;
}

uint64_t look_length(const struct report *report, const struct report_call *call)
{
	uint64_t length = call->attempts;

	for (uint32_t i = call->first; i != REPORT_NONE; i = report->attempts[i].next)
		if (report->attempts[i].attempt > length)
			length = report->attempts[i].attempt;
	return length;
}

const struct report_call *look_longest(
	const struct report *report, const struct expectation *expectation)
{
	const struct report_call *longest = NULL;

	for (uint32_t i = 0; i < report->call_count; i++) {
		const struct report_call *call = &report->calls[i];

		if (look_is_about(report, expectation, &report->attempts[call->first]) &&
			(!longest || look_length(report, call) > look_length(report, longest)))
			longest = call;
	}
	return longest;
}

static void name_attempt(
	const struct report *report, const struct report_attempt *attempt, char *out, size_t cap)
{
	time_t seconds = (time_t)(event_wall_time(attempt->started) / 1000000000);
	const char *resource = report_text(report, attempt, EVENT_RESOURCE),
		   *code = report_text(report, attempt, EVENT_CODE);
	char name[REPORT_NAME_MAX], clock[16], status[8] = "";
	struct tm parts;

	localtime_r(&seconds, &parts);
	strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
	if (attempt->status)
		snprintf(status, sizeof(status), "%u", attempt->status);
	snprintf(out, cap, "%s%s%s, %s%s%s, pid %u at %s.%03" PRIu64,
		report_operation(report, attempt, name), *resource ? " " : "", resource,
		*status ? status : "no answer", *code ? " " : "", code, attempt->pid, clock,
		event_wall_time(attempt->started) / 1000000 % 1000);
}

static void name_call(
	const struct report *report, const struct report_call *call, char *out, size_t cap)
{
	char attempt[768], count[STYLE_COUNT_MAX];

	name_attempt(report, &report->attempts[call->last], attempt, sizeof(attempt));
	if (look_length(report, call) > 1)
		snprintf(out, cap, "the last of %s: %s",
			style_count(look_length(report, call), "attempt", count), attempt);
	else
		snprintf(out, cap, "%s", attempt);
}

/* ---- by measure ---- */

static bool is_wanted(const struct report_attempt *attempt, const struct expect_term *term)
{
	switch (term->measure) {
	case EXPECT_FAULTS:
	case EXPECT_PLANNED:
	case EXPECT_MATCHED:
		return attempt->action & EVENT_ERROR;
	case EXPECT_DELIVERED:
	case EXPECT_TAKEN:
		return attempt->action & EVENT_ERROR && attempt->taken != EVENT_TAKEN;
	case EXPECT_DELAYED:
		return attempt->action & EVENT_DELAY;
	case EXPECT_UNANSWERED:
		return !attempt->status || attempt->end == EVENT_CUT;
	case EXPECT_STATUS:
		return attempt->status == term->status;
	case EXPECT_RECOVERED:
		return attempt->attempt > 1 && report_attempt_succeeded(attempt);
	default:
		return true;
	}
}

static const struct report_attempt *find_first(
	const struct report *report, const struct expectation *expectation)
{
	for (uint32_t i = 0; i < report->attempt_count; i++)
		if (is_wanted(&report->attempts[i], &expectation->left) &&
			look_is_about(report, expectation, &report->attempts[i]))
			return &report->attempts[i];
	return NULL;
}

static const struct report_attempt *find_slowest(
	const struct report *report, const struct expectation *expectation)
{
	const struct report_attempt *slowest = NULL;

	for (uint32_t i = 0; i < report->attempt_count; i++) {
		const struct report_attempt *attempt = &report->attempts[i];

		if (look_is_about(report, expectation, attempt) &&
			(!slowest || attempt->ended > slowest->ended))
			slowest = attempt;
	}
	return slowest;
}

static const struct report_call *find_failed(
	const struct report *report, const struct expectation *expectation)
{
	for (uint32_t i = 0; i < report->call_count; i++)
		if (report_call_failed(&report->calls[i]) &&
			look_is_about(
				report, expectation, &report->attempts[report->calls[i].first]))
			return &report->calls[i];
	return NULL;
}

static const struct report_rule *find_rule(
	const struct report *report, const struct expectation *expectation)
{
	for (uint32_t i = 0; i < report->rule_count; i++)
		if (!expectation->rule || strcmp(report->rules[i].name, expectation->rule) == 0)
			return &report->rules[i];
	return NULL;
}

/* Nothing is there that could be pointed at: why not? */
static void look_for_absence(
	const struct report *report, const struct expectation *expectation, char *out, size_t cap)
{
	const struct report_rule *rule = find_rule(report, expectation);

	if (expectation->left.measure == EXPECT_CALLS ||
		expectation->left.measure == EXPECT_REQUESTS || !report->attempt_count)
		look_operations(report, out, cap);
	else if (rule && !rule->matched)
		look_missed(report, rule, out, cap);
	else if (!rule && expectation->left.measure == EXPECT_FAULTS)
		snprintf(out, cap, "no rule was in force");
}

void look_for(
	const struct report *report, const struct expectation *expectation, char *out, size_t cap)
{
	const struct report_attempt *attempt = NULL;
	const struct report_call *call = NULL;

	*out = '\0';
	if (expectation->left.measure == EXPECT_ATTEMPTS)
		call = look_longest(report, expectation);
	else if (expectation->left.measure == EXPECT_FAILED)
		call = find_failed(report, expectation);
	else if (expect_is_duration(expectation->left.measure))
		attempt = find_slowest(report, expectation);
	else
		attempt = find_first(report, expectation);
	if (call)
		name_call(report, call, out, cap);
	else if (attempt)
		name_attempt(report, attempt, out, cap);
	else
		look_for_absence(report, expectation, out, cap);
}

/* ---- what there is ---- */

static size_t add(char *out, size_t cap, size_t len, const char *text)
{
	int more =
		len + 4 < cap ? snprintf(out + len, cap - len, "%s%s", len ? ", " : "", text) : 0;

	return len + (size_t)more < cap ? len + (size_t)more : cap - 1;
}

void look_rules(const struct report *report, char *out, size_t cap)
{
	char names[768] = "";
	size_t len = 0;

	for (uint32_t i = 0; i < report->rule_count && i < 8; i++)
		len = add(names, sizeof(names), len, report->rules[i].name);
	if (report->rule_count)
		snprintf(out, cap, "the rules that there were: %s%s", names,
			report->rule_count > 8 ? ", …" : "");
	else
		snprintf(out, cap, "there was no rule");
}

void look_operations(const struct report *report, char *out, size_t cap)
{
	char names[768] = "", name[STATS_NAME_MAX];
	size_t len = 0;
	uint32_t count;
	struct stats_operation *all = operations_all(report, &count);

	for (uint32_t i = 0; i < count && i < 8; i++)
		len = add(names, sizeof(names), len, operations_name(&all[i], name));
	free(all);
	if (count)
		snprintf(out, cap, "the calls that were seen: %s%s", names, count > 8 ? ", …" : "");
	else
		snprintf(out, cap,
			"'chaos-run doctor COMMAND', which tells what stands in the way: no call "
			"to AWS was seen");
}

void look_missed(const struct report *report, const struct report_rule *rule, char *out, size_t cap)
{
	struct missed missed;
	char name[REPORT_NAME_MAX];

	if (!missed_find(report, rule, &missed))
		snprintf(out, cap, "%s matched, but its dice said no", rule->name);
	else if (missed.nearest)
		snprintf(out, cap, "%s: nearest was %s; %s", rule->name,
			report_operation(report, missed.nearest, name), missed.why);
	else
		snprintf(out, cap, "%s: %s", rule->name, missed.why);
}

void look_untaken(
	const struct report *report, const struct report_rule *rule, char *out, size_t cap)
{
	for (uint32_t i = 0; i < report->attempt_count; i++) {
		const struct report_attempt *attempt = &report->attempts[i];

		if (attempt->rule != rule->id || !(attempt->action & EVENT_ERROR) ||
			attempt->taken == EVENT_TAKEN)
			continue;
		name_attempt(report, attempt, out, cap);
		return;
	}
	snprintf(out, cap, "%s: %" PRIu64 " planned, %" PRIu64 " taken", rule->name, rule->planned,
		rule->taken);
}

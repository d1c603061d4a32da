/* SPDX-License-Identifier: Apache-2.0 */
#include "missed.h"

#include <string.h>

#include "control/names.h"
#include "shim/memory/table.h"

/* So many different calls are looked at for each rule. */
#define CALLS_MAX 4096

#define FAR 20

static bool matches(const char *wanted, const char *text)
{
	return !wanted || table_glob_matches(span_of(wanted), span_of(text));
}

/* One of the services that the wire cannot tell apart? */
static bool matches_service(const char *wanted, const char *service, const char *also)
{
	if (matches(wanted, service))
		return true;
	while (*also) {
		struct span one = {also, strcspn(also, ",")};

		if (table_glob_matches(span_of(wanted), one))
			return true;
		also += one.len + (also[one.len] == ',');
	}
	return false;
}

/* In the order of rules_differs(). */
static const char *differs(const struct report *report, const struct report_rule *rule,
	const struct report_attempt *attempt)
{
	if (!matches_service(rule->service, report_text(report, attempt, EVENT_SERVICE),
		    report_text(report, attempt, EVENT_ALSO)))
		return "service";
	if (!matches(rule->region, report_text(report, attempt, EVENT_REGION)))
		return "region";
	if (!matches(rule->operation, report_text(report, attempt, EVENT_OPERATION)))
		return "operation";
	return NULL;
}

static const char *wanted_of(const struct report_rule *rule, const char *field)
{
	return *field == 's' ? rule->service : *field == 'r' ? rule->region : rule->operation;
}

static const char *had_of(
	const struct report *report, const struct report_attempt *attempt, const char *field)
{
	return report_text(report, attempt,
		*field == 's'	? EVENT_SERVICE
		: *field == 'r' ? EVENT_REGION
				: EVENT_OPERATION);
}

/* The smaller the nearer: the later a field differs, and the fewer letters of it. */
static int distance(const struct report *report, const struct report_rule *rule,
	const struct report_attempt *attempt, const char *field)
{
	int rank = !field ? 0 : *field == 'o' ? 1 : *field == 'r' ? 2 : 3;

	if (!field)
		return 0;
	return rank * 2 * FAR + names_distance(span_of(wanted_of(rule, field)),
					span_of(had_of(report, attempt, field)), FAR);
}

static bool is_same_call(const struct report_attempt *a, const struct report_attempt *b)
{
	return b && a->texts[EVENT_SERVICE] == b->texts[EVENT_SERVICE] &&
	       a->texts[EVENT_OPERATION] == b->texts[EVENT_OPERATION] &&
	       a->texts[EVENT_REGION] == b->texts[EVENT_REGION];
}

static void find_nearest(
	const struct report *report, const struct report_rule *rule, struct missed *missed)
{
	const struct report_attempt *before = NULL;
	int least = -1, looked = 0;

	for (uint32_t i = 0; i < report->attempt_count && looked < CALLS_MAX; i++) {
		const struct report_attempt *attempt = &report->attempts[i];
		const char *field;
		int far;

		if (is_same_call(attempt, before))
			continue;
		before = attempt;
		looked++;
		field = differs(report, rule, attempt);
		far = distance(report, rule, attempt, field);
		if (least >= 0 && far >= least)
			continue;
		least = far;
		missed->nearest = attempt;
		missed->field = field;
	}
}

static void explain(
	const struct report *report, const struct report_rule *rule, struct missed *missed)
{
	const struct report_attempt *nearest = missed->nearest;
	const struct report_rule *other = nearest ? report_rule(report, nearest->rule) : NULL;
	const char *had;

	if (!nearest) {
		snprintf(missed->why, sizeof(missed->why), "no call to AWS was seen");
		return;
	}
	if (!missed->field) {
		snprintf(missed->why, sizeof(missed->why), "%s%s",
			other		     ? "another rule answered first: "
			: report->was_paused ? "the rules were paused"
					     : "it was not in force when the call was made",
			other ? other->name : "");
		return;
	}
	had = had_of(report, nearest, missed->field);
	snprintf(missed->why, sizeof(missed->why),
		"the %s differs: the rule says %s, the call %s%s", missed->field,
		wanted_of(rule, missed->field), *had ? "had " : "does not tell it", had);
}

bool missed_find(const struct report *report, const struct report_rule *rule, struct missed *missed)
{
	*missed = (struct missed){0};
	if (rule->matched)
		return false;
	find_nearest(report, rule, missed);
	explain(report, rule, missed);
	return true;
}

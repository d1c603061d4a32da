/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdlib.h>

#include "control/stats.h"

const char *report_text(
	const struct report *report, const struct report_attempt *attempt, enum event_text which)
{
	return texts_get(&report->texts, attempt->texts[which]);
}

static const char *known(const char *text)
{
	return *text ? text : "?";
}

const char *report_operation(const struct report *report, const struct report_attempt *attempt,
	char name[REPORT_NAME_MAX])
{
	snprintf(name, REPORT_NAME_MAX, "%s.%s", known(report_text(report, attempt, EVENT_SERVICE)),
		known(report_text(report, attempt, EVENT_OPERATION)));
	return name;
}

/* As operations_end() counts. */
bool report_attempt_succeeded(const struct report_attempt *attempt)
{
	return attempt->status && attempt->status < 400 && attempt->end == EVENT_WHOLE;
}

const struct report_rule *report_rule(const struct report *report, uint64_t id)
{
	for (uint32_t i = 0; id && i < report->rule_count; i++)
		if (report->rules[i].id == id)
			return &report->rules[i];
	return NULL;
}

void report_totals(const struct report *report, struct report_totals *totals)
{
	struct stats_operation stats;

	*totals = (struct report_totals){.connections = atomic_load(&report->counted->connections)};
	for (uint32_t place = 0; place < OPERATIONS; place++) {
		if (!stats_read(report->counted, place, &stats))
			continue;
		totals->calls += stats.calls;
		totals->attempts += stats.attempts;
		totals->ended += stats.ended;
		totals->faults += stats.faults;
		totals->delayed += stats.delayed;
		totals->failed += stats.failed;
		totals->recovered += stats.recovered;
		totals->unanswered += stats.unanswered;
	}
}

static void free_rules(struct report *report)
{
	for (uint32_t i = 0; i < report->rule_count; i++) {
		struct report_rule *rule = &report->rules[i];

		free(rule->name);
		free(rule->json);
		free(rule->service);
		free(rule->region);
		free(rule->operation);
	}
	free(report->rules);
}

void report_free(struct report *report)
{
	free_rules(report);
	texts_free(&report->texts);
	free(report->attempts);
	free(report->calls);
	free(report->blind);
	free(report->programs);
	free(report->counted);
	*report = (struct report){0};
}

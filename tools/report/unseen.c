/* SPDX-License-Identifier: Apache-2.0 */
#include "unseen.h"

#include <stdarg.h>
#include <inttypes.h>

#include "style.h"

struct lines {
	void (*told)(void *context, const char *line);
	void *context;
	uint32_t count;
};

__attribute__((format(printf, 2, 3))) static void tell(struct lines *lines, const char *format, ...)
{
	va_list arguments;
	char line[1024];

	lines->count++;
	if (!lines->told)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	lines->told(lines->context, line);
}

static void tell_of_programs(const struct report *report, struct lines *lines)
{
	uint64_t named = 0;
	char count[STYLE_COUNT_MAX];

	for (uint32_t i = 0; i < report->program_count; i++) {
		const struct report_program *program = &report->programs[i];

		tell(lines, "%s %s (begun %s)", texts_get(&report->texts, program->path),
			texts_get(&report->texts, program->reason),
			style_count(program->count, "time", count));
		named += program->count;
	}
	if (report->unfollowed > named)
		tell(lines, "%s could not be followed",
			style_count(report->unfollowed - named, "other program", count));
	if (report->unattached)
		tell(lines, "%s could not be given the rules",
			style_count(report->unattached, "program", count));
}

static void tell_of_events(const struct report *report, struct lines *lines)
{
	char count[STYLE_COUNT_MAX];

	if (report->lost)
		tell(lines, "%s not kept, for there were too many at once: %s",
			style_count(report->lost, "attempt", count),
			report->is_counted ? "the counts hold them, but lists of calls do not"
					   : "the counts lack them, too, for others used the "
					     "daemon at the same time");
	if (report->unobserved)
		tell(lines,
			"%s while programs were told not to tell: the daemon was stopped, or "
			"somebody "
			"turned observing off",
			style_count(report->unobserved, "attempt", count));
	if (report->unkept)
		tell(lines, "%s beyond the first %u: the counts hold them, lists of calls do not",
			style_count(report->unkept, "attempt", count), REPORT_ATTEMPTS_MAX);
}

static void tell_of_calls(const struct report *report, struct lines *lines)
{
	struct report_totals totals;
	char count[STYLE_COUNT_MAX];

	report_totals(report, &totals);
	if (totals.attempts > totals.ended)
		tell(lines, "%s without an end%s",
			style_count(totals.attempts - totals.ended, "attempt", count),
			report->is_alive ? ": they go on" : ": the program was killed meanwhile");
	if (report->is_alive)
		tell(lines, "programs that the command has begun go on; what they do from now on "
			    "is not in here");
	if (report->unnamed)
		tell(lines, "%s of which the model does not know the name",
			style_count(report->unnamed, "call", count));
}

static void tell_of_rules(const struct report *report, struct lines *lines)
{
	char count[STYLE_COUNT_MAX];

	if (report->is_shared && report->rule_count)
		tell(lines, "how many calls each rule matched: others used the daemon at the same "
			    "time, and their calls count, too");
	if (report->rules_forgotten)
		tell(lines, "%s came and went, and the daemon keeps the last ones alone",
			style_count(report->rules_forgotten, "rule", count));
}

static void tell_of_pause(const struct report *report, struct lines *lines)
{
	if (report->was_paused)
		tell(lines, "the rules were paused for some of the time, and none was tried then; "
			    "'chaos-ctl resume' ends a pause");
}

uint32_t unseen_each(
	const struct report *report, void (*told)(void *context, const char *line), void *context)
{
	struct lines lines = {told, context, 0};

	tell_of_pause(report, &lines);
	tell_of_programs(report, &lines);
	tell_of_events(report, &lines);
	tell_of_calls(report, &lines);
	tell_of_rules(report, &lines);
	tell_of_pause(report, &lines);
	return lines.count;
}

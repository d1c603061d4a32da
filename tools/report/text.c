/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "control/stats.h"
#include "control/utf8.h"
#include "missed.h"
#include "operations.h"
#include "style.h"
#include "tools/blind.h"
#include "unseen.h"

#define FAILED_MAX 10 /* calls that are listed; the files hold more */
#define MISSED_MAX 10
#define RULES_MAX  20
#define BLIND_MAX  10

#define WRITTEN_MAX 120u /* bytes of a rule */

struct page {
	FILE *out;
	bool colours;
	const struct report *report;
};

static void title(const struct page *page, const char *text)
{
	fprintf(page->out, "\n%s%s%s\n", style_begin(page->colours, STYLE_BOLD), text,
		style_end(page->colours, STYLE_BOLD));
}

static void put_left(const struct page *page, const char *text, int width)
{
	int left = width - style_width(text);

	fprintf(page->out, "%s%*s", text, left > 0 ? left : 0, "");
}

/* A number that is well if it is 0. */
static void put_number(const struct page *page, uint64_t number, int width, enum style style)
{
	if (!number)
		style = STYLE_PLAIN;
	fprintf(page->out, "  %s%*" PRIu64 "%s", style_begin(page->colours, style), width, number,
		style_end(page->colours, style));
}

static void put_more(const struct page *page, uint64_t count, const char *noun)
{
	char text[STYLE_COUNT_MAX];

	if (count)
		fprintf(page->out, "  and %s more\n", style_count(count, noun, text));
}

/* ---- the first line ---- */

static void put_summary(const struct page *page)
{
	const struct report *report = page->report;
	struct report_totals totals;
	char calls[STYLE_COUNT_MAX], attempts[STYLE_COUNT_MAX], processes[STYLE_COUNT_MAX],
		faults[STYLE_COUNT_MAX], duration[STYLE_DURATION_MAX];

	report_totals(report, &totals);
	if (!totals.attempts) {
		fputs("chaos-run: no call to AWS was seen\n", page->out);
		return;
	}
	fprintf(page->out, "chaos-run: %s to AWS by %s in %s: %s, %s",
		style_count(totals.calls, "call", calls),
		style_count(report->processes, "program", processes),
		style_duration(report->over - report->begun, duration),
		style_count(totals.attempts, "attempt", attempts),
		style_count(totals.faults, "fault", faults));
	fprintf(page->out, "; %s%" PRIu64 " failed for good%s",
		style_begin(page->colours, totals.failed ? STYLE_BAD : STYLE_GOOD), totals.failed,
		style_end(page->colours, STYLE_BAD));
	if (totals.recovered)
		fprintf(page->out, ", %" PRIu64 " succeeded after a retry", totals.recovered);
	fputc('\n', page->out);
}

/* ---- operations ---- */

static void put_statuses(const struct page *page, const struct stats_operation *operation)
{
	for (int i = 0; i < OPERATION_STATUSES && operation->statuses[i].count; i++) {
		uint32_t status = operation->statuses[i].status;
		enum style style = status && status < 400 ? STYLE_GOOD : STYLE_BAD;

		fprintf(page->out, "%s%s", i ? " " : "", style_begin(page->colours, style));
		if (status)
			fprintf(page->out, "%u", status);
		else
			fputs("other", page->out);
		fprintf(page->out, "%s:%u", style_end(page->colours, style),
			operation->statuses[i].count);
	}
	if (operation->unanswered)
		fprintf(page->out, "%sno answer:%" PRIu64, operation->statuses[0].count ? " " : "",
			operation->unanswered);
}

static void put_operation(
	const struct page *page, const struct stats_operation *operation, int width)
{
	char name[STATS_NAME_MAX], p50[STYLE_DURATION_MAX], p99[STYLE_DURATION_MAX];

	fputs("  ", page->out);
	put_left(page, operations_name(operation, name), width);
	put_number(page, operation->calls, 7, STYLE_PLAIN);
	put_number(page, operation->attempts, 8, STYLE_PLAIN);
	put_number(page, operation->faults, 6, STYLE_WARNING);
	put_number(page, operation->failed, 6, STYLE_BAD);
	fprintf(page->out, "  %9s  %9s  ",
		operation->p50 ? style_duration(operation->p50, p50) : "-",
		operation->p99 ? style_duration(operation->p99, p99) : "-");
	put_statuses(page, operation);
	fputc('\n', page->out);
}

static void put_operations(const struct page *page)
{
	uint32_t count;
	struct stats_operation *all = operations_all(page->report, &count);
	char name[STATS_NAME_MAX];
	int width = 9;

	for (uint32_t i = 0; i < count; i++) {
		int one = style_width(operations_name(&all[i], name));

		width = one > width ? one : width;
	}
	if (count) {
		fprintf(page->out, "\n%s  %-*s  %7s  %8s  %6s  %6s  %9s  %9s  %s%s\n",
			style_begin(page->colours, STYLE_BOLD), width, "Operation", "Calls",
			"Attempts", "Faults", "Failed", "p50", "p99", "Answers",
			style_end(page->colours, STYLE_BOLD));
		for (uint32_t i = 0; i < count; i++)
			put_operation(page, &all[i], width);
	}
	free(all);
}

/* ---- rules ---- */

/* The files have all of it. */
static void put_written(const struct page *page, const struct report_rule *rule)
{
	size_t len = strlen(rule->json), end = 0;

	for (size_t step; end < len && end < WRITTEN_MAX; end += step)
		step = utf8_step(rule->json + end, len - end) ?: 1;
	fprintf(page->out, "  %s%.*s%s%s\n", style_begin(page->colours, STYLE_FAINT), (int)end,
		rule->json, end < len ? "..." : "", style_end(page->colours, STYLE_FAINT));
}

static void put_rule(const struct page *page, const struct report_rule *rule, int width)
{
	bool agrees = rule->planned == rule->taken;

	fputs("  ", page->out);
	put_left(page, rule->name, width);
	if (page->report->is_shared)
		fprintf(page->out, "  %7s", "?");
	else
		put_number(page, rule->matched, 7, STYLE_PLAIN);
	put_number(page, rule->planned, 7, STYLE_PLAIN);
	put_number(page, rule->delivered, 9, STYLE_PLAIN);
	put_number(page, rule->taken, 6, agrees ? STYLE_PLAIN : STYLE_WARNING);
	put_written(page, rule);
}

static void put_rules(const struct page *page)
{
	const struct report *report = page->report;
	uint32_t shown = report->rule_count < RULES_MAX ? report->rule_count : RULES_MAX;
	int width = 8;

	if (!report->rule_count)
		return;
	for (uint32_t i = 0; i < shown; i++) {
		int one = style_width(report->rules[i].name);

		width = one > width ? one : width;
	}
	fprintf(page->out, "\n%s  %-*s  %7s  %7s  %9s  %6s%s\n",
		style_begin(page->colours, STYLE_BOLD), width, "Rule", "Matched", "Planned",
		"Delivered", "Taken", style_end(page->colours, STYLE_BOLD));
	for (uint32_t i = 0; i < shown; i++)
		put_rule(page, &report->rules[i], width);
	put_more(page, report->rule_count - shown, "rule");
}

static void put_one_missed(
	const struct page *page, const struct report_rule *rule, const struct missed *missed)
{
	char name[REPORT_NAME_MAX];

	fprintf(page->out, "  %s: ", rule->name);
	if (missed->nearest)
		fprintf(page->out, "nearest was %s of pid %u; ",
			report_operation(page->report, missed->nearest, name),
			missed->nearest->pid);
	fprintf(page->out, "%s\n", missed->why);
}

static void put_missed(const struct page *page)
{
	const struct report *report = page->report;
	struct missed missed;
	uint32_t count = 0;

	for (uint32_t i = 0; i < report->rule_count; i++) {
		if (report->rules[i].matched)
			continue;
		if (count++ >= MISSED_MAX)
			continue;
		if (count == 1)
			title(page, "Rules that matched no call");
		missed_find(report, &report->rules[i], &missed);
		put_one_missed(page, &report->rules[i], &missed);
	}
	if (count > MISSED_MAX)
		put_more(page, count - MISSED_MAX, "rule");
}

/* ---- calls ---- */

static void put_failed_call(const struct page *page, const struct report_call *call)
{
	const struct report *report = page->report;
	const struct report_attempt *last = &report->attempts[call->last];
	const struct report_rule *rule =
		last->action & EVENT_ERROR ? report_rule(report, last->rule) : NULL;
	const char *code = report_text(report, last, EVENT_CODE);
	char name[REPORT_NAME_MAX], count[STYLE_COUNT_MAX];

	fprintf(page->out, "  %s", report_operation(report, last, name));
	if (*report_text(report, last, EVENT_RESOURCE))
		fprintf(page->out, " %s", report_text(report, last, EVENT_RESOURCE));
	fprintf(page->out, ": %s, ", style_count(call->attempts, "attempt", count));
	if (last->status)
		fprintf(page->out, "the last answered %u%s%s", last->status, *code ? " " : "",
			code);
	else
		fputs("the last got no answer", page->out);
	if (last->action & EVENT_ERROR)
		fprintf(page->out, " by %s", rule ? rule->name : "a rule");
	fprintf(page->out, " (pid %u)\n", last->pid);
}

static void put_failed(const struct page *page)
{
	const struct report *report = page->report;
	uint32_t count = 0;

	for (uint32_t i = 0; i < report->call_count; i++) {
		if (!report_call_failed(&report->calls[i]))
			continue;
		if (count++ >= FAILED_MAX)
			continue;
		if (count == 1)
			title(page, "Calls that failed for good");
		put_failed_call(page, &report->calls[i]);
	}
	if (count > FAILED_MAX)
		put_more(page, count - FAILED_MAX, "call");
}

/* ---- what was not seen ---- */

static void put_blind(const struct page *page)
{
	const struct report *report = page->report;
	uint32_t shown = report->blind_count < BLIND_MAX ? report->blind_count : BLIND_MAX;

	if (!report->blind_aws)
		return;
	title(page, "Connections to AWS that could not be looked into");
	for (uint32_t i = 0; i < shown; i++) {
		const struct report_blind *blind = &report->blind[i];

		fprintf(page->out, "  %s, %s (pid %u, %s)\n",
			texts_get(&report->texts, blind->host),
			blind_words(texts_get(&report->texts, blind->reason)), blind->pid,
			texts_get(&report->texts, blind->process));
	}
	put_more(page, report->blind_count - shown, "host");
}

static void put_unseen_line(void *context, const char *line)
{
	const struct page *page = context;

	fprintf(page->out, "  %s\n", line);
}

static void put_unseen(struct page *page)
{
	if (!unseen_each(page->report, NULL, NULL))
		return;
	title(page, "What was not seen");
	unseen_each(page->report, put_unseen_line, page);
}

void text_write(FILE *out, bool colours, const struct report *report)
{
	struct page page = {out, colours, report};

	put_summary(&page);
	put_operations(&page);
	put_rules(&page);
	put_failed(&page);
	put_missed(&page);
	put_blind(&page);
	put_unseen(&page);
	fflush(out);
}

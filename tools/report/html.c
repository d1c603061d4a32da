/* SPDX-License-Identifier: Apache-2.0 */
#include "html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "markup.h"
#include "missed.h"
#include "operations.h"
#include "page.h"
#include "style.h"
#include "timeline.h"
#include "tools/blind.h"
#include "unseen.h"

/* Rows of the longest tables; the JSON has all. */
#define CALLS_MAX 1000u
#define RULES_MAX 1000u

static void put_number(FILE *out, uint64_t number, const char *class)
{
	fprintf(out, "<td class=\"number%s%s\">%" PRIu64 "</td>", number && *class ? " " : "",
		number ? class : "", number);
}

static void put_cell(FILE *out, const char *text)
{
	fputs("<td>", out);
	markup_text(out, text);
	fputs("</td>", out);
}

static void put_code_cell(FILE *out, const char *text)
{
	fputs("<td><code>", out);
	markup_text(out, text);
	fputs("</code></td>", out);
}

/* ---- what it is about ---- */

static void put_end(FILE *out, const struct report *report)
{
	if (!report->has_status)
		fputs("chaos-run ended before it", out);
	else if (WIFSIGNALED(report->status))
		fprintf(out, "ended by signal %d", WTERMSIG(report->status));
	else
		fprintf(out, "ended with %d", WEXITSTATUS(report->status));
}

static void put_head(FILE *out, const struct report *report)
{
	fputs("<header><h1>chaos-run</h1><p><code>", out);
	for (int i = 0; report->command && report->command[i]; i++) {
		fputs(i ? " " : "", out);
		markup_text(out, report->command[i]);
	}
	fputs("</code> ", out);
	put_end(out, report);
	fputs("</p></header>\n", out);
}

static void put_tile(FILE *out, uint64_t number, const char *name, const char *class)
{
	fprintf(out, "<div class=\"tile %s\"><b>%" PRIu64 "</b><span>%s</span></div>",
		number ? class : "", number, name);
}

static void put_tiles(FILE *out, const struct report *report)
{
	struct report_totals totals;

	report_totals(report, &totals);
	fputs("<section class=\"tiles\">", out);
	put_tile(out, totals.calls, "calls", "");
	put_tile(out, totals.attempts, "attempts", "");
	put_tile(out, totals.faults, "faults", "fault");
	put_tile(out, totals.recovered, "succeeded after a retry", "good");
	put_tile(out, totals.failed, "failed for good", "bad");
	put_tile(out, report->blind_aws, "not looked into", "bad");
	fputs("</section>\n", out);
}

/* ---- tables ---- */

static void put_verdicts(FILE *out, const struct verdict *verdicts, size_t count)
{
	if (!count)
		return;
	fputs("<section><h2>Expectations</h2><table><thead><tr><th></th><th>Expected</th>"
	      "<th>Got</th><th>Where to look</th></tr></thead><tbody>\n",
		out);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "<tr><td class=\"%s\">%s</td>", verdicts[i].is_met ? "good" : "bad",
			verdicts[i].is_met ? "met" : "missed");
		put_code_cell(out, verdicts[i].expected);
		put_cell(out, verdicts[i].got);
		put_cell(out, verdicts[i].look);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></section>\n", out);
}

static void put_statuses(FILE *out, const struct stats_operation *operation)
{
	fputs("<td>", out);
	for (int i = 0; i < OPERATION_STATUSES && operation->statuses[i].count; i++) {
		uint32_t status = operation->statuses[i].status;

		fprintf(out, "<span class=\"%s\">", status && status < 400 ? "good" : "bad");
		if (status)
			fprintf(out, "%u", status);
		else
			fputs("other", out);
		fprintf(out, "</span>&nbsp;×&nbsp;%u ", operation->statuses[i].count);
	}
	if (operation->unanswered)
		fprintf(out, "<span class=\"bad\">no answer</span>&nbsp;×&nbsp;%" PRIu64,
			operation->unanswered);
	fputs("</td>", out);
}

static void put_operations(FILE *out, const struct report *report)
{
	uint32_t count;
	struct stats_operation *all = operations_all(report, &count);
	char name[STATS_NAME_MAX], text[STYLE_DURATION_MAX];

	fputs("<section><h2>Operations</h2><table><thead><tr><th>Operation</th><th "
	      "class=\"number\">Calls</th>"
	      "<th class=\"number\">Attempts</th><th class=\"number\">Faults</th><th "
	      "class=\"number\">Failed</th><th class=\"number\">p50</th><th "
	      "class=\"number\">p99</th>"
	      "<th>Answers</th></tr></thead><tbody>\n",
		out);
	for (uint32_t i = 0; i < count; i++) {
		fputs("<tr>", out);
		put_cell(out, operations_name(&all[i], name));
		put_number(out, all[i].calls, "");
		put_number(out, all[i].attempts, "");
		put_number(out, all[i].faults, "fault");
		put_number(out, all[i].failed, "bad");
		fprintf(out, "<td class=\"number\">%s</td>", style_duration(all[i].p50, text));
		fprintf(out, "<td class=\"number\">%s</td>", style_duration(all[i].p99, text));
		put_statuses(out, &all[i]);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></section>\n", out);
	free(all);
}

static void put_rule(FILE *out, const struct report *report, const struct report_rule *rule)
{
	struct missed missed;
	char name[REPORT_NAME_MAX];

	fputs("<tr>", out);
	put_cell(out, rule->name);
	if (report->is_shared)
		fputs("<td class=\"number\">?</td>", out);
	else
		put_number(out, rule->matched, "");
	put_number(out, rule->planned, "");
	put_number(out, rule->delivered, "");
	put_number(out, rule->taken, rule->planned == rule->taken ? "" : "fault");
	fputs("<td><code>", out);
	markup_text(out, rule->json);
	fputs("</code>", out);
	if (missed_find(report, rule, &missed)) {
		fputs("<br><span class=\"note\">matched no call; ", out);
		if (missed.nearest) {
			fputs("nearest was ", out);
			markup_text(out, report_operation(report, missed.nearest, name));
			fputs("; ", out);
		}
		markup_text(out, missed.why);
		fputs("</span>", out);
	}
	fputs("</td></tr>\n", out);
}

static void put_rules(FILE *out, const struct report *report)
{
	if (!report->rule_count)
		return;
	fputs("<section><h2>Rules</h2><table><thead><tr><th>Rule</th><th "
	      "class=\"number\">Matched</th>"
	      "<th class=\"number\">Planned</th><th class=\"number\">Delivered</th><th "
	      "class=\"number\">Taken</th><th></th></tr></thead><tbody>\n",
		out);
	for (uint32_t i = 0; i < report->rule_count && i < RULES_MAX; i++)
		put_rule(out, report, &report->rules[i]);
	fputs("</tbody></table></section>\n", out);
}

static void put_attempts(FILE *out, const struct report *report, const struct report_call *call)
{
	char text[STYLE_DURATION_MAX];

	fputs("<td>", out);
	for (uint32_t i = call->first; i != REPORT_NONE; i = report->attempts[i].next) {
		const struct report_attempt *attempt = &report->attempts[i];

		fprintf(out, "<span class=\"%s\">", timeline_class(attempt));
		if (attempt->status)
			fprintf(out, "%u ", attempt->status);
		else
			fputs("no answer ", out);
		markup_text(out, report_text(report, attempt, EVENT_CODE));
		fprintf(out, "</span> <span class=\"note\">%s</span><br>",
			style_duration(attempt->ended, text));
	}
	fputs("</td>", out);
}

static void put_call(FILE *out, const struct report *report, const struct report_call *call)
{
	const struct report_attempt *first = &report->attempts[call->first];
	char name[REPORT_NAME_MAX];

	fputs("<tr>", out);
	put_cell(out, report_operation(report, first, name));
	put_cell(out, report_text(report, first, EVENT_RESOURCE));
	put_cell(out, report_text(report, first, EVENT_REGION));
	fprintf(out, "<td class=\"number\">%u</td>", first->pid);
	put_attempts(out, report, call);
	fputs("</tr>\n", out);
}

static void put_calls(FILE *out, const struct report *report, const char *title, bool failed)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < report->call_count; i++) {
		const struct report_call *call = &report->calls[i];

		if (report_call_failed(call) != failed || (!failed && call->attempts < 2) ||
			count++ >= CALLS_MAX)
			continue;
		if (count == 1)
			fprintf(out,
				"<section><h2>%s</h2><table><thead><tr><th>Operation</th>"
				"<th>Resource</th><th>Region</th><th>pid</th><th>Attempts</th></tr>"
				"</thead><tbody>\n",
				title);
		put_call(out, report, call);
	}
	if (count)
		fputs("</tbody></table>", out);
	if (count > CALLS_MAX)
		fprintf(out, "<p class=\"note\">and %u more</p>", count - CALLS_MAX);
	if (count)
		fputs("</section>\n", out);
}

static void put_line(void *context, const char *line)
{
	fputs("<li>", context);
	markup_text(context, line);
	fputs("</li>\n", context);
}

static void put_unseen(FILE *out, const struct report *report)
{
	if (!report->blind_count && !unseen_each(report, NULL, NULL))
		return;
	fputs("<section><h2>What was not seen</h2><ul>\n", out);
	for (uint32_t i = 0; i < report->blind_count; i++) {
		const struct report_blind *blind = &report->blind[i];

		fputs("<li>", out);
		markup_text(out, texts_get(&report->texts, blind->host));
		fprintf(out, ", %s, pid %u, ",
			blind_words(texts_get(&report->texts, blind->reason)), blind->pid);
		markup_text(out, texts_get(&report->texts, blind->process));
		fputs("</li>\n", out);
	}
	unseen_each(report, put_line, out);
	fputs("</ul></section>\n", out);
}

void html_write(
	FILE *out, const struct report *report, const struct verdict *verdicts, size_t count)
{
	fputs(page_begin, out);
	put_head(out, report);
	put_tiles(out, report);
	put_verdicts(out, verdicts, count);
	if (report->attempt_count) {
		fputs("<section><h2>Time line</h2>", out);
		fputs(page_legend, out);
		timeline_write(out, report);
		fputs("</section>\n", out);
		put_operations(out, report);
	}
	put_rules(out, report);
	put_calls(out, report, "Calls that failed for good", true);
	put_calls(out, report, "Calls that succeeded after a retry", false);
	put_unseen(out, report);
	fputs(page_end, out);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "timeline.h"

#include <stdlib.h>
#include <string.h>

#include "markup.h"
#include "style.h"

/* A page that a browser still draws at once. Further rows and attempts are told of. */
#define ROWS_MAX   60u
#define BARS_MAX   20000u
#define ROW_HEIGHT 22
#define LABELS	   230
#define WIDTH	   1000
#define MARGIN	   12
#define TICKS	   5

struct row {
	uint32_t service, operation;
};

struct line {
	FILE *out;
	const struct report *report;
	uint64_t from, span; /* nanoseconds */
	struct row rows[ROWS_MAX];
	uint32_t row_count, bars, left_out;
};

const char *timeline_class(const struct report_attempt *attempt)
{
	if (attempt->action & EVENT_ERROR)
		return "fault";
	if (!report_attempt_succeeded(attempt))
		return "bad";
	return attempt->action & EVENT_DELAY ? "slow" : "good";
}

static uint32_t row_of(const struct line *line, const struct report_attempt *attempt)
{
	uint32_t row = 0;

	while (row < line->row_count &&
		(line->rows[row].service != attempt->texts[EVENT_SERVICE] ||
			line->rows[row].operation != attempt->texts[EVENT_OPERATION]))
		row++;
	return row;
}

static void measure(struct line *line)
{
	const struct report *report = line->report;
	uint64_t until = 0;

	line->from = UINT64_MAX;
	for (uint32_t i = 0; i < report->attempt_count; i++) {
		const struct report_attempt *attempt = &report->attempts[i];
		uint64_t end = attempt->started + attempt->ended;
		uint32_t row = row_of(line, attempt);

		line->from = attempt->started < line->from ? attempt->started : line->from;
		until = end > until ? end : until;
		if (row == line->row_count && row < ROWS_MAX)
			line->rows[line->row_count++] = (struct row){
				attempt->texts[EVENT_SERVICE], attempt->texts[EVENT_OPERATION]};
	}
	line->span = until > line->from ? until - line->from : 1;
}

static double place_of(const struct line *line, uint64_t ns)
{
	return LABELS + (double)ns / (double)line->span * (WIDTH - LABELS - MARGIN);
}

static void draw_ticks(const struct line *line)
{
	int bottom = (int)line->row_count * ROW_HEIGHT;
	char text[STYLE_DURATION_MAX];

	for (int i = 0; i <= TICKS; i++) {
		uint64_t at = line->span / TICKS * (uint64_t)i;
		double x = place_of(line, at);

		fprintf(line->out,
			"<line class=\"tick\" x1=\"%.1f\" y1=\"0\" x2=\"%.1f\" y2=\"%d\"/>", x, x,
			bottom);
		fprintf(line->out,
			"<text class=\"axis\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>\n",
			x, bottom + 16,
			i == TICKS ? "end"
			: i	   ? "middle"
				   : "start",
			style_duration(at, text));
	}
}

static void draw_labels(const struct line *line)
{
	for (uint32_t i = 0; i < line->row_count; i++) {
		fprintf(line->out, "<text class=\"label\" x=\"%d\" y=\"%d\" text-anchor=\"end\">",
			LABELS - 10, (int)i * ROW_HEIGHT + 15);
		markup_text(line->out, texts_get(&line->report->texts, line->rows[i].service));
		fputc('.', line->out);
		markup_text(line->out, texts_get(&line->report->texts, line->rows[i].operation));
		fputs("</text>\n", line->out);
	}
}

static void draw_words(const struct line *line, const struct report_attempt *attempt)
{
	const struct report *report = line->report;
	const struct report_rule *rule = report_rule(report, attempt->rule);
	char name[REPORT_NAME_MAX], text[STYLE_DURATION_MAX];

	fputs("<title>", line->out);
	markup_text(line->out, report_operation(report, attempt, name));
	if (attempt->attempt)
		fprintf(line->out, ", attempt %u", attempt->attempt);
	fprintf(line->out, ", %s: ", style_duration(attempt->ended, text));
	if (attempt->status)
		fprintf(line->out, "%u ", attempt->status);
	else
		fputs("no answer", line->out);
	markup_text(line->out, report_text(report, attempt, EVENT_CODE));
	if (rule && attempt->action & EVENT_ERROR) {
		fputs(" by ", line->out);
		markup_text(line->out, rule->name);
	}
	fputs("</title>", line->out);
}

static void draw_bar(struct line *line, const struct report_attempt *attempt)
{
	uint32_t row = row_of(line, attempt);
	double from, to;

	if (row == line->row_count || line->bars == BARS_MAX) {
		line->left_out++;
		return;
	}
	line->bars++;
	from = place_of(line, attempt->started - line->from);
	to = place_of(line, attempt->started + attempt->ended - line->from);
	fprintf(line->out,
		"<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"1\">",
		timeline_class(attempt), from, (int)row * ROW_HEIGHT + 4,
		to - from < 2 ? 2 : to - from, ROW_HEIGHT - 8);
	draw_words(line, attempt);
	fputs("</rect>\n", line->out);
}

void timeline_write(FILE *out, const struct report *report)
{
	struct line line = {.out = out, .report = report};

	measure(&line);
	fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Attempts over time\">\n",
		WIDTH, (int)line.row_count * ROW_HEIGHT + 24);
	draw_ticks(&line);
	draw_labels(&line);
	for (uint32_t i = 0; i < report->attempt_count; i++)
		draw_bar(&line, &report->attempts[i]);
	fputs("</svg>\n", out);
	if (line.left_out)
		fprintf(out, "<p class=\"note\">%u more attempts are not drawn.</p>\n",
			line.left_out);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "control/event_json.h"
#include "style.h"

#define OPERATION_WIDTH 28
#define REGION_WIDTH	12
#define RESOURCE_WIDTH	16

static void put(FILE *out, const char *text, int width)
{
	int left = width - style_width(text);

	fprintf(out, "%s%*s", text, left > 0 ? left : 0, "");
}

/* When it ended, by the user's clock. */
static void put_time(FILE *out, bool colours, const struct report_attempt *attempt)
{
	uint64_t wall = event_wall_time(attempt->started + attempt->ended);
	time_t seconds = (time_t)(wall / 1000000000);
	struct tm parts;
	char text[16];

	localtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%H:%M:%S", &parts);
	fprintf(out, "%s%s.%03" PRIu64 "%s  ", style_begin(colours, STYLE_FAINT), text,
		wall / 1000000 % 1000, style_end(colours, STYLE_FAINT));
}

static void put_status(FILE *out, bool colours, const struct report_attempt *attempt)
{
	enum style style = style_of(attempt);
	char number[8] = "---", duration[STYLE_DURATION_MAX];

	if (attempt->status)
		snprintf(number, sizeof(number), "%u", attempt->status);
	fprintf(out, "%s%s%s  %8s  ", style_begin(colours, style), number,
		style_end(colours, style), style_duration(attempt->ended, duration));
}

static void put_name(
	FILE *out, bool colours, const struct report *report, const struct report_attempt *attempt)
{
	char name[REPORT_NAME_MAX], number[12] = "";

	fputs(style_begin(colours, STYLE_BOLD), out);
	put(out, report_operation(report, attempt, name), OPERATION_WIDTH);
	fputs(style_end(colours, STYLE_BOLD), out);
	if (attempt->attempt)
		snprintf(number, sizeof(number), "#%u", attempt->attempt);
	fputc(' ', out);
	put(out, number, 3);
	fputc(' ', out);
	put(out, report_text(report, attempt, EVENT_REGION), REGION_WIDTH);
	fputc(' ', out);
	put(out, report_text(report, attempt, EVENT_RESOURCE), RESOURCE_WIDTH);
}

static const char *taken_words(const struct report_attempt *attempt)
{
	static const char *const words[] = {[EVENT_NOTHING_TO_TAKE] = "",
		[EVENT_NEVER_READ] = ", never read",
		[EVENT_PARTLY_READ] = ", read in part",
		[EVENT_TAKEN] = ""};

	return attempt->taken <= EVENT_TAKEN ? words[attempt->taken] : "";
}

static void put_outcome(
	FILE *out, bool colours, const struct report *report, const struct report_attempt *attempt)
{
	const struct report_rule *rule = report_rule(report, attempt->rule);
	const char *code = report_text(report, attempt, EVENT_CODE);
	char duration[STYLE_DURATION_MAX];

	if (!attempt->status)
		code = "no answer";
	else if (attempt->end == EVENT_CUT)
		code = "cut off";
	if (*code)
		fprintf(out, "  %s", code);
	if (attempt->action & EVENT_ERROR)
		fprintf(out, "  %sby %s%s%s", style_begin(colours, STYLE_WARNING),
			rule ? rule->name : "a rule", taken_words(attempt),
			style_end(colours, STYLE_WARNING));
	if (attempt->action & EVENT_DELAY)
		fprintf(out, "  %s+%s%s", style_begin(colours, STYLE_WARNING),
			style_duration(attempt->delayed, duration),
			style_end(colours, STYLE_WARNING));
}

/* Of the first word: the file that is run. */
static const char *base_name(const char *process)
{
	const char *slash = memrchr(process, '/', strcspn(process, " "));

	return slash ? slash + 1 : process;
}

void trace_line(
	FILE *out, bool colours, const struct report *report, const struct report_attempt *attempt)
{
	const char *process = base_name(report_text(report, attempt, EVENT_PROCESS));

	put_time(out, colours, attempt);
	put_status(out, colours, attempt);
	put_name(out, colours, report, attempt);
	put_outcome(out, colours, report, attempt);
	fprintf(out, "  %s%.*s[%u]%s\n", style_begin(colours, STYLE_FAINT),
		(int)strcspn(process, " "), process, attempt->pid, style_end(colours, STYLE_FAINT));
	fflush(out);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "junit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "control/event_json.h"
#include "control/memory.h"
#include "control/utf8.h"
#include "markup.h"
#include "text.h"

#define NAME_MAX_BYTES 200

static void put_seconds(FILE *out, const struct report *report)
{
	uint64_t ns = report->over - report->begun;

	fprintf(out, " time=\"%" PRIu64 ".%03" PRIu64 "\"", ns / 1000000000, ns / 1000000 % 1000);
}

static void put_timestamp(FILE *out, const struct report *report)
{
	time_t seconds = (time_t)(event_wall_time(report->begun) / 1000000000);
	struct tm parts;
	char text[32];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	fprintf(out, " timestamp=\"%s\"", text);
}

/* A name that fits on a line of a CI server's. */
static void put_command(FILE *out, const struct report *report)
{
	char text[NAME_MAX_BYTES + 1] = "";
	size_t len = 0;

	for (int i = 0; report->command && report->command[i] && len < NAME_MAX_BYTES; i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s%s", i ? " " : "", report->command[i]);
	for (size_t at = 0, step; text[at]; at += step) {
		step = utf8_step(text + at, strlen(text + at));
		if (!step)
			text[at] = '\0';
	}
	markup_text(out, text);
	fputs(len > NAME_MAX_BYTES ? "..." : "", out);
}

static bool has_failed(const struct report *report)
{
	return !report->has_status || report->status != 0;
}

static void put_end(FILE *out, const struct report *report)
{
	if (!report->has_status)
		fputs("chaos-run ended before the command", out);
	else if (WIFSIGNALED(report->status))
		fprintf(out, "signal %d", WTERMSIG(report->status));
	else
		fprintf(out, "exit status %d", WEXITSTATUS(report->status));
}

static void put_case_of_command(FILE *out, const struct report *report)
{
	fputs("    <testcase classname=\"chaos-run\" name=\"", out);
	put_command(out, report);
	fputc('"', out);
	put_seconds(out, report);
	if (!has_failed(report)) {
		fputs("/>\n", out);
		return;
	}
	fputs(">\n      <failure type=\"command\" message=\"", out);
	put_end(out, report);
	fputs("\"/>\n    </testcase>\n", out);
}

static void put_case(FILE *out, const struct verdict *verdict)
{
	fputs("    <testcase classname=\"chaos-run.expect\" name=\"", out);
	markup_text(out, verdict->expected);
	if (verdict->is_met) {
		fputs("\" time=\"0\"/>\n", out);
		return;
	}
	fputs("\" time=\"0\">\n      <failure type=\"expectation\" message=\"expected ", out);
	markup_text(out, verdict->expected);
	fputs("; got ", out);
	markup_text(out, verdict->got);
	fputs("\">", out);
	markup_text(out, verdict->look);
	fputs("</failure>\n    </testcase>\n", out);
}

static void put_text(FILE *out, const struct report *report)
{
	char *text;
	size_t len;
	FILE *memory = sure(open_memstream(&text, &len));

	text_write(memory, false, report);
	fclose(memory);
	fputs("    <system-out>", out);
	markup_text(out, sure(text));
	fputs("</system-out>\n", out);
	free(text);
}

void junit_write(
	FILE *out, const struct report *report, const struct verdict *verdicts, size_t count)
{
	size_t failures = has_failed(report);

	for (size_t i = 0; i < count; i++)
		failures += !verdicts[i].is_met;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite "
	      "name=\"chaos-run\"",
		out);
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\"", count + 1,
		failures);
	put_timestamp(out, report);
	put_seconds(out, report);
	fputs(">\n", out);
	put_case_of_command(out, report);
	for (size_t i = 0; i < count; i++)
		put_case(out, &verdicts[i]);
	put_text(out, report);
	fputs("  </testsuite>\n</testsuites>\n", out);
}

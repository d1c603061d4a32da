/* SPDX-License-Identifier: Apache-2.0 */
/* Lints in words and as JSON. */
#include "lints.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "control/event_json.h"
#include "control/memory.h"
#include "json_add.h"
#include "style.h"

#define TEXT_MAX 256

const char *lint_name(enum lint_kind kind)
{
	static const char *const names[] = {"asked again and again", "polling without back-off",
		"short polling", "upload left open", "messages never deleted"};

	return names[kind];
}

static const char *remedy_of(enum lint_kind kind)
{
	static const char *const remedies[] = {"keep the answer for as long as it is good",
		"wait longer each time, or use the SDK's waiter",
		"set WaitTimeSeconds, so that the queue waits for a message",
		"complete or abort it, also after an error: its parts are paid for until then",
		"delete a message when it is done with, or it comes again"};

	return remedies[kind];
}

static void explain(const struct lints *lints, const struct lint *lint, char text[TEXT_MAX])
{
	const struct report_attempt *first = &lints->report->attempts[lint->first],
				    *last = &lints->report->attempts[lint->last];
	char count[STYLE_COUNT_MAX], duration[STYLE_DURATION_MAX];

	style_duration(last->started + last->ended - first->started, duration);
	switch (lint->kind) {
	case LINT_REPEATED:
		snprintf(text, TEXT_MAX, "the same request %s within %s",
			style_count(lint->count, "time", count), duration);
		break;
	case LINT_POLLING:
	case LINT_EMPTY:
		snprintf(text, TEXT_MAX, "the same request %s within %s%s",
			style_count(lint->count, "time", count), duration,
			lint->kind == LINT_EMPTY ? ", and there was no message"
						 : ", and the pauses do not grow");
		break;
	case LINT_UPLOAD:
		snprintf(text, TEXT_MAX, "%s neither completed nor aborted",
			style_count(lint->count, "upload", count));
		break;
	default:
		snprintf(text, TEXT_MAX, "%s brought messages, and none was deleted",
			style_count(lint->count, "call", count));
	}
}

static void name_time(uint64_t monotonic, char text[24])
{
	uint64_t wall = event_wall_time(monotonic);
	time_t seconds = (time_t)(wall / 1000000000);
	char clock[16];
	struct tm parts;

	localtime_r(&seconds, &parts);
	strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
	snprintf(text, 24, "%.8s.%03u", clock, (unsigned)(wall / 1000000 % 1000));
}

static void write_one(FILE *out, bool colours, const struct lints *lints, const struct lint *lint)
{
	const struct report_attempt *first = &lints->report->attempts[lint->first];
	char name[REPORT_NAME_MAX], text[TEXT_MAX], clock[24];

	explain(lints, lint, text);
	name_time(first->started, clock);
	fprintf(out, "  %s%s%s: %s %s, pid %u from %s on: %s\n    %s\n",
		style_begin(colours, STYLE_WARNING), lint_name(lint->kind),
		style_end(colours, STYLE_WARNING), report_operation(lints->report, first, name),
		report_text(lints->report, first, EVENT_RESOURCE), first->pid, clock, text,
		remedy_of(lint->kind));
}

void lints_write(FILE *out, bool colours, const struct lints *lints)
{
	if (!lints->count) {
		fputs("chaos-run: lints: nothing found\n", out);
		return;
	}
	fprintf(out, "chaos-run: lints\n");
	for (uint32_t i = 0; i < lints->count; i++)
		write_one(out, colours, lints, &lints->all[i]);
}

cJSON *lints_json(const struct lints *lints)
{
	cJSON *array = sure(cJSON_CreateArray());

	for (uint32_t i = 0; i < lints->count; i++) {
		const struct lint *lint = &lints->all[i];
		const struct report_attempt *first = &lints->report->attempts[lint->first];
		cJSON *object = json_add_object(array);
		char text[TEXT_MAX];

		explain(lints, lint, text);
		json_add_text(object, "lint", lint_name(lint->kind));
		json_add_who(object, lints->report, first);
		json_add_number(object, "count", lint->count);
		json_add_time(object, "first", first->started);
		json_add_time(object, "last", lints->report->attempts[lint->last].started);
		json_add_text(object, "text", text);
		json_add_text(object, "remedy", remedy_of(lint->kind));
	}
	return array;
}

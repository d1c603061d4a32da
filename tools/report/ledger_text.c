/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "control/event_json.h"
#include "style.h"

/* Pauses that are shown; the file holds all. */
#define PAUSES_MAX 5
#define GROUPS_MAX 40

struct page {
	FILE *out;
	bool colours;
	const struct ledger *ledger;
};

static void put(const struct page *page, enum style style, const char *text)
{
	fprintf(page->out, "%s%s%s", style_begin(page->colours, style), text,
		style_end(page->colours, style));
}

/* ---- the table ---- */

/* "0.5-1.2 s, …": from the least to the most before each retry. */
static void name_pauses(const struct ledger_group *group, char *text, size_t cap)
{
	size_t len = 0;

	snprintf(text, cap, "-");
	for (int i = 0; i < RETRY_STEPS && group->steps[i].count; i++) {
		const struct retry_step *step = &group->steps[i];
		unsigned least = (unsigned)(step->least / 1000000),
			 most = (unsigned)(step->most / 1000000);

		if (i == PAUSES_MAX) {
			snprintf(text + len, cap - len, ", ...");
			return;
		}
		if (least == most || step->count == 1)
			len += (size_t)snprintf(text + len, cap - len, "%s%u", i ? ", " : "", most);
		else
			len += (size_t)snprintf(
				text + len, cap - len, "%s%u-%u", i ? ", " : "", least, most);
		if (len >= cap)
			return;
	}
}

static void name_client(
	const struct page *page, const struct ledger_group *group, char *text, size_t cap)
{
	const struct report *report = page->ledger->report;
	const struct report_attempt *sample = ledger_attempt(page->ledger, group->sample);
	const char *sdk = report_text(report, sample, EVENT_SDK),
		   *mode = report_text(report, sample, EVENT_MODE);

	snprintf(text, cap, "%.40s%s%.20s", *sdk ? sdk : "(no SDK)", *mode ? " " : "", mode);
}

static void put_documented(const struct page *page, const struct ledger_group *group)
{
	if (!group->documented)
		put(page, STYLE_FAINT, "nothing is known of it");
	else if (!*group->why)
		fprintf(page->out, "as %s", group->documented->name);
	else {
		fprintf(page->out, "not as %s: ", group->documented->name);
		put(page, STYLE_WARNING, group->why);
	}
}

static void put_group(const struct page *page, const struct ledger_group *group, int width)
{
	const struct report_attempt *sample = ledger_attempt(page->ledger, group->sample);
	char client[64], pauses[128];

	name_client(page, group, client, sizeof(client));
	name_pauses(group, pauses, sizeof(pauses));
	fprintf(page->out, "  %-*s  %-16.16s  %-12s  %6u  %8u  %6u  %-28s  %-23s  ", width, client,
		report_text(page->ledger->report, sample, EVENT_SERVICE),
		retry_outcome_name(group->trouble), group->calls, group->attempts, group->failed,
		pauses, retry_pattern_name(group->pattern));
	put_documented(page, group);
	fputc('\n', page->out);
}

static void put_groups(const struct page *page)
{
	const struct ledger *ledger = page->ledger;
	uint32_t count = ledger->group_count < GROUPS_MAX ? ledger->group_count : GROUPS_MAX;
	char client[64], heads[256];
	int width = 6;

	for (uint32_t i = 0; i < count; i++) {
		name_client(page, &ledger->groups[i], client, sizeof(client));
		if (style_width(client) > width)
			width = style_width(client);
	}
	snprintf(heads, sizeof(heads), "  %-*s  %-16s  %-12s  %6s  %8s  %6s  %-28s  %-23s  %s\n",
		width, "Client", "Service", "After", "Calls", "Attempts", "Failed", "Pauses, ms",
		"Pattern", "Documented");
	put(page, STYLE_BOLD, heads);
	for (uint32_t i = 0; i < count; i++)
		put_group(page, &ledger->groups[i], width);
	if (ledger->group_count > count)
		fprintf(page->out, "  and %u more\n", ledger->group_count - count);
}

/* ---- what is said ---- */

static void put_said(const struct page *page, const struct ledger_said *said)
{
	const struct report *report = page->ledger->report;
	const struct report_attempt *first =
		ledger_attempt(page->ledger, page->ledger->calls[said->sample].first);
	const char *resource = report_text(report, first, EVENT_RESOURCE);
	uint64_t wall = event_wall_time(first->started);
	time_t seconds = (time_t)(wall / 1000000000);
	char name[REPORT_NAME_MAX], clock[16], calls[STYLE_COUNT_MAX], text[LEDGER_TEXT_MAX];
	struct tm parts;

	localtime_r(&seconds, &parts);
	strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
	ledger_explain(page->ledger, said, text);
	fputs("  ", page->out);
	put(page, said->finding == LEDGER_QUOTA ? STYLE_WARNING : STYLE_BAD,
		ledger_finding_name(said->finding));
	fprintf(page->out, ": %s%s%s, %s, for instance of pid %u at %s.%03" PRIu64 ": %s\n",
		report_operation(report, first, name), *resource ? " " : "", resource,
		style_count(said->calls, "call", calls), first->pid, clock, wall / 1000000 % 1000,
		text);
	fprintf(page->out, "    %s\n", ledger_remedy(said->finding));
}

void ledger_text_write(FILE *out, bool colours, const struct ledger *ledger)
{
	const struct page page = {out, colours, ledger};

	if (!ledger->group_count) {
		fputs("chaos-run: no call failed, so none was tried again\n", out);
		return;
	}
	fputs("chaos-run: how calls were tried again\n", out);
	put_groups(&page);
	if (ledger->said_count)
		put(&page, STYLE_BOLD, "\nFound\n");
	for (uint32_t i = 0; i < ledger->said_count; i++)
		put_said(&page, &ledger->said[i]);
}

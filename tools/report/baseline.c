/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/file.h"
#include "style.h"

#define NAME_MAX_LEN 128

struct page {
	FILE *out;
	bool colours;
};

cJSON *baseline_read(const char *path, char reason[BASELINE_REASON_MAX])
{
	size_t size;
	char *text = file_read(path, &size);
	cJSON *json;

	if (!text) {
		snprintf(reason, BASELINE_REASON_MAX, "--baseline %.300s: %s", path,
			strerror(errno));
		return NULL;
	}
	json = cJSON_Parse(text);
	free(text);
	if (cJSON_IsArray(cJSON_GetObjectItem(json, "operations")) &&
		cJSON_IsObject(cJSON_GetObjectItem(json, "ledger")))
		return json;
	snprintf(reason, BASELINE_REASON_MAX,
		"--baseline %.300s: it is no report with a ledger; make one with "
		"--report=json FILE",
		path);
	cJSON_Delete(json);
	return NULL;
}

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(object, name)) ?: "";
}

static double number_of(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItem(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* The element whose texts of those names are the same; NULL: there is none. */
static const cJSON *find(const cJSON *array, const cJSON *wanted, const char *const names[2])
{
	const cJSON *element;

	cJSON_ArrayForEach(element, array)
	{
		if (strcmp(text_of(element, names[0]), text_of(wanted, names[0])) == 0 &&
			strcmp(text_of(element, names[1]), text_of(wanted, names[1])) == 0)
			return element;
	}
	return NULL;
}

/* Sums over the elements that are as the wanted one. */
static double sum(
	const cJSON *array, const cJSON *wanted, const char *const names[2], const char *number)
{
	const cJSON *element;
	double total = 0;

	cJSON_ArrayForEach(element, array)
	{
		if (strcmp(text_of(element, names[0]), text_of(wanted, names[0])) == 0 &&
			strcmp(text_of(element, names[1]), text_of(wanted, names[1])) == 0)
			total += number_of(element, number);
	}
	return total;
}

/* Less is better. */
static void put_change(const struct page *page, double before, double now, int decimals)
{
	enum style style = now > before ? STYLE_BAD : now < before ? STYLE_GOOD : STYLE_PLAIN;

	fprintf(page->out, "  %9.*f -> %s%-9.*f%s", decimals, before,
		style_begin(page->colours, style), decimals, now, style_end(page->colours, style));
}

static double share(double sum, double count)
{
	return count > 0 ? sum / count : 0;
}

static void put_name(const struct page *page, const cJSON *element, const char *const names[2],
	const char *between)
{
	char name[NAME_MAX_LEN];

	snprintf(name, sizeof(name), "%.60s%s%.60s", text_of(element, names[0]), between,
		text_of(element, names[1]));
	fprintf(page->out, "  %-36s", name);
}

/* ---- operations ---- */

static const char *const by_operation[2] = {"service", "operation"};

static void put_operation(
	const struct page *page, const cJSON *element, const cJSON *before, const cJSON *now)
{
	double calls[2] = {sum(before, element, by_operation, "calls"),
		sum(now, element, by_operation, "calls")};
	double attempts[2] = {sum(before, element, by_operation, "attempts"),
		sum(now, element, by_operation, "attempts")};

	put_name(page, element, by_operation, ".");
	put_change(page, calls[0], calls[1], 0);
	put_change(page, share(attempts[0], calls[0]), share(attempts[1], calls[1]), 2);
	put_change(page, sum(before, element, by_operation, "failed"),
		sum(now, element, by_operation, "failed"), 0);
	fputc('\n', page->out);
}

static void put_operations(const struct page *page, const cJSON *before, const cJSON *now)
{
	const cJSON *element;

	fprintf(page->out, "%s  %-36s  %-22s  %-22s  %-22s%s\n",
		style_begin(page->colours, STYLE_BOLD), "Operation", "    Calls",
		"    Attempts for each", "    Failed", style_end(page->colours, STYLE_BOLD));
	cJSON_ArrayForEach(element, before) put_operation(page, element, before, now);
	cJSON_ArrayForEach(element, now)
	{
		if (!find(before, element, by_operation))
			put_operation(page, element, before, now);
	}
}

/* ---- troubles ---- */

static const char *const by_trouble[2] = {"service", "outcome"};

static double waited(const cJSON *groups, const cJSON *element)
{
	return share(sum(groups, element, by_trouble, "waitedMs"),
		sum(groups, element, by_trouble, "calls"));
}

static double attempts(const cJSON *groups, const cJSON *element)
{
	return share(sum(groups, element, by_trouble, "attempts"),
		sum(groups, element, by_trouble, "calls"));
}

static const char *pattern_of(const cJSON *groups, const cJSON *element)
{
	const cJSON *found = find(groups, element, by_trouble);

	return found ? text_of(found, "pattern") : "-";
}

static void put_trouble(
	const struct page *page, const cJSON *element, const cJSON *before, const cJSON *now)
{
	put_name(page, element, by_trouble, ", ");
	put_change(page, attempts(before, element), attempts(now, element), 2);
	put_change(page, waited(before, element), waited(now, element), 0);
	fprintf(page->out, "  %s -> %s\n", pattern_of(before, element), pattern_of(now, element));
}

/* In the order of the run before; one line for each. */
static void put_troubles(const struct page *page, const cJSON *before, const cJSON *now)
{
	const cJSON *element;

	fprintf(page->out, "\n%s  %-36s  %-22s  %-22s  %s%s\n",
		style_begin(page->colours, STYLE_BOLD), "After", "    Attempts for each",
		"    Waited for each, ms", "Pattern", style_end(page->colours, STYLE_BOLD));
	cJSON_ArrayForEach(element, before)
	{
		if (find(before, element, by_trouble) == element)
			put_trouble(page, element, before, now);
	}
	cJSON_ArrayForEach(element, now)
	{
		if (find(now, element, by_trouble) == element && !find(before, element, by_trouble))
			put_trouble(page, element, before, now);
	}
}

/* ---- findings ---- */

static void put_findings(
	const struct page *page, const cJSON *these, const cJSON *others, const char *text)
{
	static const char *const same[2] = {"finding", "operation"};
	const cJSON *element;

	cJSON_ArrayForEach(element, these)
	{
		if (!find(others, element, same))
			fprintf(page->out, "  %s: %s, %s.%s\n", text, text_of(element, "finding"),
				text_of(element, "service"), text_of(element, "operation"));
	}
}

void baseline_write(
	FILE *out, bool colours, const char *path, const cJSON *before, const cJSON *now)
{
	const struct page page = {out, colours};
	const cJSON *ledgers[2] = {
		cJSON_GetObjectItem(before, "ledger"), cJSON_GetObjectItem(now, "ledger")};
	const cJSON *findings[2] = {cJSON_GetObjectItem(ledgers[0], "findings"),
		cJSON_GetObjectItem(ledgers[1], "findings")};

	fprintf(out, "chaos-run: compared with %s\n", path);
	put_operations(&page, cJSON_GetObjectItem(before, "operations"),
		cJSON_GetObjectItem(now, "operations"));
	put_troubles(&page, cJSON_GetObjectItem(ledgers[0], "groups"),
		cJSON_GetObjectItem(ledgers[1], "groups"));
	put_findings(&page, findings[0], findings[1], "no more");
	put_findings(&page, findings[1], findings[0], "new");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "show.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/utf8.h"

#define MAX_COLUMNS 32
#define MAX_NAME    128
#define MAX_VALUES  16 /* of an array that is shown in one place */

struct column {
	char name[MAX_NAME];
	int width;
};

struct table {
	struct column columns[MAX_COLUMNS];
	int count;
};

typedef void visit_fn(void *user, const char *name, const cJSON *value);

/* Visits all members that are not objects themselves, depth first. */
static void each_member(const cJSON *object, const char *prefix, visit_fn *visit, void *user)
{
	const cJSON *member;

	cJSON_ArrayForEach(member, object)
	{
		char name[MAX_NAME];

		snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix ? "." : "",
			member->string ? member->string : "");
		if (cJSON_IsObject(member))
			each_member(member, name, visit, user);
		else
			visit(user, name, member);
	}
}

static bool is_nothing(const cJSON *value)
{
	return cJSON_IsNull(value) || (cJSON_IsArray(value) && !value->child);
}

/* The caller frees it. */
static char *text_of(const cJSON *value)
{
	char *text;

	if (is_nothing(value))
		return strdup("-");
	text = cJSON_IsString(value) ? strdup(value->valuestring) : cJSON_PrintUnformatted(value);
	if (text)
		utf8_tidy(text);
	return text ? text : strdup("?");
}

/* In characters: continuation bytes of UTF-8 take no room. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void print_cell(FILE *out, const char *text, int width)
{
	fprintf(out, "%s%*s", text, width > 0 ? width - width_of(text) : 0, "");
}

static void measure(void *user, const char *name, const cJSON *value)
{
	struct table *table = user;
	char *text = text_of(value);
	int column = 0, width = width_of(text);

	while (column < table->count && strcmp(table->columns[column].name, name) != 0)
		column++;
	if (column == table->count && column < MAX_COLUMNS) {
		snprintf(table->columns[column].name, MAX_NAME, "%s", name);
		table->columns[column].width = width_of(name);
		table->count++;
	}
	if (column < MAX_COLUMNS && table->columns[column].width < width)
		table->columns[column].width = width;
	free(text);
}

struct wanted {
	const char *name;
	const cJSON *value; /* NULL: not found */
};

static void find(void *user, const char *name, const cJSON *value)
{
	struct wanted *wanted = user;

	if (strcmp(wanted->name, name) == 0)
		wanted->value = value;
}

/* A rule says nothing of what it does not narrow down. */
static const char *text_of_nothing(const char *name)
{
	bool narrows =
		!strcmp(name, "service") || !strcmp(name, "region") || !strcmp(name, "operation");

	return narrows ? "any" : "-";
}

static void print_row(FILE *out, const struct table *table, const cJSON *row)
{
	for (int i = 0; i < table->count; i++) {
		struct wanted wanted = {table->columns[i].name, NULL};
		char *text = NULL;

		each_member(row, "", find, &wanted);
		if (wanted.value)
			text = text_of(wanted.value);
		print_cell(out, text ? text : text_of_nothing(wanted.name),
			i + 1 < table->count ? table->columns[i].width + 2 : 0);
		free(text);
	}
	fputc('\n', out);
}

static void show_table(FILE *out, const cJSON *rows, const char *none)
{
	struct table table = {.count = 0};
	const cJSON *row;

	if (!cJSON_GetArraySize(rows)) {
		fprintf(out, "%s\n", none);
		return;
	}
	cJSON_ArrayForEach(row, rows)
	{
		each_member(row, "", measure, &table);
	}
	for (int i = 0; i < table.count; i++)
		print_cell(out, table.columns[i].name,
			i + 1 < table.count ? table.columns[i].width + 2 : 0);
	fputc('\n', out);
	cJSON_ArrayForEach(row, rows)
	{
		print_row(out, &table, row);
	}
}

struct list {
	FILE *out;
	const struct table *table;
};

static int widest(const struct table *table)
{
	int width = 0;

	for (int i = 0; i < table->count; i++)
		if (width < width_of(table->columns[i].name))
			width = width_of(table->columns[i].name);
	return width;
}

static void print_member(void *user, const char *name, const cJSON *value)
{
	const struct list *list = user;
	char *text = text_of(value);

	print_cell(list->out, name, widest(list->table) + 2);
	fprintf(list->out, "%s\n", text);
	free(text);
}

static void show_list(FILE *out, const cJSON *object)
{
	struct table table = {.count = 0};
	struct list list = {out, &table};

	each_member(object, "", measure, &table);
	each_member(object, "", print_member, &list);
}

void show(FILE *out, const cJSON *value, const char *none)
{
	if (cJSON_IsArray(value))
		show_table(out, value, none);
	else
		show_list(out, value);
}

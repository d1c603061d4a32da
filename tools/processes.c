/* SPDX-License-Identifier: Apache-2.0 */

#include "processes.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "blind.h"
#include "show.h"
#include "shim/memory/journal.h"

static const char *text(const cJSON *process, const char *name)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItem(process, name));

	return value ? value : "";
}

static void add_since(cJSON *row, const cJSON *process)
{
	const cJSON *since = cJSON_GetObjectItem(process, "since");
	time_t seconds = cJSON_IsNumber(since) ? (time_t)since->valuedouble : 0;
	char date[32] = "";
	struct tm local;

	if (localtime_r(&seconds, &local))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &local);
	cJSON_AddStringToObject(row, "since", date);
}

__attribute__((format(printf, 3, 4))) static void add(
	char *list, size_t cap, const char *format, ...)
{
	size_t len = strlen(list);
	va_list args;

	va_start(args, format);
	vsnprintf(list + len, cap - len, format, args);
	va_end(args);
}

/* "TLS (may be HTTP/2) 3, http2 1: s3.amazonaws.com, …": the reasons that occur, and the servers, each
 * once. */
static void add_blind(cJSON *row, const cJSON *process)
{
	const cJSON *hosts = cJSON_GetObjectItem(process, "blind_hosts"), *item, *earlier;
	char list[2048] = "";
	const char *separator = ": ";

	cJSON_ArrayForEach(item, cJSON_GetObjectItem(process, "blind"))
	{
		if (item->valuedouble > 0)
			add(list, sizeof(list), "%s%s %.0f", *list ? ", " : "",
				blind_words(item->string), item->valuedouble);
	}
	cJSON_ArrayForEach(item, hosts)
	{
		earlier = hosts->child;
		while (earlier != item && strcmp(text(earlier, "host"), text(item, "host")))
			earlier = earlier->next;
		if (earlier != item || !*list)
			continue;
		add(list, sizeof(list), "%s%s", separator, text(item, "host"));
		separator = ", ";
	}
	cJSON_AddStringToObject(row, "blind", *list ? list : "-");
}

/* "inside, bridge": how its connections came to be looked at. */
static void add_lanes(cJSON *row, const cJSON *process)
{
	const cJSON *item;
	char list[64] = "";

	cJSON_ArrayForEach(item, cJSON_GetObjectItem(process, "lanes"))
	{
		if (item->valuedouble > 0)
			add(list, sizeof(list), "%s%s", *list ? ", " : "", item->string);
	}
	cJSON_AddStringToObject(row, "lane", *list ? list : "-");
}

/* The journal keeps its beginning. */
static void add_command(cJSON *row, const cJSON *process)
{
	const size_t kept = sizeof((struct journal_process){0}.command) - 1;
	const char *command = text(process, "command");
	char shown[sizeof((struct journal_process){0}.command) + sizeof("…")];

	snprintf(shown, sizeof(shown), "%s%s", command, strlen(command) < kept ? "" : "…");
	cJSON_AddStringToObject(row, "command", shown);
}

static cJSON *arrange(const cJSON *process)
{
	static const char *const counts[] = {
		"connections", "calls", "faults", "delayed", "unnamed"};
	cJSON *row = cJSON_CreateObject();

	cJSON_AddItemToObject(
		row, "pid", cJSON_Duplicate(cJSON_GetObjectItem(process, "pid"), true));
	cJSON_AddStringToObject(row, "state",
		cJSON_IsTrue(cJSON_GetObjectItem(process, "running")) ? "running" : "ended");
	add_since(row, process);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		cJSON_AddItemToObject(row, counts[i],
			cJSON_Duplicate(cJSON_GetObjectItem(process, counts[i]), true));
	add_lanes(row, process);
	add_blind(row, process);
	add_command(row, process);
	return row;
}

cJSON *processes_arrange(const cJSON *processes)
{
	cJSON *rows = cJSON_CreateArray();
	const cJSON *process;

	cJSON_ArrayForEach(process, processes)
	{
		cJSON_AddItemToArray(rows, arrange(process));
	}
	return rows;
}

void processes_show_unfollowed(FILE *out, const cJSON *status)
{
	const cJSON *programs = cJSON_GetObjectItem(status, "unfollowed");

	if (!cJSON_GetArraySize(programs))
		return;
	fputs("\nbegun, and could not be followed:\n", out);
	show(out, programs, "");
}

/* SPDX-License-Identifier: Apache-2.0 */

#include "processes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

/* "tls 3, http2 1 (s3.amazonaws.com)": the reasons that occur, and the latest server. */
static void add_blind(cJSON *row, const cJSON *process)
{
	const char *host = text(process, "blind_host");
	const cJSON *count;
	char list[512] = "";
	size_t len = 0;

	cJSON_ArrayForEach(count, cJSON_GetObjectItem(process, "blind"))
	{
		if (count->valuedouble > 0 && len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s %.0f",
				len ? ", " : "", count->string, count->valuedouble);
	}
	if (len && *host && len < sizeof(list))
		snprintf(list + len, sizeof(list) - len, " (%s)", host);
	cJSON_AddStringToObject(row, "blind", len ? list : "-");
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

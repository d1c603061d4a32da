/* SPDX-License-Identifier: Apache-2.0 */
#include "fired.h"

#include <stdbool.h>
#include <stdlib.h>

#include "show.h"

cJSON *fired_leave_out(const cJSON *status)
{
	cJSON *left = cJSON_Duplicate(status, true);

	cJSON_DeleteItemFromObject(left, "fired");
	return left;
}

static cJSON *arrange(const cJSON *count, const cJSON *rule)
{
	cJSON *row = cJSON_CreateObject();
	char *text = cJSON_PrintUnformatted(rule);

	cJSON_AddItemToObject(row, "fired", cJSON_Duplicate(count, true));
	cJSON_AddStringToObject(row, "rule", text ? text : "?");
	free(text);
	return row;
}

void fired_show(FILE *out, const cJSON *status, const char *list, const cJSON *rules)
{
	const cJSON *counts = cJSON_GetObjectItem(cJSON_GetObjectItem(status, "fired"), list);
	cJSON *rows = cJSON_CreateArray();

	/* A rule that has come or gone meanwhile would put the others beside the wrong numbers. */
	if (cJSON_GetArraySize(counts) == cJSON_GetArraySize(rules))
		for (int i = 0; i < cJSON_GetArraySize(rules); i++)
			cJSON_AddItemToArray(rows, arrange(cJSON_GetArrayItem(counts, i),
							   cJSON_GetArrayItem(rules, i)));
	if (cJSON_GetArraySize(rows)) {
		fprintf(out, "\n%s:\n", list);
		show(out, rows, "");
	}
	cJSON_Delete(rows);
}

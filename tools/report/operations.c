/* SPDX-License-Identifier: Apache-2.0 */
#include "operations.h"

#include <stdlib.h>

#include "control/memory.h"
#include "quantiles.h"

static int by_name(const void *left, const void *right)
{
	const struct stats_operation *a = left, *b = right;
	int order = strcmp(a->service, b->service);

	return order ? order : strcmp(a->operation, b->operation);
}

struct stats_operation *operations_all(const struct report *report, uint32_t *count)
{
	struct stats_operation *all = sure(calloc(OPERATIONS, sizeof(*all)));

	*count = 0;
	for (uint32_t place = 0; place < OPERATIONS; place++)
		if (stats_read(report->counted, place, &all[*count]))
			(*count)++;
	qsort(all, *count, sizeof(*all), by_name);
	quantiles_correct(report, all, *count);
	return all;
}

cJSON *operations_json(const struct report *report)
{
	uint32_t count;
	struct stats_operation *all = operations_all(report, &count);
	cJSON *json = stats_array(all, count);

	free(all);
	return json;
}

const char *operations_name(const struct stats_operation *operation, char name[STATS_NAME_MAX])
{
	if (!*operation->service)
		return "(others)";
	snprintf(name, STATS_NAME_MAX, "%s.%s", operation->service,
		*operation->operation ? operation->operation : "?");
	return name;
}

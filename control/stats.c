/* SPDX-License-Identifier: Apache-2.0 */
#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "utf8.h"

static void copy_name(char *to, size_t room, const char *from, size_t len)
{
	memset(to, 0, room);
	memcpy(to, from, len < room ? len : room - 1);
	utf8_tidy(to);
}

static int by_status(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void read_statuses(const struct operation *line, struct stats_operation *stats)
{
	int count = 0;

	for (int i = 0; i < OPERATION_STATUSES; i++) {
		stats->statuses[count].status = atomic_load(&line->statuses[i].status);
		stats->statuses[count].count = atomic_load(&line->statuses[i].count);
		if (stats->statuses[count].count)
			count++;
	}
	if (count < OPERATION_STATUSES)
		stats->statuses[count].count = 0;
	qsort(stats->statuses, (size_t)count, sizeof(stats->statuses[0]), by_status);
}

/* What no attempt under way can make good. */
static uint64_t failed_of(const struct stats_operation *stats)
{
	uint64_t under_way = stats->attempts > stats->ended ? stats->attempts - stats->ended : 0;
	uint64_t settled = stats->succeeded + under_way;

	return stats->calls > settled ? stats->calls - settled : 0;
}

bool stats_of(const struct operation *line, struct stats_operation *stats)
{
	bool is_named;

	if (!atomic_load(&line->attempts))
		return false;
	/* Whoever has taken the line may have died before it named it. */
	is_named = atomic_load(&line->named);
	copy_name(stats->service, sizeof(stats->service), line->service,
		is_named ? line->service_len : 0);
	copy_name(stats->operation, sizeof(stats->operation), line->operation,
		is_named ? line->operation_len : 0);
	/* What ends is counted later than what begins. */
	stats->succeeded = atomic_load(&line->succeeded);
	stats->recovered = atomic_load(&line->recovered);
	stats->unanswered = atomic_load(&line->unanswered);
	stats->faults = atomic_load(&line->faults);
	stats->delayed = atomic_load(&line->delayed);
	stats->ended = atomic_load(&line->ended);
	stats->attempts = atomic_load(&line->attempts);
	stats->calls = atomic_load(&line->calls);
	stats->failed = failed_of(stats);
	stats->p50 = operations_quantile(line, 0.5);
	stats->p90 = operations_quantile(line, 0.9);
	stats->p99 = operations_quantile(line, 0.99);
	read_statuses(line, stats);
	return true;
}

bool stats_read(const struct journal *journal, uint32_t place, struct stats_operation *stats)
{
	return stats_of(&journal->operations[place], stats);
}

static void add_number(cJSON *object, const char *name, uint64_t value)
{
	sure(cJSON_AddNumberToObject(object, name, (double)value));
}

static void add_ms(cJSON *object, const char *name, uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64, ns / 1000000, ns / 1000 % 1000);
	sure(cJSON_AddRawToObject(object, name, text));
}

static void add_text(cJSON *object, const char *name, const char *text)
{
	sure(*text ? cJSON_AddStringToObject(object, name, text)
		   : cJSON_AddNullToObject(object, name));
}

static void add_statuses(cJSON *object, const struct stats_operation *stats)
{
	cJSON *statuses = sure(cJSON_AddObjectToObject(object, "statuses"));

	for (int i = 0; i < OPERATION_STATUSES && stats->statuses[i].count; i++) {
		char name[16] = "other";

		if (stats->statuses[i].status)
			snprintf(name, sizeof(name), "%" PRIu32, stats->statuses[i].status);
		add_number(statuses, name, stats->statuses[i].count);
	}
}

static cJSON *operation_json(const struct stats_operation *stats)
{
	cJSON *object = sure(cJSON_CreateObject());

	add_text(object, "service", stats->service);
	add_text(object, "operation", stats->operation);
	add_number(object, "calls", stats->calls);
	add_number(object, "attempts", stats->attempts);
	add_number(object, "faults", stats->faults);
	add_number(object, "failed", stats->failed);
	add_number(object, "recovered", stats->recovered);
	add_number(object, "delayed", stats->delayed);
	add_number(object, "unanswered", stats->unanswered);
	add_number(object, "unfinished",
		stats->attempts > stats->ended ? stats->attempts - stats->ended : 0);
	add_statuses(object, stats);
	add_ms(object, "p50Ms", stats->p50);
	add_ms(object, "p90Ms", stats->p90);
	add_ms(object, "p99Ms", stats->p99);
	return object;
}

static int by_name(const void *left, const void *right)
{
	const struct stats_operation *a = left, *b = right;
	int order = strcmp(a->service, b->service);

	return order ? order : strcmp(a->operation, b->operation);
}

cJSON *stats_array(const struct stats_operation *all, size_t count)
{
	cJSON *array = sure(cJSON_CreateArray());

	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(array, operation_json(&all[i]));
	return array;
}

cJSON *stats_lines(const struct operation *lines)
{
	struct stats_operation *all = sure(calloc(OPERATIONS, sizeof(*all)));
	cJSON *array;
	size_t count = 0;

	for (uint32_t place = 0; place < OPERATIONS; place++)
		if (stats_of(&lines[place], &all[count]))
			count++;
	qsort(all, count, sizeof(*all), by_name);
	array = stats_array(all, count);
	free(all);
	return array;
}

cJSON *stats_counter(const struct journal_counter *counter)
{
	cJSON *object = sure(cJSON_CreateObject());
	char id[24];

	snprintf(id, sizeof(id), "%" PRIu64, atomic_load(&counter->rule));
	sure(cJSON_AddStringToObject(object, "id", id));
	add_number(object, "matched", atomic_load(&counter->matched));
	add_number(object, "fired", atomic_load(&counter->fired));
	add_number(object, "delivered", atomic_load(&counter->delivered));
	add_number(object, "taken", atomic_load(&counter->taken));
	return object;
}

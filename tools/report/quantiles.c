/* SPDX-License-Identifier: Apache-2.0 */
#include "quantiles.h"

#include <stdlib.h>
#include <string.h>

#include "control/memory.h"

static int by_size(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

uint64_t quantiles_exact(uint64_t *durations, size_t count, double share)
{
	size_t rank = 1;

	if (!count)
		return 0;
	qsort(durations, count, sizeof(*durations), by_size);
	while (rank < count && (double)rank < share * (double)count)
		rank++;
	return durations[rank - 1];
}

/* An attempt, to be sorted by its operation. */
struct place {
	uint32_t service, operation; /* texts */
	uint64_t duration;
};

static int by_operation(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->service != b->service)
		return (a->service > b->service) - (a->service < b->service);
	return (a->operation > b->operation) - (a->operation < b->operation);
}

static struct place *places_of(const struct report *report, uint32_t *count)
{
	struct place *places = sure(calloc(report->attempt_count + 1, sizeof(*places)));

	*count = 0;
	for (uint32_t i = 0; i < report->attempt_count; i++) {
		const struct report_attempt *attempt = &report->attempts[i];

		/* Those without a status are in no bucket. */
		if (attempt->status)
			places[(*count)++] = (struct place){attempt->texts[EVENT_SERVICE],
				attempt->texts[EVENT_OPERATION], attempt->ended};
	}
	qsort(places, *count, sizeof(*places), by_operation);
	return places;
}

static uint64_t answers_of(const struct stats_operation *operation)
{
	uint64_t count = 0;

	for (int i = 0; i < OPERATION_STATUSES && operation->statuses[i].count; i++)
		count += operation->statuses[i].count;
	return count;
}

/* The places are those of one operation. */
static void correct(const struct report *report, const struct place *places, uint32_t count,
	struct stats_operation *all, uint32_t all_count)
{
	const char *service = texts_get(&report->texts, places->service),
		   *operation = texts_get(&report->texts, places->operation);
	uint64_t *durations;

	while (all_count && (strcmp(all->service, service) || strcmp(all->operation, operation)))
		all++, all_count--;
	if (!all_count || answers_of(all) != count)
		return;
	durations = sure(calloc(count, sizeof(*durations)));
	for (uint32_t i = 0; i < count; i++)
		durations[i] = places[i].duration;
	all->p50 = quantiles_exact(durations, count, 0.5);
	all->p90 = quantiles_exact(durations, count, 0.9);
	all->p99 = quantiles_exact(durations, count, 0.99);
	free(durations);
}

void quantiles_correct(const struct report *report, struct stats_operation *all, uint32_t count)
{
	uint32_t place_count;
	struct place *places = places_of(report, &place_count);

	for (uint32_t i = 0, next; i < place_count; i = next) {
		for (next = i + 1; next < place_count; next++)
			if (by_operation(&places[i], &places[next]))
				break;
		correct(report, &places[i], next - i, all, count);
	}
	free(places);
}

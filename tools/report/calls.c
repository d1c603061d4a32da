/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

#include <stdlib.h>

#include "control/memory.h"

/* Calls by invocation id and process: two processes that share one do not share calls. */
struct index {
	uint32_t *calls; /* numbers from 1; 0: free */
	uint32_t mask;
};

static bool is_same(const struct report_attempt *a, const struct report_attempt *b)
{
	return a->texts[EVENT_INVOCATION] == b->texts[EVENT_INVOCATION] && a->pid == b->pid;
}

static uint32_t *find(
	const struct report *report, const struct index *index, const struct report_attempt *wanted)
{
	uint64_t hash = ((uint64_t)wanted->texts[EVENT_INVOCATION] << 32 | wanted->pid) *
			0x9e3779b97f4a7c15ull;
	uint32_t at = (uint32_t)(hash >> 32) & index->mask;

	while (index->calls[at] &&
		!is_same(&report->attempts[report->calls[index->calls[at] - 1].first], wanted))
		at = (at + 1) & index->mask;
	return &index->calls[at];
}

static void add(struct report *report, struct report_call *call, uint32_t number)
{
	struct report_attempt *attempt = &report->attempts[number];

	if (call->attempts)
		report->attempts[call->last].next = number;
	else
		call->first = number;
	attempt->next = REPORT_NONE;
	call->last = number;
	call->attempts++;
	call->faults += (attempt->action & EVENT_ERROR) != 0;
	call->has_succeeded |= report_attempt_succeeded(attempt);
}

void calls_find(struct report *report)
{
	struct index index = {.mask = 1};

	while (index.mask < report->attempt_count)
		index.mask = 2 * index.mask + 1;
	index.mask = 2 * index.mask + 1;
	index.calls = sure(calloc((size_t)index.mask + 1, sizeof(*index.calls)));
	free(report->calls);
	report->calls = sure(calloc((size_t)report->attempt_count + 1, sizeof(*report->calls)));
	report->call_count = 0;
	for (uint32_t i = 0; i < report->attempt_count; i++) {
		uint32_t *number = NULL;

		if (report->attempts[i].texts[EVENT_INVOCATION])
			number = find(report, &index, &report->attempts[i]);
		if (number && *number) {
			add(report, &report->calls[*number - 1], i);
			continue;
		}
		add(report, &report->calls[report->call_count++], i);
		if (number)
			*number = report->call_count;
	}
	free(index.calls);
}

/* ---- counting ---- */

/* Of one operation, as its attempts tell. */
struct tally {
	uint64_t attempts, firsts, calls, failed, recovered;
};

/* Did an attempt succeed that was not the first one? */
static bool has_recovered(const struct report *report, const struct report_call *call)
{
	const struct report_attempt *first = &report->attempts[call->first];

	return call->has_succeeded && (first->attempt > 1 || !report_attempt_succeeded(first));
}

static uint32_t place_of(const struct report *report, const struct report_attempt *attempt)
{
	return operations_find(report->counted->operations,
		span_of(report_text(report, attempt, EVENT_SERVICE)),
		span_of(report_text(report, attempt, EVENT_OPERATION)));
}

static void add_up(const struct report *report, struct tally *tallies)
{
	for (uint32_t i = 0; i < report->attempt_count; i++) {
		struct tally *tally = &tallies[place_of(report, &report->attempts[i])];

		tally->attempts++;
		tally->firsts += report->attempts[i].attempt <= 1;
	}
	for (uint32_t i = 0; i < report->call_count; i++) {
		const struct report_call *call = &report->calls[i];
		struct tally *tally = &tallies[place_of(report, &report->attempts[call->first])];

		tally->calls++;
		tally->failed += report_call_failed(call);
		tally->recovered += has_recovered(report, call);
	}
}

static uint64_t less(uint64_t from, uint64_t number)
{
	return from > number ? from - number : 0;
}

/* Attempts under way are of calls of their own, or may yet save one that seems to have failed. */
static void correct(struct operation *line, const struct tally *tally)
{
	uint64_t under_way = less(line->attempts, line->ended);
	uint64_t begun = less(line->calls, tally->firsts);
	uint64_t failed = less(tally->failed, less(under_way, begun));

	line->calls = tally->calls + begun;
	line->recovered = tally->recovered;
	line->succeeded = less(line->calls, under_way + failed);
}

void calls_count(struct report *report)
{
	struct tally *tallies = sure(calloc(OPERATIONS, sizeof(*tallies)));
	struct operation *lines = report->counted->operations;

	add_up(report, tallies);
	for (uint32_t place = 0; place < OPERATIONS; place++)
		if (tallies[place].attempts && tallies[place].attempts == lines[place].ended)
			correct(&lines[place], &tallies[place]);
	free(tallies);
}

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

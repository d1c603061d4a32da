/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <stdlib.h>

#include "control/memory.h"

/* What comes later is no retry. */
#define REPEAT_NS 30000000000ull

const struct report_attempt *ledger_attempt(const struct ledger *ledger, uint32_t number)
{
	return &ledger->report->attempts[number];
}

enum retry_outcome ledger_outcome(const struct ledger *ledger, const struct report_attempt *attempt)
{
	return retry_outcome(attempt->status, report_text(ledger->report, attempt, EVENT_CODE),
		attempt->end == EVENT_CUT);
}

uint64_t ledger_pause(const struct report_attempt *before, const struct report_attempt *after)
{
	uint64_t end = before->started + before->ended;

	return after->started > end ? after->started - end : 0;
}

/* ---- calls that are alike ---- */

/* A request with an idempotency token of its own has another body each time, of the same size. */
static uint32_t body_of(const struct report_attempt *attempt)
{
	return attempt->token >= EVENT_TOKENS ? 0 : attempt->body;
}

static bool are_alike(const struct report_attempt *a, const struct report_attempt *b)
{
	static const enum event_text texts[] = {EVENT_SERVICE, EVENT_OPERATION, EVENT_REGION,
		EVENT_RESOURCE, EVENT_PROCESS, EVENT_LABEL, EVENT_SDK};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (a->texts[texts[i]] != b->texts[texts[i]])
			return false;
	return a->sent == b->sent && body_of(a) == body_of(b) &&
	       !a->texts[EVENT_INVOCATION] == !b->texts[EVENT_INVOCATION];
}

/* Of calls that are alike the last one. */
struct index {
	uint32_t *calls; /* numbers from 1; 0: free */
	uint32_t mask;
};

static uint32_t *find(
	const struct ledger *ledger, const struct index *index, const struct report_attempt *wanted)
{
	uint64_t hash = ((uint64_t)wanted->texts[EVENT_OPERATION] << 40) ^
			((uint64_t)wanted->texts[EVENT_RESOURCE] << 16) ^
			wanted->texts[EVENT_PROCESS] ^ wanted->sent << 8 ^ body_of(wanted);
	uint32_t at = (uint32_t)(hash * 0x9e3779b97f4a7c15ull >> 32) & index->mask;

	while (index->calls[at] &&
		!are_alike(
			ledger_attempt(ledger, ledger->calls[index->calls[at] - 1].first), wanted))
		at = (at + 1) & index->mask;
	return &index->calls[at];
}

/* Does a request that begins then repeat the call? */
static bool repeats(const struct ledger *ledger, const struct ledger_call *call,
	const struct report_attempt *attempt)
{
	const struct report_attempt *last = ledger_attempt(ledger, call->last);
	uint64_t end = last->started + last->ended;

	return retry_is_retryable(call->end) && attempt->started >= end &&
	       attempt->started - end <= REPEAT_NS;
}

/* ---- calls ---- */

static void add_attempt(struct ledger *ledger, struct ledger_call *call, uint32_t number)
{
	enum retry_outcome outcome = ledger_outcome(ledger, ledger_attempt(ledger, number));

	if (call->count)
		ledger->next[call->last] = number;
	else
		call->first = number;
	ledger->next[number] = REPORT_NONE;
	call->last = number;
	call->count++;
	call->layered_attempts++;
	call->end = outcome;
	if (outcome != RETRY_SUCCEEDED && !call->has_failed_once) {
		call->has_failed_once = true;
		call->trouble = outcome;
	}
}

static void add_call(
	struct ledger *ledger, const struct index *index, const struct report_call *whole)
{
	const struct report_attempt *first = &ledger->report->attempts[whole->first];
	uint32_t *place = find(ledger, index, first);
	struct ledger_call *before = *place ? &ledger->calls[*place - 1] : NULL;
	struct ledger_call *call = &ledger->calls[ledger->call_count];

	if (before && !repeats(ledger, before, first))
		before = NULL;
	if (before && !first->texts[EVENT_INVOCATION]) {
		add_attempt(ledger, before, whole->first);
		return;
	}
	*call = (struct ledger_call){.before = REPORT_NONE, .group = REPORT_NONE, .layers = 1};
	for (uint32_t i = whole->first; i != REPORT_NONE; i = ledger->report->attempts[i].next)
		add_attempt(ledger, call, i);
	if (before) {
		before->is_repeated = true;
		call->before = (uint32_t)(before - ledger->calls);
		call->layers += before->layers;
		call->layered_attempts += before->layered_attempts;
	}
	*place = ++ledger->call_count;
}

static int by_beginning(const void *left, const void *right, void *context)
{
	const struct report *report = context;
	uint64_t a = report->attempts[report->calls[*(const uint32_t *)left].first].started;
	uint64_t b = report->attempts[report->calls[*(const uint32_t *)right].first].started;

	return a < b ? -1 : a > b;
}

static void find_calls(struct ledger *ledger)
{
	const struct report *report = ledger->report;
	uint32_t *order = sure(calloc((size_t)report->call_count + 1, sizeof(*order)));
	struct index index = {.mask = 1};

	while (index.mask < 2 * report->call_count)
		index.mask = 2 * index.mask + 1;
	index.calls = sure(calloc((size_t)index.mask + 1, sizeof(*index.calls)));
	for (uint32_t i = 0; i < report->call_count; i++)
		order[i] = i;
	if (report->call_count)
		qsort_r(order, report->call_count, sizeof(*order), by_beginning, (void *)report);
	for (uint32_t i = 0; i < report->call_count; i++)
		add_call(ledger, &index, &report->calls[order[i]]);
	free(index.calls);
	free(order);
}

void ledger_make(struct ledger *ledger, const struct report *report)
{
	*ledger = (struct ledger){.report = report};
	ledger->next = sure(calloc((size_t)report->attempt_count + 1, sizeof(*ledger->next)));
	ledger->calls = sure(calloc((size_t)report->call_count + 1, sizeof(*ledger->calls)));
	find_calls(ledger);
	ledger_group_calls(ledger);
	ledger_judge(ledger);
}

void ledger_free(struct ledger *ledger)
{
	free(ledger->next);
	free(ledger->calls);
	free(ledger->groups);
	free(ledger->said);
	*ledger = (struct ledger){0};
}

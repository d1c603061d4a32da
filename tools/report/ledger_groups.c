/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger by SDK, mode, service and trouble: many calls show a pattern that one does not. */
#include "ledger.h"

#include <stdlib.h>

#include "control/memory.h"

static bool is_of(const struct ledger *ledger, const struct ledger_group *group,
	const struct ledger_call *call)
{
	const struct report_attempt *a = ledger_attempt(ledger, group->sample),
				    *b = ledger_attempt(ledger, call->first);

	return group->trouble == call->trouble && a->texts[EVENT_SDK] == b->texts[EVENT_SDK] &&
	       a->texts[EVENT_MODE] == b->texts[EVENT_MODE] &&
	       a->texts[EVENT_SERVICE] == b->texts[EVENT_SERVICE] &&
	       a->attempts_max == b->attempts_max;
}

static struct ledger_group *group_of(struct ledger *ledger, const struct ledger_call *call)
{
	struct ledger_group *group;

	for (uint32_t i = 0; i < ledger->group_count; i++)
		if (is_of(ledger, &ledger->groups[i], call))
			return &ledger->groups[i];
	ledger->groups = sure(
		reallocarray(ledger->groups, ledger->group_count + 1, sizeof(*ledger->groups)));
	group = &ledger->groups[ledger->group_count++];
	*group = (struct ledger_group){.sample = call->first,
		.trouble = call->trouble,
		.attempts_max = ledger_attempt(ledger, call->first)->attempts_max};
	return group;
}

/* The pauses of one call, also for the group. */
static void add_pauses(
	const struct ledger *ledger, struct ledger_call *call, struct ledger_group *group)
{
	struct retry_step steps[RETRY_STEPS] = {0};
	unsigned number = 0;

	for (uint32_t i = call->first; ledger->next[i] != REPORT_NONE; i = ledger->next[i]) {
		uint64_t pause = ledger_pause(
			ledger_attempt(ledger, i), ledger_attempt(ledger, ledger->next[i]));

		group->waited += pause;
		if (number == RETRY_STEPS)
			continue;
		retry_step_add(&steps[number], pause);
		retry_step_add(&group->steps[number], pause);
		number++;
	}
	call->pattern = retry_pattern(steps, number);
}

static void compare(const struct ledger *ledger, struct ledger_group *group)
{
	const struct report_attempt *sample = ledger_attempt(ledger, group->sample);
	struct retry_seen seen = {
		.sdk = report_text(ledger->report, sample, EVENT_SDK),
		.mode = report_text(ledger->report, sample, EVENT_MODE),
		.service = report_text(ledger->report, sample, EVENT_SERVICE),
		.outcome = group->trouble,
		.attempts_max = group->attempts_max,
		.most = (int)group->most,
		.steps = group->steps,
		.count = RETRY_STEPS,
	};

	group->pattern = retry_pattern(group->steps, RETRY_STEPS);
	group->documented = retry_documented(&seen, group->why);
}

void ledger_group_calls(struct ledger *ledger)
{
	for (uint32_t i = 0; i < ledger->call_count; i++) {
		struct ledger_call *call = &ledger->calls[i];
		struct ledger_group *group;

		if (!call->has_failed_once)
			continue;
		group = group_of(ledger, call);
		call->group = (uint32_t)(group - ledger->groups);
		add_pauses(ledger, call, group);
		group->calls++;
		group->attempts += call->count;
		group->failed += call->end != RETRY_SUCCEEDED;
		if (call->count > group->most)
			group->most = call->count;
	}
	for (uint32_t i = 0; i < ledger->group_count; i++)
		compare(ledger, &ledger->groups[i]);
}

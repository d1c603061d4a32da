/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be said of how calls were tried again. */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/memory.h"
#include "style.h"

/* As many attempts no SDK makes by itself. */
#define STORM_ATTEMPTS 11
/* So many without a pause are too many, too. */
#define STORM_AT_ONCE 4

/* Fewer retries do not use up a quota: of 500 tokens each takes 5 to 14. */
#define QUOTA_RETRIES 20

/* ---- of single calls ---- */

static int attempts_wanted(const struct ledger *ledger, const struct ledger_call *call)
{
	const struct report_attempt *first = ledger_attempt(ledger, call->first);
	const struct ledger_group *group = &ledger->groups[call->group];

	if (first->attempts_max)
		return first->attempts_max;
	return group->documented ? retry_attempts(group->documented,
					   report_text(ledger->report, first, EVENT_SERVICE))
				 : 0;
}

/* `retries`: of its process, before it. */
static uint32_t judge_end(
	const struct ledger *ledger, const struct ledger_call *call, uint64_t retries)
{
	if (!retry_is_retryable(call->end) || call->is_repeated)
		return 0;
	if (retries >= QUOTA_RETRIES && (int)call->count < attempts_wanted(ledger, call))
		return 1u << LEDGER_QUOTA;
	return call->count == 1 ? 1u << LEDGER_GAVE_UP : 0;
}

static uint32_t judge_tokens(const struct ledger *ledger, const struct report_attempt *before,
	const struct report_attempt *after)
{
	if (!retry_is_ambiguous(ledger_outcome(ledger, before), before->status))
		return 0;
	if (before->token == EVENT_TOKEN_MISSING && after->token == EVENT_TOKEN_MISSING)
		return 1u << LEDGER_NO_TOKEN;
	if (before->token >= EVENT_TOKENS && after->token >= EVENT_TOKENS &&
		before->token != after->token)
		return 1u << LEDGER_OTHER_TOKEN;
	return 0;
}

static uint32_t judge_attempts(const struct ledger *ledger, const struct ledger_call *call)
{
	uint32_t findings = 0;

	for (uint32_t i = call->first; ledger->next[i] != REPORT_NONE; i = ledger->next[i]) {
		const struct report_attempt *before = ledger_attempt(ledger, i);

		if (ledger_outcome(ledger, before) == RETRY_CLIENT_ERROR)
			findings |= 1u << LEDGER_MUST_NOT;
		findings |= judge_tokens(ledger, before, ledger_attempt(ledger, ledger->next[i]));
	}
	return findings;
}

/* The last call of those that repeat each other is told of. */
static uint32_t judge_layers(const struct ledger *ledger, const struct ledger_call *call)
{
	const struct ledger_call *before;
	uint32_t findings = 0;

	if (call->before == REPORT_NONE)
		return 0;
	before = &ledger->calls[call->before];
	findings = judge_tokens(
		ledger, ledger_attempt(ledger, before->last), ledger_attempt(ledger, call->first));
	if (!call->is_repeated && call->layered_attempts > call->layers)
		findings |= 1u << LEDGER_LAYERS;
	return findings;
}

static uint32_t judge_storm(const struct ledger_call *call)
{
	bool is_at_once = call->pattern == RETRY_AT_ONCE && call->count >= STORM_AT_ONCE;
	bool is_long = call->layered_attempts >= STORM_ATTEMPTS && !call->is_repeated;

	return is_at_once || is_long ? 1u << LEDGER_STORM : 0;
}

/* ---- of the run ---- */

/* Retries by process so far. */
struct process {
	uint32_t pid;
	uint64_t retries;
};

struct processes {
	struct process *all;
	uint32_t count;
};

static struct process *process_of(struct processes *processes, uint32_t pid)
{
	for (uint32_t i = processes->count; i-- > 0;)
		if (processes->all[i].pid == pid)
			return &processes->all[i];
	processes->all =
		sure(reallocarray(processes->all, processes->count + 1, sizeof(*processes->all)));
	processes->all[processes->count] = (struct process){.pid = pid};
	return &processes->all[processes->count++];
}

static bool are_of_one_operation(
	const struct ledger *ledger, const struct ledger_call *a, const struct ledger_call *b)
{
	const struct report_attempt *left = ledger_attempt(ledger, a->first),
				    *right = ledger_attempt(ledger, b->first);

	return left->texts[EVENT_SERVICE] == right->texts[EVENT_SERVICE] &&
	       left->texts[EVENT_OPERATION] == right->texts[EVENT_OPERATION];
}

static void say(struct ledger *ledger, enum ledger_finding finding, uint32_t number)
{
	const struct ledger_call *call = &ledger->calls[number];
	struct ledger_said *said;

	for (uint32_t i = 0; i < ledger->said_count; i++) {
		const struct ledger_call *sample = &ledger->calls[ledger->said[i].sample];

		if (ledger->said[i].finding != finding ||
			!are_of_one_operation(ledger, sample, call))
			continue;
		ledger->said[i].calls++;
		if (call->layered_attempts > sample->layered_attempts)
			ledger->said[i].sample = number;
		return;
	}
	ledger->said =
		sure(reallocarray(ledger->said, ledger->said_count + 1, sizeof(*ledger->said)));
	said = &ledger->said[ledger->said_count++];
	*said = (struct ledger_said){.finding = finding, .sample = number, .calls = 1};
}

void ledger_judge(struct ledger *ledger)
{
	struct processes processes = {0};

	for (uint32_t i = 0; i < ledger->call_count; i++) {
		struct ledger_call *call = &ledger->calls[i];
		uint32_t pid = ledger_attempt(ledger, call->first)->pid;

		call->findings = judge_layers(ledger, call);
		if (call->group != REPORT_NONE) {
			struct process *process = process_of(&processes, pid);

			call->findings |= judge_end(ledger, call, process->retries) |
					  judge_attempts(ledger, call) | judge_storm(call);
			process->retries += call->count - 1;
		}
		for (int finding = 0; finding < LEDGER_FINDINGS; finding++)
			if (call->findings & 1u << finding)
				say(ledger, finding, i);
	}
	free(processes.all);
}

/* ---- in words ---- */

const char *ledger_finding_name(enum ledger_finding finding)
{
	static const char *const names[] = {"gave up at once", "quota exhausted",
		"retried what must not be", "retry storm", "layers multiplied",
		"sent again without a token", "sent again with another token"};

	return names[finding];
}

const char *ledger_remedy(enum ledger_finding finding)
{
	static const char *const remedies[] = {"let the SDK try again (AWS_MAX_ATTEMPTS, "
					       "AWS_RETRY_MODE), or do it with back-off and "
					       "jitter",
		"this protects the service; shed load, or fail soon, until it answers again",
		"such an error needs another request: try again only after throttling, 5xx and no "
		"answer",
		"wait between attempts, each time up to twice as long and with jitter, and stop "
		"after a few",
		"try again in one place: turn off the outer loop, or set the SDK to one attempt",
		"send the idempotency token that the operation has, the same with each attempt",
		"make the idempotency token once, outside of the loop, and give it to each call"};

	return remedies[finding];
}

/* The attempt that was not to be followed by another one. */
static const struct report_attempt *find_refused(
	const struct ledger *ledger, const struct ledger_call *call)
{
	uint32_t i = call->first;

	while (ledger->next[i] != REPORT_NONE &&
		ledger_outcome(ledger, ledger_attempt(ledger, i)) != RETRY_CLIENT_ERROR)
		i = ledger->next[i];
	return ledger_attempt(ledger, i);
}

static void explain_refused(
	const struct ledger *ledger, const struct ledger_call *call, char text[LEDGER_TEXT_MAX])
{
	const struct report_attempt *refused = find_refused(ledger, call);

	snprintf(text, LEDGER_TEXT_MAX, "tried again after %u %s", refused->status,
		report_text(ledger->report, refused, EVENT_CODE));
}

void ledger_explain(
	const struct ledger *ledger, const struct ledger_said *said, char text[LEDGER_TEXT_MAX])
{
	const struct ledger_call *call = &ledger->calls[said->sample];
	const char *outcome = retry_outcome_name(call->trouble);
	char calls[STYLE_COUNT_MAX], attempts[STYLE_COUNT_MAX];

	style_count(call->layers, "call", calls);
	style_count(call->layered_attempts, "attempt", attempts);
	switch (said->finding) {
	case LEDGER_GAVE_UP:
		snprintf(text, LEDGER_TEXT_MAX, "one attempt, then nothing after '%s'", outcome);
		break;
	case LEDGER_QUOTA:
		snprintf(text, LEDGER_TEXT_MAX,
			"%u of %d attempts: the SDK's retry quota was used up by the calls before",
			call->count, attempts_wanted(ledger, call));
		break;
	case LEDGER_MUST_NOT:
		explain_refused(ledger, call, text);
		break;
	case LEDGER_STORM:
		snprintf(text, LEDGER_TEXT_MAX, "%s, %s", attempts,
			call->pattern == RETRY_AT_ONCE ? "without a pause" : "for one thing");
		break;
	case LEDGER_LAYERS:
		snprintf(text, LEDGER_TEXT_MAX,
			"%s in a row, each of which the SDK tried again: %s in all", calls,
			attempts);
		break;
	default:
		snprintf(text, LEDGER_TEXT_MAX,
			"the attempt before may have been carried out (%s), and this one is "
			"carried out again",
			outcome);
	}
}

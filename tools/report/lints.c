/* SPDX-License-Identifier: Apache-2.0 */
#include "lints.h"

#include <stdlib.h>
#include <string.h>

#include "control/memory.h"

/* So often within that time. */
#define REPEATED_COUNT 5
#define REPEATED_NS    10000000000ull

/* So often with no longer pauses. */
#define POLLING_COUNT 10
#define POLLING_NS    1000000000ull

/* No answer without a message is so long, head and all; none with one is shorter. */
#define MESSAGE_BYTES 600

static const struct report_attempt *attempt_at(const struct lints *lints, uint32_t number)
{
	return &lints->report->attempts[number];
}

static bool is_call(const struct lints *lints, const struct report_attempt *attempt,
	const char *service, const char *operation)
{
	return strcmp(report_text(lints->report, attempt, EVENT_SERVICE), service) == 0 &&
	       strcmp(report_text(lints->report, attempt, EVENT_OPERATION), operation) == 0;
}

static void add(struct lints *lints, const struct lint *lint)
{
	lints->all = sure(reallocarray(lints->all, lints->count + 1, sizeof(*lints->all)));
	lints->all[lints->count++] = *lint;
}

/* ---- the same question ---- */

/* What it answers is good for a while. */
static bool hardly_changes(const struct lints *lints, const struct report_attempt *attempt)
{
	return is_call(lints, attempt, "dynamodb", "GetItem") ||
	       is_call(lints, attempt, "ssm", "GetParameter") ||
	       is_call(lints, attempt, "ssm", "GetParameters") ||
	       is_call(lints, attempt, "secretsmanager", "GetSecretValue") ||
	       is_call(lints, attempt, "sts", "AssumeRole") ||
	       is_call(lints, attempt, "sts", "AssumeRoleWithWebIdentity");
}

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* Pages of a list are told apart by the body, if it was seen. */
static bool is_question(const struct lints *lints, const struct report_attempt *attempt)
{
	const char *operation = report_text(lints->report, attempt, EVENT_OPERATION);

	return begins_with(operation, "Describe") || begins_with(operation, "Get") ||
	       begins_with(operation, "Head") || (attempt->body && begins_with(operation, "List"));
}

/* A session's name is mostly made anew. */
static uint32_t body_of(const struct lints *lints, const struct report_attempt *attempt)
{
	return strcmp(report_text(lints->report, attempt, EVENT_SERVICE), "sts") == 0
		       ? 0
		       : attempt->body;
}

static int compare(
	const struct lints *lints, const struct report_attempt *a, const struct report_attempt *b)
{
	static const enum event_text texts[] = {
		EVENT_SERVICE, EVENT_OPERATION, EVENT_RESOURCE, EVENT_REGION};
	uint32_t left = body_of(lints, a), right = body_of(lints, b);

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (a->texts[texts[i]] != b->texts[texts[i]])
			return a->texts[texts[i]] < b->texts[texts[i]] ? -1 : 1;
	return left < right ? -1 : left > right;
}

static int by_question(const void *left, const void *right, void *context)
{
	const struct report_attempt *a = attempt_at(context, *(const uint32_t *)left),
				    *b = attempt_at(context, *(const uint32_t *)right);
	int order = compare(context, a, b);

	if (order)
		return order;
	return a->started < b->started ? -1 : a->started > b->started;
}

/* The most of `count` attempts that began within REPEATED_NS. */
static void find_repeated(struct lints *lints, const uint32_t *order, uint32_t count)
{
	struct lint found = {.kind = LINT_REPEATED};
	uint32_t from = 0;

	for (uint32_t i = 0; i < count; i++) {
		while (attempt_at(lints, order[i])->started -
				attempt_at(lints, order[from])->started >
			REPEATED_NS)
			from++;
		if (i - from + 1 <= found.count)
			continue;
		found.count = i - from + 1;
		found.first = order[from];
		found.last = order[i];
	}
	if (found.count >= REPEATED_COUNT)
		add(lints, &found);
}

static uint64_t pause_before(const struct lints *lints, const uint32_t *order, uint32_t i)
{
	const struct report_attempt *before = attempt_at(lints, order[i - 1]),
				    *after = attempt_at(lints, order[i]);
	uint64_t end = before->started + before->ended;

	return after->started > end ? after->started - end : 0;
}

/* Is the second half of the pauses as short as the first one? */
static bool has_no_back_off(
	const struct lints *lints, const uint32_t *order, uint32_t from, uint32_t count)
{
	uint64_t halves[2] = {0};

	for (uint32_t i = 1; i < count; i++)
		halves[i > count / 2] += pause_before(lints, order, from + i);
	return halves[1] <= halves[0] + halves[0] / 2 + 10000000;
}

static void find_polling(
	struct lints *lints, const uint32_t *order, uint32_t count, enum lint_kind kind)
{
	uint32_t from = 0;

	for (uint32_t i = 1; i <= count; i++) {
		if (i < count && pause_before(lints, order, i) <= POLLING_NS)
			continue;
		if (i - from >= POLLING_COUNT && has_no_back_off(lints, order, from, i - from)) {
			add(lints, &(struct lint){kind, order[from], order[i - 1], i - from});
			return;
		}
		from = i;
	}
}

/* A queue without messages answers at once, unless it is asked to wait. */
static bool is_empty_answer(const struct lints *lints, const struct report_attempt *attempt)
{
	return is_call(lints, attempt, "sqs", "ReceiveMessage") &&
	       attempt->received < MESSAGE_BYTES && attempt->ended < POLLING_NS;
}

static bool is_of_interest(const struct lints *lints, const struct report_attempt *attempt)
{
	if (!report_attempt_succeeded(attempt) || !attempt->texts[EVENT_RESOURCE])
		return false;
	/* Which key is asked for stands in the body. */
	if (!attempt->body && is_call(lints, attempt, "dynamodb", "GetItem"))
		return false;
	return hardly_changes(lints, attempt) || is_question(lints, attempt) ||
	       is_empty_answer(lints, attempt);
}

static void judge(struct lints *lints, const uint32_t *order, uint32_t count)
{
	const struct report_attempt *first = attempt_at(lints, order[0]);

	if (hardly_changes(lints, first))
		find_repeated(lints, order, count);
	else
		find_polling(
			lints, order, count, is_question(lints, first) ? LINT_POLLING : LINT_EMPTY);
}

static void find_questions(struct lints *lints)
{
	const struct report *report = lints->report;
	uint32_t *order = sure(calloc((size_t)report->attempt_count + 1, sizeof(*order)));
	uint32_t count = 0, from = 0;

	for (uint32_t i = 0; i < report->attempt_count; i++)
		if (is_of_interest(lints, &report->attempts[i]))
			order[count++] = i;
	if (count)
		qsort_r(order, count, sizeof(*order), by_question, lints);
	for (uint32_t i = 1; i <= count; i++) {
		if (i < count && compare(lints, attempt_at(lints, order[from]),
					 attempt_at(lints, order[i])) == 0)
			continue;
		judge(lints, order + from, i - from);
		from = i;
	}
	free(order);
}

/* ---- what was not brought to an end ---- */

/* Of one resource: what was begun, and how often it was ended. */
struct open_thing {
	uint32_t service, resource; /* texts */
	uint32_t first, last, begun, ended;
};

struct open_things {
	struct open_thing *all;
	uint32_t count;
};

static struct open_thing *thing_of(struct open_things *things, const struct report_attempt *attempt)
{
	for (uint32_t i = 0; i < things->count; i++)
		if (things->all[i].resource == attempt->texts[EVENT_RESOURCE] &&
			things->all[i].service == attempt->texts[EVENT_SERVICE])
			return &things->all[i];
	things->all = sure(reallocarray(things->all, things->count + 1, sizeof(*things->all)));
	things->all[things->count] = (struct open_thing){.service = attempt->texts[EVENT_SERVICE],
		.resource = attempt->texts[EVENT_RESOURCE]};
	return &things->all[things->count++];
}

static bool begins_upload(const struct lints *lints, const struct report_attempt *attempt)
{
	return is_call(lints, attempt, "s3", "CreateMultipartUpload");
}

static bool ends_upload(const struct lints *lints, const struct report_attempt *attempt)
{
	return is_call(lints, attempt, "s3", "CompleteMultipartUpload") ||
	       is_call(lints, attempt, "s3", "AbortMultipartUpload");
}

static bool receives(const struct lints *lints, const struct report_attempt *attempt)
{
	return is_call(lints, attempt, "sqs", "ReceiveMessage") &&
	       attempt->received >= MESSAGE_BYTES;
}

static bool deletes(const struct lints *lints, const struct report_attempt *attempt)
{
	return is_call(lints, attempt, "sqs", "DeleteMessage") ||
	       is_call(lints, attempt, "sqs", "DeleteMessageBatch") ||
	       is_call(lints, attempt, "sqs", "PurgeQueue") ||
	       is_call(lints, attempt, "sqs", "DeleteQueue");
}

typedef bool is_such(const struct lints *lints, const struct report_attempt *attempt);

static void note(struct lints *lints, struct open_things *things, uint32_t number, is_such *begins,
	is_such *ends)
{
	const struct report_attempt *attempt = attempt_at(lints, number);
	struct open_thing *thing;

	if (!report_attempt_succeeded(attempt))
		return;
	if (ends(lints, attempt)) {
		thing_of(things, attempt)->ended++;
	} else if (begins(lints, attempt)) {
		thing = thing_of(things, attempt);
		if (!thing->begun++)
			thing->first = number;
		thing->last = number;
	}
}

static void find_open(struct lints *lints, enum lint_kind kind, is_such *begins, is_such *ends)
{
	struct open_things things = {0};

	for (uint32_t i = 0; i < lints->report->attempt_count; i++)
		note(lints, &things, i, begins, ends);
	for (uint32_t i = 0; i < things.count; i++) {
		const struct open_thing *thing = &things.all[i];
		bool is_open = kind == LINT_UNDELETED ? !thing->ended : thing->ended < thing->begun;

		if (thing->begun && is_open)
			add(lints, &(struct lint){kind, thing->first, thing->last,
					   kind == LINT_UNDELETED ? thing->begun
								  : thing->begun - thing->ended});
	}
	free(things.all);
}

void lints_find(struct lints *lints, const struct report *report)
{
	*lints = (struct lints){.report = report};
	find_questions(lints);
	find_open(lints, LINT_UPLOAD, begins_upload, ends_upload);
	find_open(lints, LINT_UNDELETED, receives, deletes);
}

void lints_free(struct lints *lints)
{
	free(lints->all);
	*lints = (struct lints){0};
}

/* SPDX-License-Identifier: Apache-2.0 */

/* A stream of requests, whole and in pieces: framing and verdicts must be the same. */

#include "control/compile.h"
#include "fuzz.h"
#include "shim/engine/flow.h"
#include "tests/unit/table_in_memory.h"

/*
 * Heads: the first piece that says more than "partial" says what the whole says.
 */

static void check_heads(const uint8_t *data, size_t size, const struct cuts *cuts)
{
	struct http1_head whole, part;
	ssize_t expected = http1_parse(&whole, (const char *)data, size, 0);
	size_t seen = 0;

	for (int i = 0; i < cuts->count; i++) {
		char *block = block_of(data, cuts->at[i]);
		ssize_t got = http1_parse(&part, block, cuts->at[i], seen);

		free(block);
		if (got == HTTP1_PARTIAL) {
			seen = cuts->at[i];
			continue;
		}
		check(got == expected);
		check(got < 0 || (part.size == whole.size && part.chunked == whole.chunked &&
					 part.content_length == whole.content_length &&
					 part.fields.len == whole.fields.len));
		return;
	}
	check(expected == HTTP1_PARTIAL);
}

/*
 * Bodies: the length, the end and the payload.
 */

struct payload {
	struct http1_body body;
	struct http1_copy copy;
	size_t taken;
	bool bad;
};

static void feed_body(struct payload *payload, const uint8_t *data, size_t size)
{
	char *block = block_of(data, size);
	ssize_t count = http1_body_feed(&payload->body, block, size, &payload->copy);

	free(block);
	check(count >= HTTP1_BAD && count <= (ssize_t)size);
	payload->bad = count < 0;
	payload->taken += payload->bad ? 0 : (size_t)count;
	check(payload->bad || (size_t)count == size || http1_body_done(&payload->body));
	check(payload->copy.len <= payload->copy.cap && payload->copy.len <= payload->taken + size);
}

static void check_body(const struct http1_head *head, const uint8_t *data, size_t size)
{
	struct cuts cuts = cuts_of(data, size);
	struct payload whole = {.copy = {malloc(size + 1), 0, size}};
	struct payload parts = {.copy = {malloc(size + 1), 0, size}};

	check(whole.copy.at && parts.copy.at);
	http1_body_begin(&whole.body, head);
	parts.body = whole.body;
	feed_body(&whole, data, size);
	for (int i = 0; i < cuts.count && !parts.bad && !http1_body_done(&parts.body); i++) {
		size_t from = i ? cuts.at[i - 1] : 0;

		feed_body(&parts, data + from, cuts.at[i] - from);
	}
	check(whole.bad == parts.bad);
	if (!whole.bad) {
		check(whole.taken == parts.taken && whole.copy.len == parts.copy.len);
		check(memcmp(whole.copy.at, parts.copy.at, whole.copy.len) == 0);
		check(whole.body.state == parts.body.state && whole.body.left == parts.body.left);
	}
	free(whole.copy.at);
	free(parts.copy.at);
}

/*
 * Streams: what becomes of each byte.
 */

#define FATES_MAX (256 * 1024)
struct fates {
	size_t size;   /* bytes decided on */
	size_t sound;  /* up to the last request whose framing has been lost */
	size_t begins; /* where the last request does */
	bool lost;
	char at[FATES_MAX]; /* (F)orwarded, (S)wallowed; in capitals where a request begins */
};

static const struct table *rules(void)
{
	static struct rule list[] = {
		{.id = 1, .operation = (char *)"Get*"},
		{.id = 2, .operation = (char *)"*Object"},
		{.id = 3, .service = (char *)"sqs", .region = (char *)"us-*"},
		{.id = 4, .operation = (char *)"List*"},
	};
	const struct rule *pointers[] = {&list[0], &list[1], &list[2], &list[3]};
	static struct table *table;
	struct compiled compiled;
	const char *reason;

	if (table)
		return table;
	for (int i = 0; i < 4; i++) {
		list[i].probability = 1;
		list[i].status = 503;
		list[i].code = (char *)"ServiceUnavailable";
	}
	check(compile_rules(&compiled, pointers, 4, 0, &reason) == 0);
	table = table_of_compiled(&compiled);
	check(table != NULL);
	compiled_free(&compiled);
	return table;
}

static void mark(struct fates *fates, size_t count, bool swallowed, bool begins)
{
	check(count <= sizeof(fates->at) - fates->size);
	memset(fates->at + fates->size, swallowed ? 's' : 'f', count);
	if (begins && count)
		fates->at[fates->size] &= ~0x20;
	fates->size += count;
}

/* Offers bytes once; returns how many have been decided on. */
static size_t offer(struct fates *fates, struct flow *flow, const uint8_t *data, size_t size,
	enum flow_patience patience)
{
	static struct dice dice;
	struct flow_env env = {.table = rules(), .dice = &dice, .now = 1, .patience = patience};
	struct flow_step step;
	bool at_head = flow_at_head(flow);
	char *block = block_of(data, size);

	if (at_head)
		fates->begins = fates->size;
	flow_feed(flow, &env, block, size, &step);
	free(block);
	check(step.action != FLOW_HOLD || patience != FLOW_ENDS);
	if (step.action == FLOW_HOLD)
		return 0;
	check(step.count > 0 && step.count <= size);
	check(step.action != FLOW_REPLY || (at_head && step.is_call && step.rules.is_fault));
	if (flow->state == FLOW_GONE ||
		(flow->swallowing && flow->body.left > UINT64_MAX - FATES_MAX))
		fates->lost = true;
	if (!fates->lost)
		fates->sound = fates->size + step.count;
	else if (fates->sound > fates->begins)
		fates->sound = fates->begins;
	mark(fates, step.count, step.action == FLOW_SWALLOW || step.action == FLOW_REPLY, at_head);
	return step.count;
}

static void run_stream(struct fates *fates, const uint8_t *data, size_t size, struct cuts cuts)
{
	struct flow flow = {.state = FLOW_FRESH};

	fates->size = fates->sound = fates->begins = 0;
	fates->lost = false;
	/* The last round is for what is still held when nothing more comes. */
	for (int i = 0; i <= cuts.count; i++) {
		size_t there = i < cuts.count ? cuts.at[i] : size;
		enum flow_patience patience = i < cuts.count ? FLOW_WAITS : FLOW_ENDS;

		while (fates->size < there)
			if (!offer(fates, &flow, data + fates->size, there - fates->size, patience))
				break;
	}
	check(fates->size == size);
}

static void check_streams(const uint8_t *data, size_t size, struct cuts cuts)
{
	static struct fates whole, parts;
	struct cuts none = {.at = {size}, .count = 1};
	size_t sound;

	run_stream(&whole, data, size, none);
	run_stream(&parts, data, size, cuts);
	/* Where framing is lost, what has gone out already can't be taken back. */
	sound = whole.sound < parts.sound ? whole.sound : parts.sound;
	check(memcmp(whole.at, parts.at, sound) == 0);
	check(whole.lost || parts.lost || sound == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cuts cuts = cuts_of(data, size);
	struct http1_head head;

	if (size == 0 || size > FATES_MAX)
		return 0;
	check_heads(data, size, &cuts);
	if (http1_parse(&head, (const char *)data, size, 0) > 0)
		check_body(&head, data + head.size, size - head.size);
	check_streams(data, size, cuts);
	return 0;
}

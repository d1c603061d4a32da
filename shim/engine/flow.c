/* SPDX-License-Identifier: Apache-2.0 */
#include "flow.h"

#include "shim/memory/journal.h"
#include "aws/identify.h"

static void let_go(struct flow *flow, size_t len, int blind, struct flow_step *step)
{
	flow->state = FLOW_GONE;
	step->action = FLOW_LET_GO;
	step->count = len;
	step->blind = blind;
}

static void hold(struct flow *flow, size_t seen, struct flow_step *step)
{
	flow->seen = seen;
	step->action = FLOW_HOLD;
	step->count = 0;
}

/* A body that lost its framing has no end: it shares the fate of its head for ever. */
static void lose_framing(struct flow *flow, size_t len, struct flow_step *step)
{
	if (!flow->swallowing) {
		let_go(flow, len, JOURNAL_BLIND_FRAMING, step);
		return;
	}
	flow->state = FLOW_BODY;
	flow->body = (struct http1_body){.state = HTTP1_BODY_LENGTH, .left = UINT64_MAX};
	step->action = FLOW_SWALLOW;
	step->count = len;
}

static void after_piece(struct flow *flow)
{
	flow->state = FLOW_BODY;
	if (!http1_body_done(&flow->body))
		return;
	/* What follows an upgrade or a CONNECT may be anything: TLS, WebSocket, or HTTP again. */
	flow->state = flow->upgrading ? FLOW_FRESH : FLOW_HEAD;
	flow->swallowing = false;
}

static void feed_body(struct flow *flow, const struct flow_env *env, const char *data, size_t len,
	struct flow_step *step)
{
	ssize_t count = http1_body_feed(&flow->body, data, len, NULL);

	if (count < 0) {
		lose_framing(flow, len, step);
		return;
	}
	step->action = flow->swallowing ? FLOW_SWALLOW : FLOW_FORWARD;
	step->count = (size_t)count;
	step->due = !flow->swallowing && flow->due > env->now ? flow->due : 0;
	after_piece(flow);
}

/* The head is whole and is a call: what do the rules say? */
static void decide(struct flow *flow, const struct flow_env *env, struct flow_step *step)
{
	step->is_call = true;
	rules_match(env->table, &step->call, env->dice, &step->rules);
	if (step->rules.is_fault && env->pipelined) {
		/* The answer to an earlier request is still to come: ours can't take its turn. */
		step->rules.is_fault = false;
		step->blind = JOURNAL_BLIND_PIPELINED;
	}
	if (step->rules.latency_ns)
		step->due = flow->due = env->now + step->rules.latency_ns;
	flow->swallowing = step->rules.is_fault;
}

static void feed_head(struct flow *flow, const struct flow_env *env, const char *data, size_t len,
	struct flow_step *step)
{
	bool is_fresh = flow->state == FLOW_FRESH;
	struct http1_head head;
	ssize_t size = http1_parse(&head, data, len, flow->seen);
	enum aws_identity identity;
	ssize_t count;

	flow->state = FLOW_HEAD;
	/* "GET key" of another protocol is no request, and nothing that was missed. */
	if (size == HTTP1_BAD && is_fresh && len < HTTP1_HEAD_MAX) {
		let_go(flow, len, FLOW_NOT_BLIND, step);
		return;
	}
	if (size == HTTP1_PARTIAL && env->patience != FLOW_ENDS) {
		hold(flow, len, step);
		return;
	}
	if (size < 0) {
		let_go(flow, len, JOURNAL_BLIND_FRAMING, step);
		return;
	}
	http1_body_begin(&flow->body, &head);
	count = http1_body_feed(&flow->body, data + size, len - (size_t)size, NULL);
	if (count < 0) {
		let_go(flow, len, JOURNAL_BLIND_FRAMING, step);
		return;
	}

	/* A client that expects 100-continue sends no body before it has an answer. */
	struct aws_body body = {
		.bytes = {data + size, (size_t)count},
		.complete = http1_body_done(&flow->body) || env->patience != FLOW_WAITS ||
			    head.expects_continue || len >= FLOW_HOLD_MAX,
	};

	identity = aws_identify(&head, &body, AWS_WANT_ALL, &step->call);
	if (identity == AWS_NEEDS_BODY) {
		/* 0: the head is whole already, and is to be found again. */
		hold(flow, 0, step);
		return;
	}
	flow->seen = 0;
	flow->due = 0;
	flow->upgrading = head.upgrades;
	step->closes = head.closes;
	if (identity == AWS_CALL)
		decide(flow, env, step);
	step->action = flow->swallowing ? FLOW_REPLY : FLOW_FORWARD;
	step->count = (size_t)(size + count);
	after_piece(flow);
}

static void feed_fresh(struct flow *flow, const struct flow_env *env, const char *data, size_t len,
	struct flow_step *step)
{
	static const char http2_preface[] = "PRI * HTTP/2.0\r\n";
	size_t preface = sizeof(http2_preface) - 1;
	int http1 = http1_sniff(data, len);

	if (http1 == 1) {
		feed_head(flow, env, data, len, step);
		return;
	}
	if (http1 == HTTP1_PARTIAL && env->patience == FLOW_WAITS) {
		hold(flow, 0, step);
		return;
	}
	if (len >= preface && memcmp(data, http2_preface, preface) == 0)
		let_go(flow, len, JOURNAL_BLIND_HTTP2, step);
	else if (len >= 3 && data[0] == 0x16 && data[1] == 0x03)
		let_go(flow, len, JOURNAL_BLIND_TLS, step);
	else
		let_go(flow, len, FLOW_NOT_BLIND, step);
}

void flow_feed(struct flow *flow, const struct flow_env *env, const char *data, size_t len,
	struct flow_step *step)
{
	step->due = 0;
	step->is_call = false;
	step->blind = FLOW_NOT_BLIND;
	switch (flow->state) {
	case FLOW_FRESH:
		feed_fresh(flow, env, data, len, step);
		break;
	case FLOW_HEAD:
		feed_head(flow, env, data, len, step);
		break;
	case FLOW_BODY:
		feed_body(flow, env, data, len, step);
		break;
	case FLOW_GONE:
		let_go(flow, len, FLOW_NOT_BLIND, step);
		break;
	}
}

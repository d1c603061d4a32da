/* SPDX-License-Identifier: Apache-2.0 */
#include "requests.h"

#include "aws/identify.h"
#include "aws/request.h"
#include "draft.h"
#include "shim/memory/blocks.h"
#include "shim/memory/journal.h"

/* No blindness: it is no client of HTTP at all. */
#define NOT_BLIND (-1)

static void let_go(struct exchange *exchange, const struct exchange_env *env, int blind)
{
	exchange->state = EXCHANGE_GONE;
	exchange->is_spent = true;
	if (blind != NOT_BLIND)
		env->host->blind(env->user, blind);
}

static void note_connection(struct exchange *exchange, const struct exchange_env *env)
{
	if (!exchange->is_counted)
		env->host->connection(env->user);
	exchange->is_counted = true;
}

/* The bytes pass, and are needed once more when the rest has come. */
static void wait_for_more(struct exchange *exchange, const struct exchange_env *env,
	const char *data, size_t len, bool is_drawn)
{
	if (!is_drawn && !draft_add(exchange, env, data, len))
		let_go(exchange, env, JOURNAL_BLIND_FRAMING);
	else
		atomic_store_explicit(&exchange->unanswered, true, memory_order_relaxed);
}

/* A body that lost its framing has no end: it shares the fate of its head for ever. */
static void lose_framing(
	struct exchange *exchange, const struct exchange_env *env, struct exchange_step *step)
{
	if (!exchange->swallowing) {
		let_go(exchange, env, JOURNAL_BLIND_FRAMING);
		return;
	}
	exchange->body = (struct http1_body){.state = HTTP1_BODY_LENGTH, .left = UINT64_MAX};
	step->action = EXCHANGE_SWALLOW;
}

void requests_after_piece(struct exchange *exchange)
{
	exchange->state = EXCHANGE_BODY;
	if (!http1_body_done(&exchange->body))
		return;
	/* What follows an upgrade or a CONNECT may be anything: TLS, WebSocket, or HTTP again. */
	exchange->state = exchange->upgrading ? EXCHANGE_FRESH : EXCHANGE_HEAD;
	exchange->swallowing = exchange->expecting = false;
}

/* A request whose head is whole. */
struct whole {
	const struct http1_head *head;
	struct aws_body body;
	const struct table *table;
};

/* What the rule answers with, in memory of its own. False: no memory, or no rule any more. */
static bool take_text(
	const struct whole *whole, const struct exchange_env *env, struct exchange_step *step)
{
	const struct aws_body all = {.bytes = whole->body.bytes, .complete = true};

	step->text = blocks_take(sizeof(*step->text));
	if (!step->text)
		return false;
	/* The rules may have asked for less than a reply needs. */
	aws_identify(whole->head, &all, AWS_WANT_ALL, &step->call);
	while (step->verdict.is_fault &&
		!rules_text(whole->table, &step->verdict, &step->call, step->text))
		rules_match(whole->table, &step->call, env->dice, &step->verdict);
	if (step->verdict.is_fault)
		return true;
	blocks_give(step->text);
	step->text = NULL;
	return false;
}

/* The request is a call: what do the rules say? */
static void decide(struct exchange *exchange, const struct exchange_env *env,
	const struct whole *whole, struct exchange_step *step)
{
	struct rules_verdict *verdict = &step->verdict;

	rules_match(whole->table, &step->call, env->dice, verdict);
	if (verdict->is_fault && exchange->is_pipelined) {
		/* The answer to an earlier request is still to come: ours can't take its turn. */
		verdict->is_fault = false;
		env->host->blind(env->user, JOURNAL_BLIND_PIPELINED);
	}
	if (verdict->is_fault)
		verdict->is_fault = take_text(whole, env, step);
	if (verdict->latency_ns)
		step->due = env->host->now() + verdict->latency_ns;
	exchange->swallowing = verdict->is_fault;
	step->is_call = true;
}

/* The request passes: from when on is the server to be listened to? */
static void expect_answer(
	struct exchange *exchange, const struct http1_head *head, const struct aws_body *body)
{
	atomic_store_explicit(&exchange->unanswered, true, memory_order_relaxed);
	exchange->expecting =
		head->expects_continue && !body->bytes.len && !http1_body_done(&exchange->body);
	/* Else what comes first is the answer to another request. */
	exchange->watching = exchange->expecting && !exchange->is_pipelined;
	exchange->has_final = false;
	if (exchange->watching)
		answer_begin(&exchange->answer,
			&(struct answer_request){
				.is_head = span_equal(head->method, SPAN("HEAD")),
				.is_connect = span_equal(head->method, SPAN("CONNECT")),
			});
}

static void begin_request(struct exchange *exchange, bool follows)
{
	exchange->seen = 0;
	exchange->is_pipelined =
		follows || atomic_load_explicit(&exchange->unanswered, memory_order_relaxed);
}

/* What is known of the body; false: its framing makes no sense. `size` is that of the head. */
static bool read_body(struct exchange *exchange, const struct http1_head *head, struct span all,
	size_t size, struct aws_body *body)
{
	ssize_t count;

	http1_body_begin(&exchange->body, head);
	count = http1_body_feed(&exchange->body, all.at + size, all.len - size, NULL);
	if (count < 0)
		return false;
	*body = (struct aws_body){
		.bytes = {all.at + size, (size_t)count},
		.complete = http1_body_done(&exchange->body) || all.len >= EXCHANGE_DRAFT_MAX,
	};
	return true;
}

/* What of a call is to be found out: for a rule, or for who wants to know all. */
static unsigned wanted_of(const struct exchange_env *env, const struct table *table)
{
	if (env->host->observes && env->host->observes())
		return AWS_WANT_ALL;
	return rules_wanted(table);
}

/* The head is whole, in `all`, of which `before` bytes passed in earlier pieces. */
static void decide_on(struct exchange *exchange, const struct exchange_env *env,
	const struct http1_head *head, struct span all, size_t before, struct exchange_step *step)
{
	struct whole whole = {.head = head, .table = env->host->table()};
	enum aws_identity identity;

	note_connection(exchange, env);
	if (!read_body(exchange, head, all, head->size, &whole.body)) {
		let_go(exchange, env, JOURNAL_BLIND_FRAMING);
		return;
	}
	if (aws_tells_nothing(head))
		identity = AWS_NOT_A_CALL;
	else
		identity =
			aws_identify(head, &whole.body, wanted_of(env, whole.table), &step->call);
	if (identity == AWS_NEEDS_BODY) {
		exchange->seen = 0;
		wait_for_more(exchange, env, all.at + before, all.len - before, before > 0);
		return;
	}
	exchange->is_spent = true;
	exchange->upgrading = head->upgrades;
	step->count = head->size + whole.body.bytes.len - before;
	if (identity == AWS_CALL)
		decide(exchange, env, &whole, step);
	step->action = exchange->swallowing ? EXCHANGE_REPLY : EXCHANGE_PASS;
	step->closes = head->closes || exchange->on_wire ||
		       (head->expects_continue && !http1_body_done(&exchange->body));
	if (!exchange->swallowing)
		expect_answer(exchange, head, &whole.body);
	requests_after_piece(exchange);
}

/* Does the first line end as the one of a request does? */
static bool names_http1(struct span all)
{
	const struct span version = SPAN(" HTTP/1.");
	const char *end = span_find(all, '\n');
	size_t len = end ? (size_t)(end - all.at) : 0;

	if (len && all.at[len - 1] == '\r')
		len--;
	return len > version.len &&
	       memcmp(all.at + len - version.len - 1, version.at, version.len) == 0;
}

static void feed_head(struct exchange *exchange, const struct exchange_env *env, const char *data,
	size_t len, bool follows, struct exchange_step *step)
{
	bool is_fresh = exchange->state == EXCHANGE_FRESH;
	struct http1_head head;
	struct span all;
	size_t before;
	ssize_t size;

	if (draft_is_overtaken(exchange, data, len) && draft_leave(exchange))
		env->host->blind(env->user, JOURNAL_BLIND_FRAMING);
	before = exchange->draft.len;
	if (!before)
		begin_request(exchange, follows);
	if (!draft_gather(exchange, env, data, len, &all)) {
		let_go(exchange, env, JOURNAL_BLIND_FRAMING);
		return;
	}
	size = http1_parse(&head, all.at, all.len, exchange->seen);
	if (size == HTTP1_PARTIAL) {
		exchange->seen = all.len;
		wait_for_more(exchange, env, data, len, before > 0);
		return;
	}
	/* "GET key" of another protocol is no request, and nothing that was missed. */
	if (size < 0) {
		let_go(exchange, env,
			is_fresh && !names_http1(all) ? NOT_BLIND : JOURNAL_BLIND_FRAMING);
		return;
	}
	exchange->state = EXCHANGE_HEAD;
	decide_on(exchange, env, &head, all, before, step);
}

__attribute__((noinline)) static void feed_body(struct exchange *exchange,
	const struct exchange_env *env, const char *data, size_t len, bool follows,
	struct exchange_step *step)
{
	ssize_t count;

	/* A client that was refused at the head may leave its body out, and go on with a request. */
	if (exchange->expecting && exchange->has_final && http1_sniff(data, len) != 0) {
		exchange->state = EXCHANGE_HEAD;
		exchange->expecting = exchange->watching = false;
		feed_head(exchange, env, data, len, follows, step);
		return;
	}
	exchange->expecting = false;
	count = http1_body_feed(&exchange->body, data, len, NULL);
	if (count < 0) {
		lose_framing(exchange, env, step);
		return;
	}
	step->action = exchange->swallowing ? EXCHANGE_SWALLOW : EXCHANGE_PASS;
	step->count = (size_t)count;
	requests_after_piece(exchange);
}

__attribute__((noinline)) static void feed_socks(struct exchange *exchange,
	const struct exchange_env *env, const char *data, size_t len, struct exchange_step *step)
{
	ssize_t count = socks_feed(&exchange->socks, data, len);

	if (count < 0) {
		let_go(exchange, env, NOT_BLIND);
		return;
	}
	step->count = (size_t)count;
	/* The proxy answers first: a request that does not wait for that gets no reply of ours. */
	atomic_store_explicit(&exchange->unanswered, true, memory_order_relaxed);
	if (exchange->socks.done)
		exchange->state = EXCHANGE_FRESH;
}

/* What is in the draft has been taken for its beginning, and is fed again with the rest. */
static void begin_socks(struct exchange *exchange, const struct exchange_env *env, struct span all,
	size_t before, struct exchange_step *step)
{
	exchange->socks = (struct socks){0};
	exchange->state = EXCHANGE_SOCKS;
	exchange->is_spent = true;
	feed_socks(exchange, env, all.at, all.len, step);
	step->count -= before;
}

/* A ClientHello; its end is waited for, and that of its record. */
static void feed_hello(struct exchange *exchange, const struct exchange_env *env, struct span all,
	const char *data, size_t len, size_t before)
{
	size_t size = all.len < 5 ? 5 : 5 + ((size_t)(uint8_t)all.at[3] << 8 | (uint8_t)all.at[4]);

	if ((all.len < size || tls_may_go_on(all.at, all.len)) && all.len < EXCHANGE_DRAFT_MAX) {
		wait_for_more(exchange, env, data, len, before > 0);
		return;
	}
	/* A session inside of the session: of two that write here, we can follow one. */
	if (exchange->is_sealed) {
		let_go(exchange, env, JOURNAL_BLIND_TLS);
		return;
	}
	note_connection(exchange, env);
	env->host->hello(env->user, all.at, all.len);
	exchange->ahead = 0; /* what is written from now on is counted inside of the session */
	exchange->is_sealed = exchange->is_spent = true;
	atomic_store_explicit(&exchange->unanswered, false, memory_order_relaxed);
}

static bool begins(struct span bytes, struct span what)
{
	size_t len = bytes.len < what.len ? bytes.len : what.len;

	return memcmp(bytes.at, what.at, len) == 0;
}

__attribute__((noinline)) static void feed_fresh(struct exchange *exchange,
	const struct exchange_env *env, const char *data, size_t len, bool follows,
	struct exchange_step *step)
{
	struct span http2 = SPAN("PRI * HTTP/2.0\r\n"), tls = SPAN("\x16\x03"), all;
	size_t before = exchange->draft.len;
	int http1 = before ? 0 : http1_sniff(data, len);

	if (http1 == 1) {
		feed_head(exchange, env, data, len, follows, step);
		return;
	}
	if (!draft_gather(exchange, env, data, len, &all)) {
		let_go(exchange, env, JOURNAL_BLIND_FRAMING);
		return;
	}
	if (before && http1_sniff(all.at, all.len) == 1) {
		exchange->draft.len = before; /* feed_head() adds the new bytes itself */
		feed_head(exchange, env, data, len, follows, step);
	} else if (http1_sniff(all.at, all.len) == HTTP1_PARTIAL ||
		   (begins(all, http2) && all.len < http2.len)) {
		if (!before)
			begin_request(exchange, follows);
		wait_for_more(exchange, env, data, len, before > 0);
	} else if (begins(all, tls) && (all.len < 3 || tls_sniff(all.at, all.len))) {
		feed_hello(exchange, env, all, data, len, before);
	} else if (socks_sniff(all.at, all.len)) {
		begin_socks(exchange, env, all, before, step);
	} else {
		let_go(exchange, env, begins(all, http2) ? JOURNAL_BLIND_HTTP2 : NOT_BLIND);
	}
}

void requests_feed(struct exchange *exchange, const struct exchange_env *env, const char *data,
	size_t len, bool follows, struct exchange_step *step)
{
	step->action = EXCHANGE_PASS;
	step->count = len;
	step->due = 0;
	step->is_call = false;
	step->text = NULL;
	switch (exchange->state) {
	case EXCHANGE_FRESH:
		feed_fresh(exchange, env, data, len, follows, step);
		break;
	case EXCHANGE_SOCKS:
		feed_socks(exchange, env, data, len, step);
		break;
	case EXCHANGE_HEAD:
		feed_head(exchange, env, data, len, follows, step);
		break;
	case EXCHANGE_BODY:
		feed_body(exchange, env, data, len, follows, step);
		break;
	case EXCHANGE_GONE:
		break;
	}
}

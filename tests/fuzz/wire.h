/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_WIRE_H
#define CHAOS_TESTS_WIRE_H

/* A host for an exchange that checks all that it is told: each byte that the program writes passes or
 * is swallowed, once and in its order; and no call that is answered in the server's place passes whole. */

#include "fuzz.h"
#include "shim/engine/aws/reply.h"
#include "shim/engine/exchange.h"
#include "shim/memory/blocks.h"
#include "shim/memory/journal.h"
#include "tables.h"

#define WIRE_MAX    (60 * 1024)
#define WIRE_IOV    4
#define WIRE_EVENTS 4096
#define WIRE_ALL    SIZE_MAX

/* What the exchange tells; in this order it must be the same however the bytes are cut. */
struct wire_event {
	enum { WIRE_CONNECTION, WIRE_HELLO, WIRE_CALL, WIRE_BLIND } what;
	uint64_t value;
};

struct wire {
	struct exchange exchange;
	struct exchange_step step;
	const struct table *table;
	struct dice dice;
	uint64_t now, last_due;

	const uint8_t *data; /* all that the program writes */
	size_t size, at;     /* of it; before `at` all is decided */
	char fates[WIRE_MAX];

	/* The offer. */
	struct iovec iov[WIRE_IOV];
	int count;
	size_t mark; /* before it all has passed or been swallowed */
	bool has_fault, has_hello;

	uint8_t passed[WIRE_MAX], out[WIRE_MAX]; /* to pass, and what the server has got of it */
	size_t passed_len, out_len;
	size_t kernel_takes; /* at most, of one send() */
	bool readable;	     /* the reply */
	bool is_poor;	     /* no memory for drafts */
	bool ends_kept;	     /* replies are not left for the program to fetch */
	int drafts;	     /* taken and not given back */
	int begun, ended;    /* events */

	struct wire_event events[WIRE_EVENTS];
	int event_count;
};

/* The host's questions have no user. */
static struct wire *wire_current;

static inline void wire_tell(struct wire *wire, int what, uint64_t value)
{
	check(wire->event_count < WIRE_EVENTS);
	wire->events[wire->event_count].what = what;
	wire->events[wire->event_count++].value = value;
}

static inline const struct table *wire_table(void)
{
	return wire_current->table;
}

static inline uint64_t wire_now(void)
{
	return wire_current->now;
}

static inline time_t wire_date(void)
{
	return 1767225600;
}

/* Never more room than was asked for, so that ASan sees what reads past it. */
static inline bool wire_grow(struct draft *draft, size_t cap)
{
	char *at;

	check(cap > draft->cap && draft->len <= draft->cap && (draft->at || !draft->cap));
	if (wire_current->is_poor)
		return false;
	at = malloc(cap);
	check(at != NULL);
	if (draft->at)
		memcpy(at, draft->at, draft->len);
	else
		wire_current->drafts++;
	free(draft->at);
	draft->at = at;
	draft->cap = cap;
	return true;
}

static inline void wire_release(struct draft *draft)
{
	check(draft->at != NULL);
	free(draft->at);
	wire_current->drafts--;
	*draft = (struct draft){0};
}

static inline void wire_append(uint8_t *to, size_t *len, const void *data, size_t more)
{
	check(more <= WIRE_MAX - *len);
	memcpy(to + *len, data, more);
	*len += more;
}

/* Where in the offer the bytes are: they must be its own. */
static inline size_t wire_place(const struct wire *wire, const char *data, size_t len)
{
	size_t before = 0;

	for (int i = 0; i < wire->count; i++) {
		const char *base = wire->iov[i].iov_base;

		if (data >= base && data < base + wire->iov[i].iov_len) {
			check(len <= wire->iov[i].iov_len - (size_t)(data - base));
			return before + (size_t)(data - base);
		}
		before += wire->iov[i].iov_len;
	}
	abort();
}

static inline void wire_send(void *user, const char *data, size_t len, uint64_t due)
{
	struct wire *wire = user;
	struct line *line = &wire->exchange.line;
	size_t place, now = 0;

	check(len > 0 && !wire->exchange.reply && !wire->exchange.ended);
	place = wire_place(wire, data, len);
	check(place >= wire->mark);
	wire->mark = place + len;
	memset(wire->fates + wire->at + place, due ? 'd' : 'p', len);
	check(!due || due >= wire->last_due);
	wire->last_due = due ? due : wire->last_due;
	wire_append(wire->passed, &wire->passed_len, data, len);
	if (!due && line_is_empty(line))
		now = len < wire->kernel_takes ? len : wire->kernel_takes;
	wire_append(wire->out, &wire->out_len, data, now);
	if (now < len)
		check(line_put(line, LINE_SEND, data + now, len - now, due));
}

static inline void wire_connection(void *user)
{
	wire_tell(user, WIRE_CONNECTION, 0);
}

static inline void wire_hello(void *user, const char *data, size_t len)
{
	check(len >= 5 && data[0] == 0x16);
	check(!((struct wire *)user)->exchange.is_sealed);
	((struct wire *)user)->has_hello = true;
	wire_tell(user, WIRE_HELLO, (uint64_t)(data[1] + data[2]));
}

static inline void wire_call(
	void *user, const struct aws_call *call, const struct rules_verdict *verdict)
{
	struct wire *wire = user;
	const struct aws_candidate *first = &call->candidates[0];
	uint64_t hash = (uint64_t)call->candidate_count << 2 | (verdict->latency_ns != 0) << 1;

	check(call->candidate_count > 0 && call->candidate_count <= AWS_CANDIDATES_MAX);
	for (size_t i = 0; i < first->service.len; i++)
		hash = (hash ^ (uint8_t)first->service.at[i]) * 0x100000001b3ull;
	for (size_t i = 0; i < first->operation.len; i++)
		hash = (hash ^ (uint8_t)first->operation.at[i]) * 0x100000001b3ull;
	wire->has_fault |= verdict->is_fault;
	wire_tell(wire, WIRE_CALL, hash << 1 | verdict->is_fault);
}

static inline void wire_blind(void *user, int reason)
{
	wire_tell(user, WIRE_BLIND, (uint64_t)reason);
}

/* All of every call is found out: less is told sooner, and garbage may be told apart by more of it. */
static inline bool wire_observes(void)
{
	return true;
}

static inline bool wire_wants(void)
{
	return true;
}

static inline void *wire_take_memory(size_t size)
{
	return wire_current->is_poor ? NULL : blocks_take(size);
}

/* Texts stay inside the event, one behind the other. */
static inline void wire_check_event(const struct event *event)
{
	size_t len = 0;

	for (int i = 0; i < EVENT_TEXTS; i++) {
		struct span text = event_text(event, (enum event_text)i);

		check(text.len == event->lengths[i] && text.at == event->texts + len);
		len += text.len;
	}
	check(len == event->used && len <= EVENT_ROOM && event_size(event) <= sizeof(*event));
}

static inline void *wire_begun(void *user, struct event *event)
{
	struct wire *wire = user;

	event_add(event, EVENT_PROCESS, SPAN("a program"));
	wire_check_event(event);
	check(event->lengths[EVENT_SERVICE] > 0);
	/* One at a time, on one connection. */
	check(wire->begun++ == wire->ended);
	return wire;
}

static inline void wire_ended(void *place, const struct event *event)
{
	struct wire *wire = place;

	check(++wire->ended == wire->begun);
	wire_check_event(event);
	check(event->first <= event->ended && event->end <= EVENT_CUT);
	check(((event->action & EVENT_ERROR) != 0) == (event->taken != EVENT_NOTHING_TO_TAKE));
	check(event->end != EVENT_WHOLE || event->status);
	check(event->status < 1000 && event->sent <= wire->size);
}

static inline void wire_missed(void)
{
	check(wire_current->is_poor);
}

static const struct record_host wire_record = {
	.wants = wire_wants,
	.now = wire_now,
	.take = wire_take_memory,
	.begun = wire_begun,
	.ended = wire_ended,
	.missed = wire_missed,
};

static const struct exchange_host wire_host = {
	.record = &wire_record,
	.observes = wire_observes,
	.table = wire_table,
	.now = wire_now,
	.date = wire_date,
	.grow = wire_grow,
	.release = wire_release,
	.send = wire_send,
	.connection = wire_connection,
	.hello = wire_hello,
	.call = wire_call,
	.blind = wire_blind,
};

static inline void wire_begin(
	struct wire *wire, const uint8_t *data, size_t size, const struct table *table)
{
	memset(wire, 0, offsetof(struct wire, events));
	wire->event_count = 0;
	wire->data = data;
	wire->size = size;
	wire->table = table;
	wire->now = 1000;
	wire->kernel_takes = WIRE_ALL;
	check(size <= WIRE_MAX);
}

/* What holds between any two calls. */
static inline void wire_check(const struct wire *wire)
{
	const struct exchange *exchange = &wire->exchange;
	const struct draft *draft = &exchange->draft;

	check(wire->drafts == (draft->at != NULL));
	check((draft->at != NULL) == (draft->len > 0) && draft->len <= draft->cap);
	check(!draft->len || exchange->state == EXCHANGE_FRESH || exchange->state == EXCHANGE_HEAD);
	check(!exchange->is_spent && exchange->seen <= draft->len);
	check(!exchange->swallowing || exchange->state == EXCHANGE_BODY ||
		exchange->state == EXCHANGE_GONE);
	check(exchange->ahead <= wire->size - wire->at || exchange->state == EXCHANGE_GONE);
	check(exchange->reply_at <= exchange->reply_len && exchange->reply_len <= AWS_REPLY_MAX);
	check(!exchange->is_unfinished || !exchange->reply || exchange->ended);
	check(wire->out_len <= wire->passed_len);
	check(memcmp(wire->out, wire->passed, wire->out_len) == 0);
}

/* A reply after which the connection ends says so, as far as it has not been read. */
static inline void wire_check_reply(const struct wire *wire)
{
	struct span reply = exchange_reply(&wire->exchange);

	if (!reply.at || wire->exchange.reply_at)
		return;
	check(reply.len > 12 && memcmp(reply.at, "HTTP/1.1 503", 12) == 0);
	check(wire->exchange.ended ==
		(memmem(reply.at, reply.len, "Connection: close\r\n", 19) != NULL));
}

/* The kernel takes some of what all may pass. Returns how much. */
static inline size_t wire_pass(struct wire *wire, size_t len)
{
	size_t sent = len < wire->kernel_takes ? len : wire->kernel_takes;
	struct line *line = &wire->exchange.line;
	const char *data = (const char *)wire->data + wire->at;

	check(!wire->exchange.reply && !wire->exchange.ended);
	check(line_is_empty(line) || wire->exchange.is_sealed ||
		wire->exchange.state == EXCHANGE_GONE);
	memset(wire->fates + wire->at, 'p', sent);
	wire_append(wire->passed, &wire->passed_len, data, sent);
	if (line_is_empty(line))
		wire_append(wire->out, &wire->out_len, data, sent);
	else if (sent)
		check(line_put(line, LINE_SEND, data, sent, 0));
	if (!wire->has_hello)
		exchange_sent(&wire->exchange, len, sent);
	return sent;
}

/* A rule has something to do. */
static inline void wire_take(struct wire *wire, const struct exchange_env *env, size_t len)
{
	const struct exchange_step *step = &wire->step;
	bool is_reply = step->action == EXCHANGE_REPLY, was_swallowing = wire->exchange.swallowing;
	size_t begin = step->begin, end = step->end;

	check(begin <= end && end <= len);
	check(!is_reply || (begin < end && step->text));
	/* In the middle of a body that is swallowed. */
	was_swallowing &= !is_reply && step->action != EXCHANGE_PASS;
	memset(wire->fates + wire->at, 's', len);
	exchange_take(&wire->exchange, env, wire->iov, wire->count, &wire->step);
	check(!wire->step.text);
	for (size_t i = begin; is_reply && i < end; i++)
		check(wire->fates[wire->at + i] == 's');
	check(!wire->has_fault || (wire->exchange.reply && wire->mark < len));
	check(!was_swallowing || wire->fates[wire->at] == 's');
	wire_check_reply(wire);
}

/* The program writes the next `len` bytes, in pieces that `draw` says. Returns how many were taken. */
static inline size_t wire_offer(struct wire *wire, size_t len, uint32_t draw, bool lets_go)
{
	struct exchange_env env = {&wire_host, wire, &wire->dice};
	size_t cut = 0, taken = len;

	wire->count = 0;
	wire->has_fault = wire->has_hello = false;
	wire->mark = 0;
	for (int i = (int)(draw % WIRE_IOV); i >= 0; i--) {
		size_t size = i ? (draw >> 8) % (len - cut + 1) : len - cut;

		wire->iov[wire->count].iov_base = block_of(wire->data + wire->at + cut, size);
		wire->iov[wire->count++].iov_len = size;
		cut += size;
		draw = draw * 2654435761u + 1;
	}
	if (exchange_offer(&wire->exchange, &env, wire->iov, wire->count, &wire->step)) {
		taken = wire_pass(wire, len);
	} else if (lets_go) {
		exchange_let_go(&wire->exchange, &env, &wire->step);
		check(!wire->step.text && wire->exchange.state == EXCHANGE_GONE);
		wire->size = wire->at + len; /* nobody asks the exchange again */
	} else {
		wire_take(wire, &env, len);
	}
	for (int i = 0; i < wire->count; i++)
		free(wire->iov[i].iov_base);
	wire->at += taken;
	/* What comes behind a hello is no plaintext of the session. */
	check(!wire->has_hello || lets_go ||
		(wire->exchange.state == EXCHANGE_FRESH && !wire->exchange.ahead));
	wire_check(wire);
	return taken;
}

/* Time goes on. */
static inline void wire_tick(struct wire *wire, uint64_t ns)
{
	struct line *line = &wire->exchange.line;
	struct line_item *item;
	uint64_t next;

	wire->now += ns;
	while ((item = line_due(line, wire->now, &next))) {
		size_t left = item->len - item->at;

		if (item->what == LINE_SEND) {
			left = left < wire->kernel_takes ? left : wire->kernel_takes;
			if (!left)
				return;
			wire_append(wire->out, &wire->out_len, item->bytes + item->at, left);
		}
		wire->readable |= item->what == LINE_ANSWER;
		if (item->what == LINE_ANSWER && wire->ends_kept)
			exchange_end(&wire->exchange);
		line_done(line, item->what == LINE_SEND ? left : 0);
	}
	check(next ? next > wire->now : line_is_empty(line) && !line->bytes && !line->last);
	check(!line_is_empty(line) || wire->out_len == wire->passed_len);
	wire_check(wire);
	wire_check_reply(wire);
}

/* The program reads `len` bytes of the reply, if it has come. */
static inline void wire_read(struct wire *wire, size_t len)
{
	struct span left = exchange_reply(&wire->exchange);
	bool was_ended = wire->exchange.ended;

	if (!wire->readable || !left.at)
		return;
	if (len > left.len)
		len = left.len;
	free(block_of(left.at, len));
	if (exchange_reply_read(&wire->exchange, len)) {
		check(len == left.len && !was_ended && !wire->exchange.reply);
		wire->readable = false;
	} else {
		check(wire->exchange.reply && (was_ended || len < left.len));
	}
	wire_check(wire);
}

/* The server sends, and the program reads it. */
static inline void wire_answer(struct wire *wire, const uint8_t *data, size_t len)
{
	char *block;

	if (!len)
		return;
	wire->exchange.unanswered = false;
	block = block_of(data, len);
	exchange_answered(&wire->exchange, block, len);
	free(block);
	wire_check(wire);
}

/* A call that shows nobody its bytes, if that may be. `overtakes`: it is not asked for. */
static inline void wire_unseen(struct wire *wire, size_t len, bool overtakes)
{
	if (exchange_is_busy(&wire->exchange) || wire->exchange.ahead || !len)
		return;
	if (!overtakes && !exchange_may_pass_unseen(&wire->exchange, len))
		return;
	memset(wire->fates + wire->at, 'p', len);
	wire_append(wire->passed, &wire->passed_len, wire->data + wire->at, len);
	if (line_is_empty(&wire->exchange.line))
		wire_append(wire->out, &wire->out_len, wire->data + wire->at, len);
	else
		check(line_put(&wire->exchange.line, LINE_SEND, (const char *)wire->data + wire->at,
			len, 0));
	exchange_passed_unseen(&wire->exchange, len);
	wire->at += len;
	wire_check(wire);
}

/* The rest is written, all comes to its time, and nothing is left. */
static inline void wire_end(struct wire *wire)
{
	wire->kernel_takes = WIRE_ALL;
	if (wire->at < wire->size && wire->exchange.state != EXCHANGE_GONE)
		wire_offer(wire, wire->size - wire->at, 0, false);
	wire_tick(wire, UINT64_MAX / 4);
	check(line_is_empty(&wire->exchange.line));
	wire_read(wire, WIRE_ALL);
}

static inline void wire_clear(struct wire *wire)
{
	exchange_clear(&wire->exchange, &wire_host);
	check(wire->begun == wire->ended);
	check(wire->drafts == 0 && !wire->exchange.draft.at && !wire->exchange.reply &&
		line_is_empty(&wire->exchange.line) && !wire->exchange.line.bytes);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include "aws/reply.h"
#include "draft.h"
#include "requests.h"
#include "shim/memory/blocks.h"
#include "shim/memory/journal.h"

/* No more is looked at in one step, so that copies stay small. */
#define SLICE_MAX (256u * 1024)

/* Where one stands in a program's buffers. */
struct place {
	const struct iovec *iov;
	int left;      /* buffers, with this one */
	size_t offset; /* in this one */
	size_t passed; /* bytes before, of all */
};

/* The next bytes that lie together, `most` at most; .len 0 at the end. */
static struct span next_slice(struct place *place, size_t most)
{
	while (place->left > 0 && place->offset >= place->iov->iov_len) {
		place->iov++;
		place->left--;
		place->offset = 0;
	}
	if (place->left <= 0)
		return (struct span){NULL, 0};

	size_t len = place->iov->iov_len - place->offset;

	return (struct span){
		(const char *)place->iov->iov_base + place->offset, len < most ? len : most};
}

static void advance(struct place *place, size_t len)
{
	place->offset += len;
	place->passed += len;
}

/* Now that it is certain what becomes of it. */
static void tell_call(const struct exchange_env *env, struct exchange_step *step)
{
	if (step->is_call)
		env->host->call(env->user, &step->call, &step->verdict);
	step->is_call = false;
}

/* Looks at one buffer, which stands behind `passed` bytes of the offer. False: as exchange_offer(). */
static bool offer_buffer(struct exchange *exchange, const struct exchange_env *env,
	struct span rest, size_t passed, struct exchange_step *step)
{
	bool was_sealed = exchange->is_sealed;

	if (passed < exchange->ahead) {
		size_t before = rest.len;

		rest = span_from(rest, exchange->ahead - passed);
		passed += before - rest.len;
	}
	/* What stands behind a ClientHello is not plaintext of the session. */
	while (rest.len && exchange->state != EXCHANGE_GONE && exchange->is_sealed == was_sealed) {
		size_t len = rest.len < SLICE_MAX ? rest.len : SLICE_MAX;

		if (requests_at_start(exchange))
			step->begin = passed;
		requests_feed(exchange, env, rest.at, len, passed > exchange->ahead, step);
		passed += step->count;
		step->end = passed;
		if (step->action != EXCHANGE_PASS || step->due)
			return false;
		tell_call(env, step);
		draft_settle(exchange, env);
		rest = (struct span){rest.at + step->count, rest.len - step->count};
	}
	return true;
}

bool exchange_offer(struct exchange *exchange, const struct exchange_env *env,
	const struct iovec *iov, int count, struct exchange_step *step)
{
	bool was_sealed = exchange->is_sealed;
	size_t passed = 0;

	step->begin = step->end = 0;
	if (exchange_is_busy(exchange)) {
		step->action = EXCHANGE_NOTHING;
		step->text = NULL;
		step->is_call = false;
		return false;
	}
	exchange->on_wire = exchange->draft.len != 0;
	for (int i = 0; i < count && exchange->is_sealed == was_sealed; i++) {
		struct span buffer = {iov[i].iov_base, iov[i].iov_len};

		if (!offer_buffer(exchange, env, buffer, passed, step))
			return false;
		passed += buffer.len;
	}
	return true;
}

/* Renders the reply of the step. False: no memory, or it cannot be said. */
static bool make_reply(
	struct exchange *exchange, const struct exchange_env *env, const struct exchange_step *step)
{
	const struct rules_text *text = step->text;
	struct aws_error error = {
		.candidate = step->verdict.candidate,
		.status = text->status,
		.code = {text->code, text->code_len},
		.message = {text->message, text->message_len},
	};
	uint64_t random[2] = {dice_draw(env->dice), dice_draw(env->dice)};
	char *reply = blocks_take(AWS_REPLY_MAX);
	ssize_t len;

	if (!reply)
		return false;
	len = aws_reply(&step->call, &error, env->host->date(), random, !step->closes, reply,
		AWS_REPLY_MAX);
	if (len < 0 || !line_put(&exchange->line, LINE_ANSWER, NULL, 0, step->due)) {
		blocks_give(reply);
		return false;
	}
	exchange->reply = reply;
	exchange->reply_len = (size_t)len;
	exchange->reply_at = 0;
	exchange->reply_host = env->host;
	exchange->reply_rule = step->verdict.rule;
	exchange->reply_counter = step->verdict.counter;
	exchange->ended = step->closes;
	exchange->is_unfinished = exchange->on_wire;
	if (exchange->record)
		record_reply(exchange->record, step->verdict.rule, text->status, error.code,
			exchange->reply_len);
	return true;
}

/* Sends the bytes from `from` to `to` of the buffers. */
static void send_range(const struct exchange_env *env, const struct iovec *iov, int count,
	size_t from, size_t to, uint64_t due)
{
	struct place place = {.iov = iov, .left = count};
	struct span slice;

	while (place.passed < to) {
		size_t end = place.passed < from ? from : to;

		slice = next_slice(&place, end - place.passed);
		if (!slice.len)
			return;
		if (place.passed >= from)
			env->host->send(env->user, slice.at, slice.len, due);
		advance(&place, slice.len);
	}
}

/* Does what the step says with the bytes from step->begin to step->end. */
static void act(struct exchange *exchange, const struct exchange_env *env, const struct iovec *iov,
	int count, struct exchange_step *step)
{
	/* Without memory for a reply the request goes out, as it would without us. */
	if (step->action == EXCHANGE_REPLY && !make_reply(exchange, env, step)) {
		step->action = EXCHANGE_PASS;
		step->verdict.is_fault = exchange->swallowing = false;
		atomic_store_explicit(&exchange->unanswered, true, memory_order_relaxed);
	}
	tell_call(env, step);
	blocks_give(step->text);
	step->text = NULL;
	if (step->action == EXCHANGE_PASS)
		send_range(env, iov, count, step->begin, step->end, step->due);
	draft_settle(exchange, env);
}

/* Is what comes now to be swallowed unread? A request before the last reply was read: no more than the
 * reply will come. */
static bool is_lost(struct exchange *exchange)
{
	if (exchange->reply && requests_at_start(exchange))
		exchange_end(exchange);
	return exchange->ended;
}

void exchange_take(struct exchange *exchange, const struct exchange_env *env,
	const struct iovec *iov, int count, struct exchange_step *step)
{
	struct place place = {.iov = iov, .left = count};
	struct span slice;
	size_t begin = step->end;
	bool was_sealed = exchange->is_sealed;

	if (step->action != EXCHANGE_NOTHING) {
		/* What was decided on before goes out first: the kernel has not taken it yet. */
		send_range(env, iov, count, 0, step->begin, 0);
		exchange->ahead = 0;
		act(exchange, env, iov, count, step);
	} else if (exchange->ahead) {
		begin = exchange->ahead;
		send_range(env, iov, count, 0, begin, 0);
		exchange->ahead = 0;
	}
	while (place.passed < begin && (slice = next_slice(&place, begin - place.passed)).len)
		advance(&place, slice.len);
	/* A shorter offer than the one before it. */
	exchange->ahead = begin - place.passed;
	while (exchange->is_sealed == was_sealed && (slice = next_slice(&place, SLICE_MAX)).len &&
		!is_lost(exchange)) {
		bool is_start = requests_at_start(exchange);

		if (is_start)
			exchange->on_wire = false;
		step->begin = place.passed;
		requests_feed(
			exchange, env, slice.at, slice.len, is_start && place.passed > 0, step);
		advance(&place, step->count);
		step->end = place.passed;
		act(exchange, env, iov, count, step);
		/* What comes next of a request that is still being decided on finds this sent. */
		exchange->on_wire = exchange->draft.len != 0;
	}
	if (record_wants_body(exchange->record) && exchange->ended &&
		(slice = next_slice(&place, SLICE_MAX)).len)
		record_body(exchange->record, slice, false);
	if (exchange->is_sealed != was_sealed)
		send_range(env, iov, count, place.passed, SIZE_MAX, 0);
}

void exchange_let_go(
	struct exchange *exchange, const struct exchange_env *env, struct exchange_step *step)
{
	if (step->is_call) {
		env->host->blind(env->user, JOURNAL_BLIND_FRAMING);
		step->verdict.is_fault = false;
		step->verdict.latency_ns = 0;
	}
	tell_call(env, step);
	blocks_give(step->text);
	step->text = NULL;
	exchange->state = EXCHANGE_GONE;
	exchange->is_spent = true;
	draft_settle(exchange, env);
}

void exchange_passed_unseen(struct exchange *exchange, size_t len)
{
	struct http1_body *body = &exchange->body;

	if (exchange->state != EXCHANGE_BODY)
		return;
	record_sent(exchange->record, len);
	body->left -= len < body->left ? len : body->left;
	if (!body->left)
		body->state = body->state == HTTP1_BODY_LENGTH ? HTTP1_BODY_DONE
							       : HTTP1_BODY_CHUNK_DATA_CR;
	requests_after_piece(exchange);
}

void exchange_answered(struct exchange *exchange, const char *data, size_t len)
{
	struct answer *answer = &exchange->answer;
	bool is_over;
	ssize_t count;

	if (!exchange->watching)
		return;
	count = answer_feed(answer, data, len);
	is_over = count < 0 || answer_is_over(answer);
	if (exchange->record)
		record_received(exchange->record, answer->status, data,
			count < 0 ? len : (size_t)count, is_over);
	exchange->watching = !is_over;
	if (is_over)
		record_end(&exchange->record, count < 0 ? EVENT_UNKNOWN : EVENT_WHOLE,
			EVENT_NOTHING_TO_TAKE);
	if (count >= 0)
		exchange->has_final |= answer_has_head(answer);
}

void exchange_lose_sight(struct exchange *exchange)
{
	exchange->watching = false;
	if (exchange->record && !(exchange->record->event.action & EVENT_ERROR))
		record_end(&exchange->record, EVENT_UNKNOWN, EVENT_NOTHING_TO_TAKE);
}

void exchange_end_record(struct exchange *exchange)
{
	struct answer *answer = &exchange->answer;

	if (!exchange->record)
		return;
	record_unsent(exchange->record, exchange->ahead);
	if (exchange->record->event.action & EVENT_ERROR) {
		record_end(&exchange->record, EVENT_CUT,
			exchange->reply_at ? EVENT_PARTLY_READ : EVENT_NEVER_READ);
		return;
	}
	answer_close(answer);
	record_end(&exchange->record,
		!exchange->watching	       ? EVENT_UNKNOWN
		: answer->state == ANSWER_DONE ? EVENT_WHOLE
					       : EVENT_CUT,
		EVENT_NOTHING_TO_TAKE);
}

void exchange_server_ended(struct exchange *exchange)
{
	if (!exchange->watching || exchange->reply)
		return;
	exchange_end_record(exchange);
	exchange->watching = false;
}

void exchange_reply_settle(struct exchange *exchange)
{
	const struct exchange_host *host = exchange->reply_host;

	if (!host)
		return;
	exchange->reply_host = NULL;
	if (host->taken)
		host->taken(exchange->reply_counter, exchange->reply_rule);
	record_end(&exchange->record, EVENT_WHOLE, EVENT_TAKEN);
}

bool exchange_reply_read(struct exchange *exchange, size_t len)
{
	const struct exchange_host *host = exchange->reply_host;
	bool is_over = exchange->reply_at + len >= exchange->reply_len;

	if (host && host->delivered && !exchange->reply_at)
		host->delivered(exchange->reply_counter, exchange->reply_rule);
	record_reading(exchange->record);
	exchange->reply_at += len;
	if (is_over && !exchange->reply_settles_late)
		exchange_reply_settle(exchange);
	if (!is_over || exchange->ended)
		return false;
	blocks_give(exchange->reply);
	exchange->reply = NULL;
	exchange->reply_len = exchange->reply_at = 0;
	return true;
}

void exchange_end(struct exchange *exchange)
{
	static const char close[] = "Connection: close\r\n";
	const size_t more = sizeof(close) - 1;
	char *end;

	if (!exchange->reply || exchange->ended)
		return;
	exchange->ended = true;
	/* Into the head, before the empty line that ends it. */
	end = memmem(exchange->reply, exchange->reply_len, "\r\n\r\n", 4);
	if (!end || exchange->reply_at || exchange->reply_len + more > AWS_REPLY_MAX)
		return;
	end += 2;
	memmove(end + more, end, exchange->reply_len - (size_t)(end - exchange->reply));
	memcpy(end, close, more);
	exchange->reply_len += more;
}

void exchange_clear(struct exchange *exchange, const struct exchange_host *host)
{
	exchange_end_record(exchange);
	line_clear(&exchange->line);
	blocks_give(exchange->reply);
	if (exchange->draft.at)
		host->release(&exchange->draft);
	memset(exchange, 0, sizeof(*exchange));
}

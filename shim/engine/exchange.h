/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_EXCHANGE_H
#define CHAOS_EXCHANGE_H

/*
 * One connection, both directions, sans-IO: the caller owns the socket, and every byte.
 *
 * It is told what the program wants to write and, where it asks for that, what the server has sent. It
 * knows where requests and answers begin and end, asks the rules about each call, and says what is to
 * be done: bytes pass, are swallowed, go to the server later, or are answered in the server's place.
 *
 * Nothing is held back for want of a decision. Bytes pass as they come, and the decision falls with
 * the byte that completes what it needs: the head, or Action in the body of a query call. What had
 * passed before of a request that is answered then stays unfinished, and the connection ends.
 */

#include "state.h"

/*
 * The program wants to write this. True: all of it may pass, by the program's own call; then say with
 * exchange_sent() how far that came. False: a rule has something to do with it. Then make sure that
 * the socket is still the same, and go on with exchange_take() or exchange_let_go().
 */
bool exchange_offer(struct exchange *exchange, const struct exchange_env *env,
	const struct iovec *iov, int count, struct exchange_step *step);

/* The program's call took `sent` of the `len` bytes of an offer that passed. */
static inline void exchange_sent(struct exchange *exchange, size_t len, size_t sent)
{
	size_t decided = exchange->ahead > len ? exchange->ahead : len;

	exchange->ahead = decided > sent ? decided - sent : 0;
}

/* Does what the step says, and goes on with what follows: all bytes are taken. */
void exchange_take(struct exchange *exchange, const struct exchange_env *env,
	const struct iovec *iov, int count, struct exchange_step *step);

/* The step is not to be done: this is another socket. Nothing more is looked at. */
void exchange_let_go(
	struct exchange *exchange, const struct exchange_env *env, struct exchange_step *step);

/* `len` bytes have been written by a call that has shown nobody what they are (sendfile, splice). */
void exchange_passed_unseen(struct exchange *exchange, size_t len);

/* May that be done with the next `len` bytes? They are of a body whose end is known. */
static inline bool exchange_may_pass_unseen(const struct exchange *exchange, size_t len)
{
	if (exchange->state == EXCHANGE_GONE)
		return true;
	return exchange->state == EXCHANGE_BODY && !exchange->swallowing && !exchange->expecting &&
	       !exchange->ahead && len <= exchange->body.left &&
	       (exchange->body.state == HTTP1_BODY_LENGTH ||
		       exchange->body.state == HTTP1_BODY_CHUNK_DATA);
}

/* Has a rule left something to do? Then not even a passing byte may go past the exchange. */
static inline bool exchange_is_busy(const struct exchange *exchange)
{
	return exchange->reply || exchange->ended ||
	       (!line_is_empty(&exchange->line) && !exchange->is_sealed);
}

/* Is the caller to tell what the server sends? */
static inline bool exchange_wants_answers(const struct exchange *exchange)
{
	return exchange->watching;
}

/* The server has sent this, and the program has read it. */
void exchange_answered(struct exchange *exchange, const char *data, size_t len);

/* The server sends nothing more, or the connection has failed. */
void exchange_server_ended(struct exchange *exchange);

/* The program reads what the server sends in a way that shows nobody what it is. */
void exchange_lose_sight(struct exchange *exchange);

/* Nothing more will be known of the call that is recorded, if there is one. */
void exchange_end_record(struct exchange *exchange);

/* What is left of the reply; .at NULL: there is none. */
static inline struct span exchange_reply(const struct exchange *exchange)
{
	if (!exchange->reply)
		return (struct span){NULL, 0};
	return (struct span){
		exchange->reply + exchange->reply_at, exchange->reply_len - exchange->reply_at};
}

/* The program has read `len` bytes of it. True: that was all, and the connection goes on. */
bool exchange_reply_read(struct exchange *exchange, size_t len);

/* It really has, where exchange.reply_settles_late: until then what was read waits on its way. */
void exchange_reply_settle(struct exchange *exchange);

/* The connection is to end with the reply, which says so as far as it has not been read yet. */
void exchange_end(struct exchange *exchange);

/* Gives back all that it owns. What is recorded of a call ends with it. */
void exchange_clear(struct exchange *exchange, const struct exchange_host *host);

#endif

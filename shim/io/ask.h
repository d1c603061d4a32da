/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ASK_H
#define CHAOS_ASK_H

/* The exchange is asked about bytes of the program's, and what it says is done. */

#include <sys/uio.h>

#include "conn.h"
#include "drafts.h"
#include "shim/process/shim.h"
#include "steps.h"

/* Whose bytes the exchange looks at: what it tells us is about this. */
struct ask_teller {
	struct conn *conn;
};

/* What the exchange tells. `user` is the teller. */
void ask_tell_connection(void *user);
void ask_tell_hello(void *user, const char *data, size_t len);
void ask_tell_call(void *user, const struct aws_call *call, const struct rules_verdict *verdict);
void ask_tell_blind(void *user, int reason);
extern const struct record_host ask_record;
time_t ask_date(void);

#define ASK_HOST(sender)                                                                           \
	{                                                                                          \
		.table = shim_table, .observes = shim_observes, .now = timer_now,                  \
		.date = ask_date, .grow = drafts_grow, .release = drafts_release, .send = sender,  \
		.connection = ask_tell_connection, .hello = ask_tell_hello, .call = ask_tell_call, \
		.blind = ask_tell_blind, .record = &ask_record, .delivered = shim_count_delivered, \
		.taken = shim_count_taken                                                          \
	}

/* Does what the step says. False: not with this socket. */
bool ask_take(struct conn *conn, int fd, const struct exchange_env *env, const struct iovec *iov,
	int count, struct exchange_step *step);

static inline void ask_note_watching(struct conn *conn)
{
	bool wants = exchange_wants_answers(&conn->exchange);

	if (wants != ((conn_attention(conn) & CONN_WATCHED) != 0))
		conn_attend(conn, wants ? CONN_WATCHED : 0, wants ? 0 : CONN_WATCHED);
}

/* Asks the exchange, and does what it says. True: all may pass. */
static inline bool ask(struct conn *conn, int fd, const struct exchange_env *env,
	const struct iovec *iov, int count)
{
	struct exchange_step *step = steps_take();
	bool passes = exchange_offer(&conn->exchange, env, iov, count, step) ||
		      !ask_take(conn, fd, env, iov, count, step);

	steps_give_back(step);
	ask_note_watching(conn);
	return passes;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "offer.h"

#include <errno.h>
#include <time.h>

#include "cipher.h"
#include "deliver.h"
#include "iov.h"
#include "drafts.h"
#include "steps.h"
#include "shim/libc/real.h"
#include "shim/process/shim.h"
#include "zerocopy.h"

/* Whose bytes the exchange looks at: what it tells us is about this. */
struct teller {
	struct conn *conn;
	const char *data;	/* inside TLS: of the offer */
	struct offer_part part; /* what is to be sent of it */
};

static void send_plain(void *user, const char *data, size_t len, uint64_t due)
{
	deliver_send(((struct teller *)user)->conn, data, len, due);
}

/* One run of bytes is left of an offer: what comes behind a reply is lost. */
static void send_sealed(void *user, const char *data, size_t len, uint64_t due)
{
	struct teller *teller = user;
	size_t at = (size_t)(data - teller->data);

	if (!teller->part.end)
		teller->part.begin = at;
	teller->part.end = at + len;
	if (due > teller->conn->tls.due)
		teller->conn->tls.due = due;
}

static void tell_connection(void *user)
{
	(void)user;
	shim_count_connection();
}

static void tell_hello(void *user, const char *data, size_t len)
{
	cipher_begin(((struct teller *)user)->conn, data, len);
}

static void tell_call(void *user, const struct aws_call *call, const struct rules_verdict *verdict)
{
	shim_count_call(verdict);
	if (aws_call_is_unnamed(call, &((struct teller *)user)->conn->last_operation))
		shim_count_unnamed();
}

static void tell_blind(void *user, int reason)
{
	conn_count_blind(((struct teller *)user)->conn, reason);
}

static time_t date(void)
{
	return time(NULL);
}

#define HOST(sender)                                                                               \
	{                                                                                          \
		.table = shim_table, .observes = shim_observes, .now = timer_now, .date = date,    \
		.grow = drafts_grow, .release = drafts_release, .send = sender,                    \
		.connection = tell_connection, .hello = tell_hello, .call = tell_call,             \
		.blind = tell_blind                                                                \
	}
static const struct exchange_host plain_host = HOST(send_plain);
static const struct exchange_host sealed_host = HOST(send_sealed);

static inline void note_watching(struct conn *conn)
{
	bool wants = exchange_wants_answers(&conn->exchange);

	if (wants != ((conn_attention(conn) & CONN_WATCHED) != 0))
		conn_attend(conn, wants ? CONN_WATCHED : 0, wants ? 0 : CONN_WATCHED);
}

/* A rule has something to do. False: not with this socket. */
static bool take(struct conn *conn, int fd, const struct exchange_env *env, const struct iovec *iov,
	int count, struct exchange_step *step)
{
	if (!conn_verify(conn, fd)) {
		exchange_let_go(&conn->exchange, env, step);
		return false;
	}
	exchange_take(&conn->exchange, env, iov, count, step);
	deliver(conn);
	if (conn->exchange.ended)
		conn_attend(conn, CONN_ENDED, 0);
	return true;
}

/* Asks the exchange, and does what it says. True: all may pass. */
static inline bool ask(struct conn *conn, int fd, const struct exchange_env *env,
	const struct iovec *iov, int count)
{
	struct exchange_step *step = steps_take();
	bool passes = exchange_offer(&conn->exchange, env, iov, count, step) ||
		      !take(conn, fd, env, iov, count, step);

	steps_give_back(step);
	note_watching(conn);
	return passes;
}

/* A fork's child sends on what it has from its parent. */
static void inherit(struct conn *conn)
{
	if (conn->is_abandoned)
		conn_count_blind(conn, JOURNAL_BLIND_FRAMING);
	conn->is_abandoned = conn->inherited = false;
}

/* The thread that sends is the one that acts at this descriptor. */
static inline void act_at(struct conn *conn, int fd)
{
	if (__builtin_expect(conn->inherited, 0))
		inherit(conn);
	if (!conn->owns_fd)
		conn->fd = fd;
}

ssize_t offer(struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	struct teller teller = {.conn = conn};
	struct exchange_env env = {&plain_host, &teller, &shim.dice};
	bool passes;

	if (cipher_passes(conn) || !conn_enter(conn, fd))
		return CONN_PASS;
	act_at(conn, fd);
	if (conn_attention(conn) & CONN_QUEUED && !deliver_wait_for_room(conn, fd, flags))
		return -1;
	if (conn->tls.is_tls)
		return cipher_offer(conn, fd, iov, count);
	passes = ask(conn, fd, &env, iov, count);
	if (conn->exchange.state == EXCHANGE_GONE && passes)
		conn_drop(conn, fd);
	else
		conn_leave(conn);
	if (passes)
		return CONN_PASS;
	zerocopy_taken(conn, fd, flags);
	return (ssize_t)iov_total(iov, count);
}

void offer_note_sent(struct conn *conn, int fd, size_t len, size_t gone)
{
	int error = errno;

	if (conn_enter(conn, fd)) {
		exchange_sent(&conn->exchange, len, gone);
		conn_leave(conn);
	}
	errno = error;
}

struct offer_part offer_sealed(struct conn *conn, int fd, const char *data, size_t len)
{
	struct teller teller = {.conn = conn, .data = data};
	struct exchange_env env = {&sealed_host, &teller, &shim.dice};
	struct iovec iov = {(void *)data, len};

	act_at(conn, fd);
	teller.part.passes = ask(conn, fd, &env, &iov, 1);
	/* All of it, only later: what is written below waits for its time. */
	teller.part.passes |= teller.part.begin == 0 && teller.part.end == len;
	return teller.part;
}

bool offer_verify(struct conn *conn, int fd)
{
	if (!conn_enter(conn, fd))
		return false;
	if (conn_verify(conn, fd)) {
		conn_leave(conn);
		return true;
	}
	conn_drop(conn, fd);
	return false;
}

bool offer_may_pass_unseen(struct conn *conn, int fd, size_t len)
{
	bool may;

	if (!conn_enter(conn, fd))
		return true;
	may = !conn->tls.is_tls && !exchange_is_busy(&conn->exchange) &&
	      exchange_may_pass_unseen(&conn->exchange, len);
	conn_leave(conn);
	return may;
}

void offer_unseen(struct conn *conn, int fd, ssize_t sent)
{
	if (sent <= 0 || !conn_enter(conn, fd))
		return;
	exchange_passed_unseen(&conn->exchange, (size_t)sent);
	conn_leave(conn);
}

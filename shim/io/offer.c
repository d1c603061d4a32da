/* SPDX-License-Identifier: Apache-2.0 */
#include "offer.h"

#include <errno.h>

#include "ask.h"
#include "bridged.h"
#include "cipher.h"
#include "deliver.h"
#include "iov.h"
#include "shim/libc/real.h"
#include "shim/process/shim.h"
#include "zerocopy.h"

/* Of plaintext inside TLS. */
struct sealed_teller {
	struct ask_teller teller;
	const char *data;	/* of the offer */
	struct offer_part part; /* what is to be sent of it */
};

static void send_plain(void *user, const char *data, size_t len, uint64_t due)
{
	deliver_send(((struct ask_teller *)user)->conn, data, len, due);
}

/* One run of bytes is left of an offer: what comes behind a reply is lost. */
static void send_sealed(void *user, const char *data, size_t len, uint64_t due)
{
	struct sealed_teller *teller = user;
	size_t at = (size_t)(data - teller->data);

	if (!teller->part.end)
		teller->part.begin = at;
	teller->part.end = at + len;
	if (due > teller->teller.conn->tls.due)
		teller->teller.conn->tls.due = due;
}

static const struct exchange_host plain_host = ASK_HOST(send_plain);
static const struct exchange_host sealed_host = ASK_HOST(send_sealed);

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
	conn_act_at(conn, fd);
}

ssize_t offer(struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	struct ask_teller teller = {.conn = conn};
	struct exchange_env env = {&plain_host, &teller, &shim.dice};
	bool passes;

	if (cipher_passes(conn) || !conn_enter(conn, fd))
		return CONN_PASS;
	act_at(conn, fd);
	if (is_bridged(conn))
		return bridged_send(conn, fd, iov, count, flags);
	if (conn_attention(conn) & CONN_QUEUED && !deliver_wait_for_room(conn, fd, flags))
		return -1;
	if (conn->tls.is_tls)
		return cipher_offer(conn, fd, iov, count);
	passes = ask(conn, fd, &env, iov, count);
	/* A ClientHello: from now on the TLS may be ours. */
	if (passes && conn->tls.is_tls)
		passes = !bridged_begin(conn, fd, iov, count);
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
	struct sealed_teller teller = {.teller = {conn}, .data = data};
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include <errno.h>

#include "cipher.h"
#include "copy.h"
#include "iov.h"
#include "shim/libc/real.h"

/* Bytes that the server had sent before the reply. */
static ssize_t read_preface(struct conn *conn, int fd, const struct iovec *iov, int flags)
{
	size_t len = iov->iov_len < conn->preface ? iov->iov_len : conn->preface;
	ssize_t got = real.recv(fd, iov->iov_base, len, flags | MSG_DONTWAIT);

	if (got > 0 && !(flags & MSG_PEEK))
		conn->preface -= (size_t)got;
	if (got <= 0 && errno != EFAULT)
		conn->preface = 0;
	return got;
}

ssize_t reply_read(struct conn *conn, const struct iovec *iov, int count, int flags)
{
	struct span left = exchange_reply(&conn->exchange);
	size_t room = iov_total(iov, count);
	ssize_t got = (ssize_t)(room < left.len ? room : left.len);

	if (!got)
		return 0;
	/* On a stream socket MSG_TRUNC throws away what it would have read (tcp(7)). */
	if (!(flags & MSG_TRUNC))
		got = copy_out(iov, count, left.at, (size_t)got);
	if (got > 0 && !(flags & MSG_PEEK) && exchange_reply_read(&conn->exchange, (size_t)got)) {
		conn_attend(conn, 0, CONN_ANSWERED | CONN_KEPT);
		conn->look_again = 0;
	}
	return got;
}

/*
 * Below TLS the reply is served at the session. A library that reads from the descriptor itself is
 * told that there is nothing, and the session's hook takes over. A program that feeds its library by
 * hand needs bytes to do so (a 0 would be the end, before it asks the session): a record, that nobody
 * will decrypt.
 */
static ssize_t serve_ciphertext(struct conn *conn, const struct iovec *iov)
{
	static const char record[] = {23, 3, 3, 0, 1, 0};
	bool has_reply = exchange_reply(&conn->exchange).len != 0;

	if (!has_reply && !cipher_in_library)
		return 0;
	/* One at a time: a program may read until there is nothing. */
	if (!cipher_in_library)
		conn->tls.is_fed = !conn->tls.is_fed;
	if (cipher_in_library || !conn->tls.is_fed) {
		errno = EAGAIN;
		return -1;
	}
	return copy_out(
		iov, 1, record, iov->iov_len < sizeof(record) ? iov->iov_len : sizeof(record));
}

static ssize_t serve(struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	ssize_t got = 0;

	if (conn->tls.is_tls)
		return serve_ciphertext(conn, iov);
	if (conn->preface)
		got = read_preface(conn, fd, iov, flags);
	return got > 0 || (got < 0 && conn->preface) ? got : reply_read(conn, iov, count, flags);
}

ssize_t reply_serve(struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	ssize_t got;

	while (count > 0 && !iov->iov_len) {
		iov++;
		count--;
	}
	if (count <= 0)
		return 0;
	if (!conn_enter(conn, fd))
		return CONN_PASS;
	if (!conn_verify(conn, fd)) {
		conn_drop(conn, fd);
		return CONN_PASS;
	}
	/* Another thread may have read it to its end. */
	got = conn_attention(conn) & CONN_ANSWERED ? serve(conn, fd, iov, count, flags) : CONN_PASS;
	conn_leave(conn);
	return got;
}

void reply_early(struct conn *conn, int fd)
{
	if (!conn_enter(conn, fd))
		return;
	if (conn->exchange.reply) {
		line_clear(&conn->exchange.line);
		exchange_end(&conn->exchange);
		conn_attend(conn, CONN_ANSWERED | CONN_ENDED, CONN_QUEUED | CONN_KEPT);
	}
	conn_leave(conn);
}

size_t reply_left(const struct conn *conn)
{
	return conn->preface + exchange_reply(&conn->exchange).len;
}

void reply_drain(const struct conn *conn, int fd)
{
	char scratch[4096];
	int patience = 256;

	if (!(conn_attention(conn) & CONN_ANSWERED))
		return;
	while (patience-- && real.recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT) > 0)
		continue;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "bridged.h"
#include "bridged_tell.h"
#include "bridged_turn.h"
#include "deliver.h"
#include "iov.h"
#include "shim/libc/real.h"

/* What a full socket leaves with us, at most, before the program has to wait; and what it may send at once. */
#define LEFT_MAX  (256u << 10)
#define PIECE_MAX (64u << 10)

/* No memory of anybody's. */
#define NOWHERE ((const void *)1)

static bool is_over(const struct conn *conn)
{
	return conn->exchange.ended || conn->bridge.error;
}

static bool may_wait(int fd, int flags)
{
	return !(flags & MSG_DONTWAIT) && !(real.fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* Waits as the program would in sending: with its time, and for its signals. The kernel looks for room first, and
 * at the bytes then, which are none. True: there is room; else errno says why not. */
static bool wait_in_kernel(int fd)
{
	real.send(fd, NOWHERE, 1, MSG_NOSIGNAL);
	return errno == EFAULT;
}

/*
 * Is there room for more, if need be after a while? As long as the kernel's has been found full, it tells the program
 * of room to come by itself. False with errno: there is none; the connection is left then.
 */
static bool has_room(struct conn *conn, int fd, int flags)
{
	const uint64_t serial = conn->serial;

	while (conn_attention(conn) & CONN_QUEUED) {
		bool waits;

		deliver(conn);
		if (conn->exchange.line.bytes < LEFT_MAX || is_over(conn))
			return true;
		/* What a rule holds back stands in nobody's way for long. */
		if (!deliver_is_due(conn))
			return deliver_wait_for_room(conn, fd, flags);
		waits = may_wait(fd, flags);
		conn_leave(conn);
		errno = EAGAIN;
		if (!waits || !wait_in_kernel(fd))
			return false;
		errno = EBADF;
		if (!conn_enter_again(conn, fd, serial))
			return false;
		if (!is_bridged(conn) || !conn_verify(conn, fd)) {
			conn_leave(conn);
			errno = EBADF;
			return false;
		}
	}
	return true;
}

/* One piece, of which the exchange is told, and what it makes of it sent. */
static void pass_on(struct conn *conn, int fd, const char *data, size_t len)
{
	bridged_api()->from_program(conn->bridge.bridge, data, len);
	bridged_turn(conn, fd);
	deliver(conn);
	bridged_tell(conn, fd);
}

/* Passes on what there is room for. Returns how much, or -1 and errno where that is nothing; `left`: the connection
 * was left. */
static ssize_t pass_all(
	struct conn *conn, int fd, const struct iovec *iov, int count, int flags, bool *left)
{
	size_t sum = 0;

	for (int i = 0; i < count; i++) {
		for (size_t at = 0, len; at < iov[i].iov_len; at += len, sum += len) {
			len = iov[i].iov_len - at < PIECE_MAX ? iov[i].iov_len - at : PIECE_MAX;
			*left = !has_room(conn, fd, flags);
			if (*left)
				return sum ? (ssize_t)sum : -1;
			if (conn->exchange.ended)
				return (ssize_t)iov_total(iov, count);
			if (conn->bridge.error && sum)
				return (ssize_t)sum;
			pass_on(conn, fd, (const char *)iov[i].iov_base + at, len);
		}
	}
	return (ssize_t)sum;
}

/* What nobody may send any more, while something before it still waits. Leaves the connection. */
static ssize_t refuse(struct conn *conn, int flags)
{
	bool waits = conn_attention(conn) & CONN_QUEUED;

	conn_leave(conn);
	if (!waits)
		return CONN_PASS;
	if (!(flags & MSG_NOSIGNAL))
		raise(SIGPIPE);
	errno = EPIPE;
	return -1;
}

ssize_t bridged_send(struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	bool left = false;
	int error = 0;
	ssize_t sent;

	if (!conn_verify(conn, fd)) {
		conn_drop(conn, fd);
		return CONN_PASS;
	}
	if (conn->bridge.sends_no_more)
		return refuse(conn, flags);
	sent = pass_all(conn, fd, iov, count, flags, &left);
	if (left) {
		error = sent < 0 ? errno : 0;
	} else {
		/* Of an end in the middle the program is told next time. */
		if (!conn->exchange.ended && (size_t)sent == iov_total(iov, count)) {
			error = conn->bridge.error;
			conn->bridge.error = 0;
		}
		conn_leave(conn);
	}
	/* The kernel says it again, with the signal that belongs to it. */
	if (error == EPIPE)
		return CONN_PASS;
	if (!error)
		return sent;
	errno = error;
	return -1;
}

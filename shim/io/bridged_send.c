/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

#include "bridged.h"
#include "bridged_tell.h"
#include "bridged_turn.h"
#include "deliver.h"
#include "iov.h"
#include "shim/libc/real.h"

/* What a full socket leaves with us, at most, before the program has to wait; and what it may send at once. */
#define LEFT_MAX  (256u << 10)
#define PIECE_MAX (64u << 10)

/* How long it takes at most until a server is looked at again that shakes hands anew. */
#define TURN_MS 20

static bool is_over(const struct conn *conn)
{
	return conn->exchange.ended || conn->bridge.error || conn->bridge.is_broken;
}

/* A page that nobody can read, not even where the program has mapped the first one of all. NULL: there is no memory. */
static const void *nowhere(void)
{
	static _Atomic(void *) nowhere;
	void *page = atomic_load(&nowhere), *none = NULL;

	if (page)
		return page;
	page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	if (atomic_compare_exchange_strong(&nowhere, &none, page))
		return page;
	munmap(page, 1);
	return none;
}

/* Waits as the program would in sending: with its time, and for its signals. The kernel looks for room first, and
 * at the bytes then, which are none. Returns 0: there is room, or errno. */
static int wait_in_kernel(int fd)
{
	const void *bytes = nowhere();

	if (!bytes)
		return ENOMEM;
	real.send(fd, bytes, 1, MSG_NOSIGNAL);
	return errno == EFAULT ? 0 : errno;
}

/* Leaves the connection for waiting. True: it is over, or there is room; else as has_room(). */
static bool wait_for_room(struct conn *conn, int fd, int flags)
{
	const uint64_t serial = conn->serial;
	bool waits = socket_may_wait(fd, flags);
	int error;

	conn_leave(conn);
	error = waits ? wait_in_kernel(fd) : EAGAIN;
	if (error == EAGAIN || error == EINTR || error == ENOMEM) {
		errno = error;
		return false;
	}
	errno = EBADF;
	if (!conn_enter_again(conn, fd, serial))
		return false;
	if (is_bridged(conn) && conn_verify(conn, fd)) {
		/* The kernel tells it once. */
		if (error)
			conn->bridge.error = error;
		return true;
	}
	conn_leave(conn);
	errno = EBADF;
	return false;
}

/*
 * Is there room for more, if need be after a while? As long as the kernel's has been found full, it tells the program
 * of room to come by itself. False with errno: there is none; the connection is left then.
 */
static bool has_room(struct conn *conn, int fd, int flags)
{
	while (conn_attention(conn) & CONN_QUEUED) {
		deliver(conn);
		if (conn->exchange.line.bytes < LEFT_MAX || is_over(conn))
			return true;
		/* What a rule holds back stands in nobody's way for long. */
		if (!deliver_is_due(conn))
			return deliver_wait_for_room(conn, fd, flags);
		if (!wait_for_room(conn, fd, flags))
			return false;
	}
	return true;
}

/* Where the server shakes hands anew, nothing more goes to it before it has ended that: what it says is read here,
 * too, for a program that sends may read nothing. As has_room(). */
static bool may_go_on(struct conn *conn, int fd, int flags)
{
	const uint64_t serial = conn->serial;

	while (bridged_api()->unsent(conn->bridge.bridge) >= LEFT_MAX) {
		size_t left = bridged_left(conn, fd);
		struct pollfd comes = {.fd = fd, .events = POLLIN};

		if (bridged_api()->unsent(conn->bridge.bridge) < LEFT_MAX || is_over(conn))
			break;
		conn_leave(conn);
		errno = EAGAIN;
		if (!socket_may_wait(fd, flags) || real.poll(&comes, left < LEFT_MAX, TURN_MS) < 0)
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
			*left = !may_go_on(conn, fd, flags) || !has_room(conn, fd, flags);
			if (*left)
				return sum ? (ssize_t)sum : -1;
			if (conn->exchange.ended)
				return (ssize_t)iov_total(iov, count);
			if (conn->bridge.error)
				return (ssize_t)sum;
			pass_on(conn, fd, (const char *)iov[i].iov_base + at, len);
		}
	}
	return (ssize_t)sum;
}

/* What nobody may send any more: something before it still waits, or has been lost. Leaves the connection. */
static ssize_t refuse(struct conn *conn, int flags)
{
	bool says_kernel = !conn->bridge.is_broken && !(conn_attention(conn) & CONN_QUEUED);

	conn_leave(conn);
	if (says_kernel)
		return CONN_PASS;
	if (!(flags & MSG_NOSIGNAL))
		raise(SIGPIPE);
	errno = EPIPE;
	return -1;
}

/* The error that is to be told now, once as the kernel does; 0: none. Of an end in the middle the program is told next
 * time. */
static int take_error(struct conn *conn, size_t sent, size_t wanted)
{
	int error = conn->bridge.error;

	if (!error || conn->exchange.ended || (sent && sent < wanted))
		return 0;
	conn->bridge.error = 0;
	conn->bridge.is_broken = true;
	return error;
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
	if (conn->bridge.sends_no_more || (conn->bridge.is_broken && !conn->bridge.error))
		return refuse(conn, flags);
	sent = pass_all(conn, fd, iov, count, flags, &left);
	if (left) {
		error = sent < 0 ? errno : 0;
	} else {
		error = take_error(conn, (size_t)sent, iov_total(iov, count));
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <time.h>

#include "shim/libc/real.h"
#include "shim/process/shim.h"
#include "wake.h"

#define RETRY_NS	  2000000ull	/* a socket that takes nothing is tried again after this */
#define REPLY_NS	  100000000ull	/* a kept reply is read at once, as a rule */
#define PATIENCE_NS	  1000000000ull /* of a process that ends, with sockets that take nothing */
#define EVERYTHING_IS_DUE (UINT64_MAX / 2) /* a time later than all others */

/* A bridged program, whose sends are all taken, is told of it next time. */
static void note_error(struct conn *conn, int error)
{
	if (!conn->bridge.error && error != EAGAIN && error != EINTR && error != ENOTCONN)
		conn->bridge.error = error;
}

/* Sends what the socket takes of the first item. False: it takes nothing at the moment. */
static bool send_some(struct conn *conn, struct line_item *item)
{
	size_t left = item->len - item->at;
	ssize_t sent =
		real.send(conn->fd, item->bytes + item->at, left, MSG_DONTWAIT | MSG_NOSIGNAL);

	/* Not connected yet; or not any more, and nobody is left to connect it anew. */
	if (sent < 0 &&
		(errno == EAGAIN || errno == EINTR || (errno == ENOTCONN && !conn->owns_fd)))
		return false;
	/* Another error is the connection's own: the program meets it next time. */
	if (sent < 0)
		note_error(conn, errno);
	line_done(&conn->exchange.line, sent < 0 ? left : (size_t)sent);
	return true;
}

/*
 * May the reply be left for the program to fetch? Only if that is likely to happen: with a blocking
 * descriptor that no epoll knows of. Otherwise the kernel has to wake the program, and that ends the
 * connection.
 */
static bool can_keep(const struct conn *conn)
{
	/* A program that carries the bytes is given some that its library must not read. */
	if (conn->exchange.ended || conn->tls.pumped || atomic_load(&conn->is_epolled))
		return false;
	return !(real.fcntl(conn->fd, F_GETFL) & (O_NONBLOCK | O_ASYNC));
}

/* The rest of an earlier answer, that the program has not read yet, comes first. */
static void note_preface(struct conn *conn)
{
	int waiting = 0;

	if (!conn->tls.is_tls && real.ioctl(conn->fd, FIONREAD, &waiting) == 0 && waiting > 0)
		conn->preface = (size_t)waiting;
}

static void end_now(struct conn *conn)
{
	exchange_end(&conn->exchange);
	conn_attend(conn, CONN_ANSWERED | CONN_ENDED, CONN_KEPT);
	wake_reader(conn->fd, conn->exchange.is_unfinished);
}

/* `at_once`: in the very call that sent the request. */
static void answer(struct conn *conn, bool at_once)
{
	note_preface(conn);
	if (!at_once || !can_keep(conn)) {
		end_now(conn);
		return;
	}
	conn_attend(conn, CONN_ANSWERED | CONN_KEPT, 0);
	/* Another thread may be waiting in the kernel, or in a call that is not hooked. */
	conn->look_again = timer_now() + REPLY_NS;
}

/* Does the items that are due, in their order. Returns when to come again; 0: nothing is left. */
static uint64_t do_items(struct conn *conn, uint64_t now, bool at_once)
{
	struct line *line = &conn->exchange.line;
	struct line_item *item;
	uint64_t next;

	while ((item = line_due(line, now, &next))) {
		switch (item->what) {
		case LINE_SEND:
			if (!send_some(conn, item))
				return now + RETRY_NS;
			break;
		case LINE_ANSWER:
			line_done(line, 0);
			answer(conn, at_once);
			break;
		case LINE_SHUTDOWN:
			line_done(line, 0);
			real.shutdown(conn->fd, SHUT_WR);
			break;
		}
	}
	return next;
}

/* Does all that is due. Returns when to come again; 0: nothing is left. */
static uint64_t advance(struct conn *conn, uint64_t now, bool at_once)
{
	uint64_t next;

	if (conn->look_again && conn->look_again <= now) {
		conn->look_again = 0;
		deliver_end_kept(conn);
	}
	next = do_items(conn, now, at_once);
	conn_attend(conn, line_is_empty(&conn->exchange.line) ? 0 : CONN_QUEUED,
		line_is_empty(&conn->exchange.line) ? CONN_QUEUED : 0);
	return conn->look_again && (!next || conn->look_again < next) ? conn->look_again : next;
}

static void on_time(struct timer *timer);

/* Sees to it that the timer comes back at `when`. */
static void come_again(struct conn *conn, uint64_t when)
{
	int error;

	/* A helper may be reading it. */
	if (!conn->timer.due)
		conn->timer.due = on_time;
	conn_keep(conn);
	if (timer_set(&conn->timer, when, &error))
		return;
	conn_release(conn);
	/* Without a helper: better early than never. */
	if (error)
		advance(conn, EVERYTHING_IS_DUE, false);
}

static void on_time(struct timer *timer)
{
	struct conn *conn = (struct conn *)((char *)timer - offsetof(struct conn, timer));
	uint64_t next = 0;

	conn_enter_always(conn);
	/* Closed behind our back: the number may stand for another connection by now. */
	if (conn_verify(conn, conn->fd)) {
		next = advance(conn, timer_now(), false);
	} else {
		deliver_lose(conn);
	}
	if (next)
		come_again(conn, next);
	else
		conn_close_duplicate(conn);
	conn_leave(conn);
	conn_release(conn);
}

void deliver(struct conn *conn)
{
	struct line *line = &conn->exchange.line;

	/* Forked in the middle of this: it is the parent's to do. */
	if (conn->inherited)
		line_clear(line);

	uint64_t now = line_is_empty(line) && !conn->look_again ? 0 : timer_now();
	uint64_t next = advance(conn, now, true);

	/* What was sent since has ended the connection. */
	if (conn->exchange.ended)
		deliver_end_kept(conn);
	if (next)
		come_again(conn, next);
}

void deliver_send(struct conn *conn, const char *data, size_t len, uint64_t due)
{
	struct line *line = &conn->exchange.line;

	if (line_is_empty(line) && !due) {
		ssize_t sent = real.send(conn->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			data += sent;
			len -= (size_t)sent;
		} else if (sent < 0) {
			note_error(conn, errno);
		}
	}
	/* Without memory: better early than never. */
	if (len && !line_put(line, LINE_SEND, data, len, due)) {
		advance(conn, EVERYTHING_IS_DUE, false);
		real.send(conn->fd, data, len, MSG_NOSIGNAL);
	}
}

bool deliver_shutdown(struct conn *conn)
{
	struct line *line = &conn->exchange.line;

	return !line_is_empty(line) && line_put(line, LINE_SHUTDOWN, NULL, 0, 0);
}

void deliver_end_kept(struct conn *conn)
{
	if (conn_attention(conn) & CONN_KEPT)
		end_now(conn);
}

void deliver_at_once(struct conn *conn)
{
	advance(conn, EVERYTHING_IS_DUE, false);
	line_clear(&conn->exchange.line);
	conn_attend(conn, 0, CONN_QUEUED);
	conn->look_again = 0;
}

void deliver_lose(struct conn *conn)
{
	line_clear(&conn->exchange.line);
	conn_attend(conn, 0, UINT32_MAX);
	conn->look_again = 0;
}

bool deliver_is_kept(struct conn *conn, int fd)
{
	bool is_kept;

	if (!(conn_attention(conn) & CONN_KEPT) || !conn_enter(conn, fd))
		return false;
	if (!conn_verify(conn, fd))
		deliver_lose(conn);
	is_kept = conn_attention(conn) & CONN_KEPT;
	conn_leave(conn);
	return is_kept;
}

bool deliver_is_due(const struct conn *conn)
{
	const struct line_item *first = conn->exchange.line.first;

	return first && first->due <= timer_now();
}

bool deliver_wait_for_room(struct conn *conn, int fd, int flags)
{
	const struct timespec retry = {.tv_nsec = RETRY_NS};
	const uint64_t serial = conn->serial;
	size_t most = DELIVER_MAX;

	if (conn->exchange.line.bytes < DELIVER_MAX)
		return true;
	if (!socket_may_wait(fd, flags))
		most = DELIVER_MOST;
	while (conn->exchange.line.bytes >= most) {
		conn_leave(conn);
		if (most == DELIVER_MOST) {
			errno = EAGAIN;
			return false;
		}
		nanosleep(&retry, NULL);
		errno = EBADF; /* what send() says when its descriptor is closed meanwhile */
		if (!conn_enter_again(conn, fd, serial))
			return false;
		if (conn_verify(conn, fd))
			continue;
		conn_leave(conn);
		errno = EBADF;
		return false;
	}
	return true;
}

/* Everything on the line is due now. True: there is more to do. */
static bool hurry(struct conn *conn)
{
	conn_enter_always(conn);
	if (conn_verify(conn, conn->fd)) {
		for (struct line_item *item = conn->exchange.line.first; item; item = item->next)
			item->due = 0;
		deliver(conn);
	} else {
		deliver_lose(conn);
	}
	conn_leave(conn);
	return conn_attention(conn) & CONN_QUEUED;
}

static void end_record(struct conn *conn)
{
	conn_enter_always(conn);
	exchange_end_record(&conn->exchange);
	conn_leave(conn);
}

void deliver_all(bool goes_on)
{
	uint64_t deadline = 0;
	uint32_t count = conn_count();

	if (conn_is_inside())
		return;
	for (uint32_t i = 0; i < count; i++) {
		struct conn *conn = conn_of_index(i);

		if (!goes_on && atomic_load(&shim.observer))
			end_record(conn);
		if (conn_attention(conn) & CONN_BRIDGED)
			conn_judge_bridge(conn);
		if (!(conn_attention(conn) & CONN_QUEUED))
			continue;
		if (!deadline)
			deadline = timer_now() + PATIENCE_NS;
		while (hurry(conn) && timer_now() < deadline)
			nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL);
	}
}

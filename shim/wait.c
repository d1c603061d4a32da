/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting. Most replies wake the program through the kernel; those that are kept for it to fetch are
 * told of here. And a program that begins to wait for an answer has sent all that it has to say for
 * now: what is held back for want of more is decided on.
 */

#include "outbound.h"
#include "real.h"
#include "shim.h"

static bool is_watched(void)
{
	return atomic_load_explicit(&conn_table.used, memory_order_relaxed) != 0;
}

static bool has_kept(const struct conn *conn)
{
	return conn && atomic_load(&conn->kept);
}

static void hurry(int fd)
{
	struct conn *conn = conn_at(fd);

	if (conn && conn->held.len && !conn->tls)
		outbound_hurry(conn, fd);
}

/* Sends what is held, counts this thread as waiting. True: a reply is there already. */
static bool begin_polling(const struct pollfd *fds, nfds_t count)
{
	bool ready = false;

	for (nfds_t i = 0; i < count; i++) {
		struct conn *conn = conn_at(fds[i].fd);

		if (!conn || !(fds[i].events & POLLIN))
			continue;
		hurry(fds[i].fd);
		atomic_fetch_add(&conn->waiters, 1);
		ready |= has_kept(conn);
	}
	return ready;
}

/* Adds the descriptors with kept replies to the result of the real call. */
static int end_polling(struct pollfd *fds, nfds_t count, int result, bool ready)
{
	for (nfds_t i = 0; i < count; i++) {
		struct conn *conn = conn_at(fds[i].fd);

		if (!conn || !(fds[i].events & POLLIN))
			continue;
		atomic_fetch_sub(&conn->waiters, 1);
		if (!ready || result < 0 || !has_kept(conn) || fds[i].revents & POLLIN)
			continue;
		result += fds[i].revents == 0;
		fds[i].revents |= POLLIN;
	}
	return result;
}

static const struct timespec at_once;

int on_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	bool ready;

	if (!is_watched())
		return real.poll(fds, count, timeout);
	ready = begin_polling(fds, count);
	return end_polling(fds, count, real.poll(fds, count, ready ? 0 : timeout), ready);
}

int on_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	bool ready;

	if (!is_watched())
		return real.ppoll(fds, count, timeout, mask);
	ready = begin_polling(fds, count);
	return end_polling(
		fds, count, real.ppoll(fds, count, ready ? &at_once : timeout, mask), ready);
}

/* The checked names end the program when the array is too small: the real ones know how. */

int on___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	return count > size / sizeof(*fds) ? real.__poll_chk(fds, count, timeout, size)
					   : on_poll(fds, count, timeout);
}

int on___ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	const sigset_t *mask, size_t size)
{
	return count > size / sizeof(*fds) ? real.__ppoll_chk(fds, count, timeout, mask, size)
					   : on_ppoll(fds, count, timeout, mask);
}

/* The descriptors among the first `count` that select() is asked about for reading. */
static bool is_selected(const fd_set *reads, int fd)
{
	return fd < FD_SETSIZE && FD_ISSET(fd, reads) && conn_at(fd);
}

/* As begin_polling(). `asked` is a copy of the set, which the real call writes to. */
static bool begin_selecting(int count, const fd_set *reads, fd_set *asked)
{
	bool ready = false;

	FD_ZERO(asked);
	for (int fd = 0; reads && fd < count && fd < FD_SETSIZE; fd++) {
		if (!is_selected(reads, fd))
			continue;
		FD_SET(fd, asked);
		hurry(fd);
		atomic_fetch_add(&conn_at(fd)->waiters, 1);
		ready |= has_kept(conn_at(fd));
	}
	return ready;
}

static int end_selecting(int count, fd_set *reads, const fd_set *asked, int result, bool ready)
{
	for (int fd = 0; reads && fd < count && fd < FD_SETSIZE; fd++) {
		struct conn *conn = conn_at(fd);

		if (!conn || !FD_ISSET(fd, asked))
			continue;
		atomic_fetch_sub(&conn->waiters, 1);
		if (!ready || result < 0 || !has_kept(conn) || FD_ISSET(fd, reads))
			continue;
		FD_SET(fd, reads);
		result++;
	}
	return result;
}

int on_select(int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct timeval *timeout)
{
	struct timeval now = {0};
	fd_set asked;
	bool ready;

	if (!is_watched())
		return real.select(count, reads, writes, excepts, timeout);
	ready = begin_selecting(count, reads, &asked);
	return end_selecting(count, reads, &asked,
		real.select(count, reads, writes, excepts, ready ? &now : timeout), ready);
}

int on_pselect(int count, fd_set *reads, fd_set *writes, fd_set *excepts,
	const struct timespec *timeout, const sigset_t *mask)
{
	fd_set asked;
	bool ready;

	if (!is_watched())
		return real.pselect(count, reads, writes, excepts, timeout, mask);
	ready = begin_selecting(count, reads, &asked);
	return end_selecting(count, reads, &asked,
		real.pselect(count, reads, writes, excepts, ready ? &at_once : timeout, mask),
		ready);
}

int on_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	struct conn *conn = conn_at(fd);

	if (conn && op != EPOLL_CTL_DEL) {
		atomic_store(&conn->is_epolled, true);
		if (has_kept(conn) && conn_enter(conn, fd)) {
			conn_end_kept(conn);
			conn_leave(conn);
		}
	}
	return real.epoll_ctl(epoll, op, fd, event);
}

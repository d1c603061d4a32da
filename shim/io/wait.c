/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting. Most replies wake the program through the kernel; those that are kept for it to fetch are
 * told of here. And a program that begins to wait for an answer has sent all that it has to say for
 * now: what is held back for want of more is decided on.
 */

#include "outbound.h"
#include "shim/libc/real.h"
#include "shim/process/shim.h"

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

#define READABLE (POLLIN | POLLRDNORM)

/* Sends what is held. True: a reply is there already. */
static bool begin_polling(const struct pollfd *fds, nfds_t count)
{
	bool ready = false;

	for (nfds_t i = 0; i < count; i++) {
		if (!(fds[i].events & READABLE))
			continue;
		hurry(fds[i].fd);
		ready |= has_kept(conn_at(fds[i].fd));
	}
	return ready;
}

/* Adds the descriptors with kept replies to the result of the real call. */
static int add_polled(struct pollfd *fds, nfds_t count, int result)
{
	for (nfds_t i = 0; i < count && result >= 0; i++) {
		short readable = fds[i].events & READABLE;

		if (!readable || !has_kept(conn_at(fds[i].fd)))
			continue;
		result += fds[i].revents == 0;
		fds[i].revents |= readable;
	}
	return result;
}

static const struct timespec at_once;

int on_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	if (!is_watched() || !begin_polling(fds, count))
		return real.poll(fds, count, timeout);
	return add_polled(fds, count, real.poll(fds, count, 0));
}

int on_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	if (!is_watched() || !begin_polling(fds, count))
		return real.ppoll(fds, count, timeout, mask);
	return add_polled(fds, count, real.ppoll(fds, count, &at_once, mask));
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

/* Sends what is held; notes in `kept` which of the descriptors have a reply already. True: some. */
static bool begin_selecting(int count, const fd_set *reads, fd_set *kept)
{
	bool ready = false;

	FD_ZERO(kept);
	for (int fd = 0; reads && fd < count && fd < FD_SETSIZE; fd++) {
		if (!FD_ISSET(fd, reads))
			continue;
		hurry(fd);
		if (!has_kept(conn_at(fd)))
			continue;
		FD_SET(fd, kept);
		ready = true;
	}
	return ready;
}

static int add_selected(int count, fd_set *reads, const fd_set *kept, int result)
{
	for (int fd = 0; fd < count && fd < FD_SETSIZE && result >= 0; fd++) {
		if (!FD_ISSET(fd, kept) || FD_ISSET(fd, reads))
			continue;
		FD_SET(fd, reads);
		result++;
	}
	return result;
}

int on_select(int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct timeval *timeout)
{
	struct timeval now = {0};
	fd_set kept;

	if (!is_watched() || !begin_selecting(count, reads, &kept))
		return real.select(count, reads, writes, excepts, timeout);
	return add_selected(count, reads, &kept, real.select(count, reads, writes, excepts, &now));
}

int on_pselect(int count, fd_set *reads, fd_set *writes, fd_set *excepts,
	const struct timespec *timeout, const sigset_t *mask)
{
	fd_set kept;

	if (!is_watched() || !begin_selecting(count, reads, &kept))
		return real.pselect(count, reads, writes, excepts, timeout, mask);
	return add_selected(
		count, reads, &kept, real.pselect(count, reads, writes, excepts, &at_once, mask));
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

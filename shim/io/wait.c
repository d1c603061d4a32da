/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting. Most replies wake the program through the kernel; those that are kept for it to fetch are
 * told of here. As long as there is none, nothing is looked at: bad pointers are the kernel's to judge.
 */

#include <string.h>

#include "copy.h"
#include "deliver.h"
#include "on.h"
#include "shim/libc/real.h"
#include "zerocopy.h"

static bool has_kept(const struct conn *conn)
{
	return conn && conn_attention(conn) & CONN_KEPT;
}

static inline bool is_any_untold(void)
{
	return atomic_load_explicit(&conn_untold_count, memory_order_relaxed) != 0;
}

#define READABLE (POLLIN | POLLRDNORM)

/* What the kernel does not tell of this descriptor. */
static short untold_events(const struct pollfd *polled)
{
	struct conn *conn = conn_at(polled->fd);
	uint32_t attention = conn ? conn_attention(conn) : 0;
	short events = 0;

	if (attention & CONN_KEPT && deliver_is_kept(conn, polled->fd))
		events |= polled->events & READABLE;
	if (attention & CONN_NOTIFIES && zerocopy_is_turn(conn))
		events |= POLLERR;
	return events;
}

static int add_polled(struct pollfd *fds, nfds_t count, int result)
{
	for (nfds_t i = 0; i < count; i++) {
		short events = untold_events(&fds[i]);

		result += events && !fds[i].revents;
		fds[i].revents |= events;
	}
	return result;
}

/* A first look, that waits for nothing. True: its result is the one. */
static bool is_polled(struct pollfd *fds, nfds_t count, int *result)
{
	*result = real.poll(fds, count, 0);
	if (*result >= 0)
		*result = add_polled(fds, count, *result);
	return *result != 0;
}

int on_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	int result;

	if (is_any_untold() && is_polled(fds, count, &result))
		return result;
	return real.poll(fds, count, timeout);
}

int on_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	int result;

	if (is_any_untold() && is_polled(fds, count, &result))
		return result;
	return real.ppoll(fds, count, timeout, mask);
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

/* The program's sets, as far as they are used: select() overwrites them. -1 and errno: a bad pointer. */
static int save(fd_set *saved, const fd_set *set, int count)
{
	return set ? copy_in(saved, set, ((size_t)count + 63) / 64 * 8) : 0;
}

static void restore(fd_set *set, const fd_set *saved, int count)
{
	if (set)
		memcpy(set, saved, ((size_t)count + 63) / 64 * 8);
}

/* Adds the descriptors of `wanted` with kept replies to the result of the real call. */
static int add_selected(int count, fd_set *reads, const fd_set *wanted, int result)
{
	for (int fd = 0; fd < count && result >= 0; fd++) {
		if (!FD_ISSET(fd, wanted) || FD_ISSET(fd, reads) || !has_kept(conn_at(fd)) ||
			!deliver_is_kept(conn_at(fd), fd))
			continue;
		FD_SET(fd, reads);
		result++;
	}
	return result;
}

/* A first look, that waits for nothing. True: its result is the one; else the sets are as they were. */
static bool is_selected(int count, fd_set *reads, fd_set *writes, fd_set *excepts, int *result)
{
	struct timeval at_once = {0};
	fd_set before[3];

	if (!reads || count < 0 || count > FD_SETSIZE)
		return false;
	*result = -1;
	if (save(&before[0], reads, count) || save(&before[1], writes, count) ||
		save(&before[2], excepts, count))
		return true;
	*result = real.select(count, reads, writes, excepts, &at_once);
	if (*result >= 0)
		*result = add_selected(count, reads, &before[0], *result);
	if (*result)
		return true;
	restore(reads, &before[0], count);
	restore(writes, &before[1], count);
	restore(excepts, &before[2], count);
	return false;
}

int on_select(int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct timeval *timeout)
{
	int result;

	if (is_any_untold() && is_selected(count, reads, writes, excepts, &result))
		return result;
	return real.select(count, reads, writes, excepts, timeout);
}

int on_pselect(int count, fd_set *reads, fd_set *writes, fd_set *excepts,
	const struct timespec *timeout, const sigset_t *mask)
{
	int result;

	if (is_any_untold() && is_selected(count, reads, writes, excepts, &result))
		return result;
	return real.pselect(count, reads, writes, excepts, timeout, mask);
}

int on_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	struct conn *conn = conn_at(fd);

	if (conn && op != EPOLL_CTL_DEL) {
		atomic_store(&conn->is_epolled, true);
		if (has_kept(conn) && conn_enter(conn, fd)) {
			if (conn_verify(conn, fd))
				deliver_end_kept(conn);
			conn_leave(conn);
		}
	}
	return real.epoll_ctl(epoll, op, fd, event);
}

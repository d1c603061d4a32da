/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting. Replies wake the program through the kernel, so nothing is to be done for them. But a
 * program that begins to wait for an answer has sent all that it has to say for now: what is held
 * back for want of more is decided on.
 */

#include "outbound.h"
#include "real.h"
#include "shim.h"

static void hurry(int fd)
{
	struct conn *conn = conn_at(fd);

	if (conn && conn->held.len && !conn->tls)
		outbound_hurry(conn, fd);
}

static bool somebody_holds(void)
{
	return atomic_load_explicit(&shim.holding, memory_order_relaxed) != 0;
}

static void hurry_polled(const struct pollfd *fds, nfds_t count)
{
	if (!somebody_holds())
		return;
	for (nfds_t i = 0; i < count; i++)
		if (fds[i].events & POLLIN)
			hurry(fds[i].fd);
}

static void hurry_selected(int count, fd_set *reads)
{
	if (!reads || !somebody_holds())
		return;
	for (int fd = 0; fd < count && fd < FD_SETSIZE; fd++)
		if (FD_ISSET(fd, reads))
			hurry(fd);
}

int on_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	hurry_polled(fds, count);
	return real.poll(fds, count, timeout);
}

int on_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	hurry_polled(fds, count);
	return real.ppoll(fds, count, timeout, mask);
}

int on___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	if (count <= size / sizeof(*fds))
		hurry_polled(fds, count);
	return real.__poll_chk(fds, count, timeout, size);
}

int on___ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	const sigset_t *mask, size_t size)
{
	if (count <= size / sizeof(*fds))
		hurry_polled(fds, count);
	return real.__ppoll_chk(fds, count, timeout, mask, size);
}

int on_select(int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct timeval *timeout)
{
	hurry_selected(count, reads);
	return real.select(count, reads, writes, excepts, timeout);
}

int on_pselect(int count, fd_set *reads, fd_set *writes, fd_set *excepts,
	const struct timespec *timeout, const sigset_t *mask)
{
	hurry_selected(count, reads);
	return real.pselect(count, reads, writes, excepts, timeout, mask);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "zerocopy.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>

#include "shim/libc/real.h"

void zerocopy_taken(struct conn *conn, int fd, int flags)
{
	struct conn_zerocopy *zerocopy = &conn->zerocopy;
	uint32_t number;
	socklen_t len = sizeof(int);
	int is_on = 0;

	if (!(flags & MSG_ZEROCOPY) || !conn_enter(conn, fd))
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &is_on, &len) == 0 && is_on) {
		number = atomic_fetch_add(&zerocopy->sends, 1);
		if (!(conn_attention(conn) & CONN_NOTIFIES))
			zerocopy->first = number;
		if (!zerocopy->taken)
			zerocopy->before = number;
		zerocopy->last = number;
		zerocopy->taken++;
		conn_attend(conn, CONN_NOTIFIES, 0);
	}
	conn_leave(conn);
}

static bool is_notice(const struct cmsghdr *control)
{
	const struct sock_extended_err *notice = (const void *)CMSG_DATA(control);
	bool is_error = (control->cmsg_level == SOL_IP && control->cmsg_type == IP_RECVERR) ||
			(control->cmsg_level == SOL_IPV6 && control->cmsg_type == IPV6_RECVERR);

	return is_error && control->cmsg_len >= CMSG_LEN(sizeof(*notice)) &&
	       notice->ee_origin == SO_EE_ORIGIN_ZEROCOPY;
}

/* The kernel has not counted what we have taken. */
static void renumber(struct msghdr *msg, struct conn_zerocopy *zerocopy)
{
	for (struct cmsghdr *at = CMSG_FIRSTHDR(msg); at; at = CMSG_NXTHDR(msg, at)) {
		struct sock_extended_err *notice = (void *)CMSG_DATA(at);

		if (!is_notice(at))
			continue;
		zerocopy->told += notice->ee_data - notice->ee_info + 1;
		if (notice->ee_info < zerocopy->before)
			continue;
		notice->ee_info += zerocopy->taken;
		notice->ee_data += zerocopy->taken;
	}
}

static void say(struct msghdr *msg, const struct conn *conn)
{
	bool is_ip4 = conn->socket.peer.sin6_family == AF_INET;
	struct sock_extended_err notice = {
		.ee_origin = SO_EE_ORIGIN_ZEROCOPY,
		.ee_code = SO_EE_CODE_ZEROCOPY_COPIED,
		.ee_info = conn->zerocopy.first,
		.ee_data = conn->zerocopy.last,
	};
	struct cmsghdr *control = CMSG_FIRSTHDR(msg);

	msg->msg_namelen = 0;
	msg->msg_flags = MSG_ERRQUEUE;
	if (!control || msg->msg_controllen < CMSG_SPACE(sizeof(notice))) {
		msg->msg_flags |= MSG_CTRUNC;
		msg->msg_controllen = 0;
		return;
	}
	control->cmsg_level = is_ip4 ? SOL_IP : SOL_IPV6;
	control->cmsg_type = is_ip4 ? IP_RECVERR : IPV6_RECVERR;
	control->cmsg_len = CMSG_LEN(sizeof(notice));
	memcpy(CMSG_DATA(control), &notice, sizeof(notice));
	msg->msg_controllen = CMSG_SPACE(sizeof(notice));
}

ssize_t zerocopy_receive(struct conn *conn, int fd, struct msghdr *msg, int flags)
{
	ssize_t got = real.recvmsg(fd, msg, flags);

	if (got >= 0) {
		renumber(msg, &conn->zerocopy);
		return got;
	}
	if (errno != EAGAIN || !conn_enter(conn, fd))
		return got;
	if (zerocopy_is_turn(conn)) {
		say(msg, conn);
		conn_attend(conn, 0, CONN_NOTIFIES);
		got = 0;
	}
	conn_leave(conn);
	return got;
}

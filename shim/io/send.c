/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks that send from memory. */

#include "send.h"

#include <limits.h>
#include <stdint.h>
#include <sys/socket.h>

#include "bridged.h"
#include "iov.h"
#include "life.h"
#include "offer.h"
#include "on.h"
#include "shim/libc/real.h"

/* As many buffers of several messages are looked at together. */
#define TOGETHER_MAX 64

/* MSG_OOB is beside the stream. */
static bool is_in_stream(int flags)
{
	return !(flags & MSG_OOB);
}

/* May all of it be read, as far as can be seen? And how much is it? */
static bool is_readable(const struct iovec *iov, int count, size_t *total)
{
	*total = 0;
	if (count <= 0 || count > IOV_MAX || !offer_is_memory(iov))
		return false;
	for (int i = 0; i < count; i++) {
		if (iov[i].iov_len > SSIZE_MAX - *total ||
			(iov[i].iov_len && !offer_is_memory(iov[i].iov_base)))
			return false;
		*total += iov[i].iov_len;
	}
	return true;
}

/* The same of one buffer. */
static inline bool is_readable_buffer(const void *buf, size_t len)
{
	return len <= SSIZE_MAX && (!len || offer_is_memory(buf));
}

ssize_t send_bytes(struct conn *conn, int fd, const void *buf, size_t len, int flags)
{
	struct iovec iov = {(void *)buf, len};
	ssize_t taken;

	if (!is_in_stream(flags) || !is_readable_buffer(buf, len))
		return real.send(fd, buf, len, flags);
	taken = offer(conn, fd, &iov, 1, flags);
	return taken != CONN_PASS
		       ? taken
		       : offer_sent(conn, fd, len, real.send(fd, buf, len, flags), flags);
}

ssize_t on_send(struct conn *conn, int fd, const void *buf, size_t len, int flags)
{
	return send_bytes(conn, fd, buf, len, flags);
}

/*
 * TCP Fast Open would send bytes that nobody has looked at. A plain connect() is what it comes down to
 * whenever there is no cookie for the server, so programs are ready for it. Returns 0 or -1.
 */
static int open_slowly(int fd, const struct sockaddr **addr, socklen_t len, int *flags)
{
	if (!(*flags & MSG_FASTOPEN) || !*addr)
		return 0;
	if (life_connect(fd, *addr, len))
		return -1;
	*flags &= ~MSG_FASTOPEN;
	*addr = NULL;
	return 0;
}

ssize_t on_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
	socklen_t addr_len)
{
	struct iovec iov = {(void *)buf, len};
	struct conn *conn;
	ssize_t taken;

	if (open_slowly(fd, &addr, addr_len, &flags))
		return -1;
	conn = conn_at(fd);
	if (!conn || !is_in_stream(flags) || !is_readable_buffer(buf, len))
		return real.sendto(fd, buf, len, flags, addr, addr ? addr_len : 0);
	taken = offer(conn, fd, &iov, 1, flags);
	if (taken != CONN_PASS)
		return taken;
	return offer_sent(
		conn, fd, len, real.sendto(fd, buf, len, flags, addr, addr ? addr_len : 0), flags);
}

/* The message of a connected socket. */
static ssize_t send_message(struct conn *conn, int fd, const struct msghdr *msg, int flags)
{
	int count = (int)msg->msg_iovlen;
	ssize_t taken;
	size_t total;

	if (!is_in_stream(flags) || !is_readable(msg->msg_iov, count, &total))
		return real.sendmsg(fd, msg, flags);
	taken = offer(conn, fd, msg->msg_iov, count, flags);
	return taken != CONN_PASS
		       ? taken
		       : offer_sent(conn, fd, total, real.sendmsg(fd, msg, flags), flags);
}

ssize_t on_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const struct sockaddr *addr;
	struct msghdr connected;
	struct conn *conn = conn_at(fd);

	/* Bad pointers are the kernel's to judge. */
	if ((!conn && !(flags & MSG_FASTOPEN)) || !offer_is_memory(msg))
		return real.sendmsg(fd, msg, flags);
	if (!(flags & MSG_FASTOPEN))
		return send_message(conn, fd, msg, flags);
	addr = msg->msg_name;
	connected = *msg;
	if (open_slowly(fd, &addr, msg->msg_namelen, &flags))
		return -1;
	if (!addr) {
		connected.msg_name = NULL;
		connected.msg_namelen = 0;
	}
	conn = conn_at(fd);
	return conn ? send_message(conn, fd, &connected, flags)
		    : real.sendmsg(fd, &connected, flags);
}

/* The buffers of all messages, one behind the other. -1: they are too many, or no memory. */
static int gather(const struct mmsghdr *msgs, unsigned int count, struct iovec all[TOGETHER_MAX])
{
	int sum = 0;
	size_t size;

	for (unsigned int i = 0; i < count; i++) {
		const struct msghdr *msg = &msgs[i].msg_hdr;

		if (msg->msg_iovlen > (size_t)(TOGETHER_MAX - sum) ||
			!is_readable(msg->msg_iov, (int)msg->msg_iovlen, &size))
			return -1;
		for (size_t part = 0; part < msg->msg_iovlen; part++)
			all[sum++] = msg->msg_iov[part];
	}
	return sum;
}

static size_t size_of(const struct msghdr *msg)
{
	return iov_total(msg->msg_iov, (int)msg->msg_iovlen);
}

static int one_by_one(int fd, struct mmsghdr *msgs, unsigned int count, int flags)
{
	for (unsigned int i = 0; i < count; i++) {
		ssize_t sent = on_sendmsg(fd, &msgs[i].msg_hdr, flags);

		if (sent < 0)
			return i ? (int)i : -1;
		msgs[i].msg_len = (unsigned int)sent;
		if ((size_t)sent < size_of(&msgs[i].msg_hdr))
			return (int)i + 1;
	}
	return (int)count;
}

int on_sendmmsg(struct conn *conn, int fd, struct mmsghdr *msgs, unsigned int count, int flags)
{
	struct iovec all[TOGETHER_MAX];
	size_t total = 0, gone = 0;
	int parts, sent;
	ssize_t taken;

	if (!count || !offer_is_memory(msgs) || !is_in_stream(flags))
		return real.sendmmsg(fd, msgs, count, flags);
	/* Of what is bridged a part may be taken. */
	parts = is_bridged(conn) ? -1 : gather(msgs, count, all);
	if (parts <= 0)
		return one_by_one(fd, msgs, count, flags);
	for (unsigned int i = 0; i < count; i++)
		total += size_of(&msgs[i].msg_hdr);
	taken = offer(conn, fd, all, parts, 0);
	if (taken == -1)
		return -1;
	sent = taken == CONN_PASS ? real.sendmmsg(fd, msgs, count, flags) : (int)count;
	for (int i = 0; i < sent; i++) {
		if (taken != CONN_PASS)
			msgs[i].msg_len = (unsigned int)size_of(&msgs[i].msg_hdr);
		gone += msgs[i].msg_len;
	}
	if (taken == CONN_PASS)
		offer_sent(conn, fd, total, (ssize_t)gone, 0);
	return sent;
}

ssize_t on_write(struct conn *conn, int fd, const void *buf, size_t len)
{
	struct iovec iov = {(void *)buf, len};
	ssize_t taken;

	if (!is_readable_buffer(buf, len))
		return real.write(fd, buf, len);
	taken = offer(conn, fd, &iov, 1, 0);
	return taken != CONN_PASS ? taken : offer_sent(conn, fd, len, real.write(fd, buf, len), 0);
}

ssize_t on_writev(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	ssize_t taken;
	size_t total;

	if (!is_readable(iov, count, &total))
		return real.writev(fd, iov, count);
	taken = offer(conn, fd, iov, count, 0);
	return taken != CONN_PASS ? taken
				  : offer_sent(conn, fd, total, real.writev(fd, iov, count), 0);
}

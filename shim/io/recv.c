/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks that receive. */

#include <errno.h>
#include <limits.h>
#include <sys/ioctl.h>

#include "bridged.h"
#include "copy.h"
#include "reply.h"
#include "on.h"
#include "shim/libc/real.h"
#include "shim/memory/blocks.h"
#include "zerocopy.h"

/* Beside the stream: urgent data, and the error queue. */
static bool is_beside(int flags)
{
	return flags & (MSG_OOB | MSG_ERRQUEUE);
}

/* Before the real call: is there a reply? */
static inline ssize_t before(
	struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	uint32_t attention = conn_attention(conn);

	if (__builtin_expect(!(attention & (CONN_ANSWERED | CONN_BRIDGED)), 1) || is_beside(flags))
		return CONN_PASS;
	if (attention & CONN_BRIDGED)
		return bridged_receive(conn, fd, iov, count, flags);
	return reply_serve(conn, fd, iov, count, flags);
}

/* The exchange is told what the server has sent. */
static void tell(struct conn *conn, int fd, const struct iovec *iov, int count, size_t got)
{
	if (!conn_enter(conn, fd))
		return;
	for (int i = 0; i < count && got; i++) {
		size_t len = iov[i].iov_len < got ? iov[i].iov_len : got;

		exchange_answered(&conn->exchange, iov[i].iov_base, len);
		got -= len;
	}
	if (!exchange_wants_answers(&conn->exchange))
		conn_attend(conn, 0, CONN_WATCHED);
	conn_leave(conn);
}

/* Nothing came: `error`, 0 for the end of the stream. */
static void tell_of_end(struct conn *conn, int fd, int error)
{
	if (error == EAGAIN || error == EINTR || error == EFAULT || !conn_enter(conn, fd))
		return;
	if (conn->tls.is_tls) {
		/* There may be plaintext that the program has yet to read. */
		conn->tls.socket_ended = true;
	} else {
		exchange_server_ended(&conn->exchange);
		conn_attend(conn, 0, CONN_WATCHED);
	}
	conn_leave(conn);
}

/* Bytes of the server's were read, or thrown away, unseen. */
static void tell_of_unseen(struct conn *conn, int fd)
{
	if (!conn_enter(conn, fd))
		return;
	exchange_lose_sight(&conn->exchange);
	conn_attend(conn, 0, CONN_WATCHED);
	conn_leave(conn);
}

static bool has_room(const struct iovec *iov, int count)
{
	for (int i = 0; i < count; i++)
		if (iov[i].iov_len)
			return true;
	return false;
}

/* Nothing came: an end may be our own doing. */
static ssize_t after_nothing(
	struct conn *conn, int fd, const struct iovec *iov, int count, int flags, ssize_t got)
{
	ssize_t served = CONN_PASS;
	int error = errno;

	if (is_beside(flags) || !has_room(iov, count))
		return got;
	if (conn_attention(conn) & CONN_WATCHED && !(flags & MSG_PEEK))
		tell_of_end(conn, fd, got == 0 ? 0 : error);
	if (got == 0 || (error != EAGAIN && error != EINTR && error != EFAULT))
		reply_early(conn, fd);
	if (conn_attention(conn) & CONN_ANSWERED)
		served = reply_serve(conn, fd, iov, count, flags);
	if (served != -1)
		errno = error;
	return served == CONN_PASS ? got : served;
}

static inline ssize_t after(
	struct conn *conn, int fd, const struct iovec *iov, int count, int flags, ssize_t got)
{
	_Atomic bool *unanswered = &conn->exchange.unanswered;

	if (got > 0 && atomic_load_explicit(unanswered, memory_order_relaxed) &&
		!conn->tls.is_tls && !is_beside(flags))
		atomic_store_explicit(unanswered, false, memory_order_relaxed);
	if (__builtin_expect(!conn_attention(conn), 1))
		return got;
	if (got <= 0)
		return after_nothing(conn, fd, iov, count, flags, got);
	if (is_bridged(conn) && iov && !is_beside(flags))
		return bridged_arrived(conn, fd, iov, count, flags, got);
	if (!(conn_attention(conn) & CONN_WATCHED) || conn->tls.is_tls || flags & MSG_PEEK ||
		is_beside(flags))
		return got;
	if (flags & MSG_TRUNC)
		tell_of_unseen(conn, fd);
	else
		tell(conn, fd, iov, count, (size_t)got);
	return got;
}

ssize_t on_recv(struct conn *conn, int fd, void *buf, size_t len, int flags)
{
	struct iovec iov = {buf, len};
	ssize_t got = before(conn, fd, &iov, 1, flags);

	return got != CONN_PASS ? got
				: after(conn, fd, &iov, 1, flags, real.recv(fd, buf, len, flags));
}

ssize_t on_recvfrom(struct conn *conn, int fd, void *buf, size_t len, int flags,
	struct sockaddr *addr, socklen_t *addr_len)
{
	struct iovec iov = {buf, len}, place = {addr_len, sizeof(*addr_len)};
	ssize_t got = before(conn, fd, &iov, 1, flags);
	const socklen_t none = 0;

	if (got == CONN_PASS)
		return after(conn, fd, &iov, 1, flags,
			real.recvfrom(fd, buf, len, flags, addr, addr_len));
	/* A stream socket has no address to tell. */
	if (got >= 0 && addr_len && copy_out(&place, 1, (const char *)&none, sizeof(none)) < 0)
		return -1;
	return got;
}

/* The program's own description of its buffers, copied. */
struct parts {
	struct iovec *at;
	int count;
	struct iovec few[16];
};

static void parts_free(struct parts *parts)
{
	if (parts->at != parts->few)
		blocks_give(parts->at);
}

/* At most IOV_MAX. False with errno; then there is nothing to be freed. */
static bool parts_copy(struct parts *parts, const struct iovec *iov, size_t count)
{
	size_t size = count * sizeof(*iov);

	parts->count = (int)count;
	parts->at = size <= sizeof(parts->few) ? parts->few : blocks_take(size);
	if (!parts->at) {
		errno = ENOMEM;
		return false;
	}
	if (copy_in(parts->at, iov, size)) {
		parts_free(parts);
		errno = EFAULT;
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (parts->at[i].iov_len <= SSIZE_MAX)
			continue;
		parts_free(parts);
		errno = EINVAL;
		return false;
	}
	return true;
}

static void fill_in(struct msghdr *msg)
{
	msg->msg_namelen = 0;
	msg->msg_controllen = 0;
	msg->msg_flags = 0;
}

ssize_t on_recvmsg(struct conn *conn, int fd, struct msghdr *msg, int flags)
{
	struct parts parts;
	struct msghdr copy;
	ssize_t got, read;

	if (flags & MSG_ERRQUEUE && atomic_load(&conn->zerocopy.sends))
		return zerocopy_receive(conn, fd, msg, flags);
	/* As long as there is no reply, bad pointers are the kernel's to judge. */
	if (!conn_has_work(conn)) {
		got = real.recvmsg(fd, msg, flags);
		if (!conn_attention(conn))
			return got > 0 ? after(conn, fd, NULL, 0, flags, got) : got;
		if (got < 0 && errno == EFAULT)
			return got;
		return after(conn, fd, msg->msg_iov, (int)msg->msg_iovlen, flags, got);
	}
	if (copy_in(&copy, msg, sizeof(copy)))
		return -1;
	if (copy.msg_iovlen > IOV_MAX)
		return real.recvmsg(fd, msg, flags);
	if (!parts_copy(&parts, copy.msg_iov, copy.msg_iovlen))
		return -1;
	got = before(conn, fd, parts.at, parts.count, flags);
	read = CONN_PASS;
	if (got == CONN_PASS) {
		read = real.recvmsg(fd, msg, flags);
		got = after(conn, fd, parts.at, parts.count, flags, read);
	}
	if (got >= 0 && got != read)
		fill_in(msg);
	parts_free(&parts);
	return got;
}

/* As the kernel does: it waits for all of them, or for one. */
static int receive_each(
	struct conn *conn, int fd, struct mmsghdr *msgs, unsigned int count, int flags)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		ssize_t got = on_recvmsg(conn, fd, &msgs[i].msg_hdr, flags & ~MSG_WAITFORONE);

		if (got < 0)
			return i ? (int)i : -1;
		msgs[i].msg_len = (unsigned int)got;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
	}
	return (int)i;
}

int on_recvmmsg(struct conn *conn, int fd, struct mmsghdr *msgs, unsigned int count, int flags,
	struct timespec *timeout)
{
	ssize_t got;
	int read;

	if (!conn_has_work(conn) || !count) {
		read = real.recvmmsg(fd, msgs, count, flags, timeout);
		for (int i = 0; i < read; i++)
			after(conn, fd, msgs[i].msg_hdr.msg_iov, (int)msgs[i].msg_hdr.msg_iovlen,
				flags, msgs[i].msg_len);
		return read;
	}
	if (is_bridged(conn) && !timeout)
		return receive_each(conn, fd, msgs, count, flags);
	/* One message is as much as a stream has to give. */
	got = on_recvmsg(conn, fd, &msgs->msg_hdr, flags & ~MSG_WAITFORONE);
	if (got < 0)
		return -1;
	msgs->msg_len = (unsigned int)got;
	return 1;
}

ssize_t on_read(struct conn *conn, int fd, void *buf, size_t len)
{
	struct iovec iov = {buf, len};
	ssize_t got = len > SSIZE_MAX ? CONN_PASS : before(conn, fd, &iov, 1, 0);

	return got != CONN_PASS ? got : after(conn, fd, &iov, 1, 0, real.read(fd, buf, len));
}

ssize_t on_readv(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	struct parts parts;
	ssize_t got = CONN_PASS;

	if (!conn_has_work(conn) || count < 0 || count > IOV_MAX) {
		got = real.readv(fd, iov, count);
		if (got > 0)
			return after(conn, fd, iov, count, 0, got);
		if (!conn_attention(conn) || (got < 0 && (errno == EFAULT || errno == EINVAL)))
			return got;
		if (!parts_copy(&parts, iov, (size_t)count))
			return -1;
		got = after(conn, fd, parts.at, parts.count, 0, got);
	} else if (!parts_copy(&parts, iov, (size_t)count)) {
		return -1;
	} else {
		got = before(conn, fd, parts.at, parts.count, 0);
		if (got == CONN_PASS)
			got = after(conn, fd, parts.at, parts.count, 0, real.readv(fd, iov, count));
	}
	parts_free(&parts);
	return got;
}

/* The checked names end the program when the buffer is too small: the real ones know how. */

ssize_t on___read_chk(struct conn *conn, int fd, void *buf, size_t len, size_t size)
{
	return len > size ? real.__read_chk(fd, buf, len, size) : on_read(conn, fd, buf, len);
}

ssize_t on___recv_chk(struct conn *conn, int fd, void *buf, size_t len, size_t size, int flags)
{
	return len > size ? real.__recv_chk(fd, buf, len, size, flags)
			  : on_recv(conn, fd, buf, len, flags);
}

ssize_t on___recvfrom_chk(struct conn *conn, int fd, void *buf, size_t len, size_t size, int flags,
	struct sockaddr *addr, socklen_t *addr_len)
{
	return len > size ? real.__recvfrom_chk(fd, buf, len, size, flags, addr, addr_len)
			  : on_recvfrom(conn, fd, buf, len, flags, addr, addr_len);
}

int on_ioctl(struct conn *conn, int fd, unsigned long command, void *arg)
{
	struct iovec place = {arg, sizeof(int)};
	int left;

	if (command != FIONREAD || !(conn_attention(conn) & (CONN_ANSWERED | CONN_BRIDGED)) ||
		!conn_enter(conn, fd))
		return real.ioctl(fd, command, arg);
	if (!conn_verify(conn, fd)) {
		conn_drop(conn, fd);
		return real.ioctl(fd, command, arg);
	}
	left = (int)(is_bridged(conn) ? bridged_left(conn, fd) : reply_left(conn));
	conn_leave(conn);
	return copy_out(&place, 1, (const char *)&left, sizeof(left)) < 0 ? -1 : 0;
}

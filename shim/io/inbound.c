/* SPDX-License-Identifier: Apache-2.0 */
/* From the server to the program: serves the reply when there is one. */

#include "inbound.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "outbound.h"
#include "shim/libc/real.h"
#include "shim/tls/session.h"
#include "shim/process/shim.h"

/* The real call is to be made. */
#define PASS (-2)

bool inbound_is_answered(const struct conn *conn)
{
	return atomic_load_explicit(&conn->answered, memory_order_acquire);
}

/* Bytes that the server had sent before the reply. */
static ssize_t read_preface(struct conn *conn, int fd, const struct iovec *iov, int flags)
{
	size_t len = iov->iov_len < conn->preface ? iov->iov_len : conn->preface;
	ssize_t got = real.recv(fd, iov->iov_base, len, flags | MSG_DONTWAIT);

	if (got > 0 && !(flags & MSG_PEEK))
		conn->preface -= (size_t)got;
	if (got <= 0)
		conn->preface = 0;
	return got > 0 ? got : 0;
}

static ssize_t read_reply(struct conn *conn, const struct iovec *iov, int count, int flags)
{
	size_t at = conn->reply_at;

	for (int i = 0; i < count; i++) {
		size_t left = conn->reply_len - at;
		size_t len = iov[i].iov_len < left ? iov[i].iov_len : left;

		memcpy(iov[i].iov_base, conn->reply + at, len);
		at += len;
	}

	ssize_t got = (ssize_t)(at - conn->reply_at);

	if (flags & MSG_PEEK)
		return got;
	conn->reply_at = at;
	if (at == conn->reply_len && atomic_load(&conn->kept))
		conn_drop_reply(conn);
	return got;
}

ssize_t inbound_read_reply(struct conn *conn, void *data, size_t len, bool peek)
{
	struct iovec iov = {data, len};

	return read_reply(conn, &iov, 1, peek ? MSG_PEEK : 0);
}

/*
 * Below TLS the reply is served at the session. A library that reads from the descriptor itself is
 * told that there is nothing, and the session's hook takes over. A program that feeds its library by
 * hand needs bytes to do so (a 0 would be the end, before it asks the session): a record, that nobody
 * will decrypt.
 */
static ssize_t serve_ciphertext(const struct conn *conn, const struct iovec *iov)
{
	static const char record[] = {23, 3, 3, 0, 1, 0};

	if (session_in_real()) {
		errno = EAGAIN;
		return -1;
	}
	if (conn->reply_at == conn->reply_len)
		return 0;

	size_t len = iov->iov_len < sizeof(record) ? iov->iov_len : sizeof(record);

	memcpy(iov->iov_base, record, len);
	return (ssize_t)len;
}

/* Reads what comes first, then the reply. */
static ssize_t serve(struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	ssize_t got = 0;

	while (count > 0 && !iov->iov_len) {
		iov++;
		count--;
	}
	if (count <= 0)
		return 0;
	if (!conn_enter(conn, fd))
		return PASS;
	if (!conn_is_current(conn, fd)) {
		conn_drop(conn, fd);
		return PASS;
	}
	/* Another thread may have read it to its end. */
	if (!inbound_is_answered(conn)) {
		conn_leave(conn);
		return PASS;
	}
	if (conn->tls)
		got = serve_ciphertext(conn, iov);
	else if (conn->preface)
		got = read_preface(conn, fd, iov, flags);
	if (got == 0 && !conn->tls)
		got = read_reply(conn, iov, count, flags);
	conn_leave(conn);
	return got;
}

/* Beside the stream: urgent data, and the error queue. */
static bool is_beside(int flags)
{
	return flags & (MSG_OOB | MSG_ERRQUEUE);
}

/* Before the real call: is there a reply, or should something be sent first? */
static ssize_t before(struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	ssize_t served = PASS;

	if (conn->held.len && !conn->tls && !is_beside(flags))
		outbound_hurry(conn, fd);
	/* Who waits for an answer has sent a request that nobody has seen. */
	if (conn_is_blind(conn) && conn_enter(conn, fd)) {
		conn_note_blind(conn);
		conn_leave(conn);
	}
	if (inbound_is_answered(conn) && !is_beside(flags))
		served = serve(conn, fd, iov, count, flags);
	return served;
}

/* The server closed the connection before the reply was due: the reply is all that can come now. */
static void answer_early(struct conn *conn, int fd)
{
	if (!conn_enter(conn, fd))
		return;
	if (conn->reply)
		atomic_store_explicit(&conn->answered, true, memory_order_release);
	conn_leave(conn);
}

static bool has_room(const struct iovec *iov, int count)
{
	for (int i = 0; i < count; i++)
		if (iov[i].iov_len)
			return true;
	return false;
}

/* After it: an end may be our own doing. */
static ssize_t after(
	struct conn *conn, int fd, const struct iovec *iov, int count, int flags, ssize_t got)
{
	ssize_t served = PASS;
	int error = errno;

	if (is_beside(flags))
		return got;
	if (got > 0)
		atomic_store_explicit(&conn->unanswered, false, memory_order_relaxed);
	if (got > 0 || !has_room(iov, count))
		return got;
	if (got == 0 || (error != EAGAIN && error != EINTR))
		answer_early(conn, fd);
	if (inbound_is_answered(conn))
		served = serve(conn, fd, iov, count, flags);
	if (served != -1)
		errno = error;
	return served == PASS ? got : served;
}

ssize_t on_recv(struct conn *conn, int fd, void *buf, size_t len, int flags)
{
	struct iovec iov = {buf, len};
	ssize_t got = before(conn, fd, &iov, 1, flags);

	return got != PASS ? got : after(conn, fd, &iov, 1, flags, real.recv(fd, buf, len, flags));
}

ssize_t on_recvfrom(struct conn *conn, int fd, void *buf, size_t len, int flags,
	struct sockaddr *addr, socklen_t *addr_len)
{
	struct iovec iov = {buf, len};
	ssize_t got = before(conn, fd, &iov, 1, flags);

	if (got == PASS)
		return after(conn, fd, &iov, 1, flags,
			real.recvfrom(fd, buf, len, flags, addr, addr_len));
	/* A stream socket has no address to tell. */
	if (addr_len)
		*addr_len = 0;
	return got;
}

ssize_t on_recvmsg(struct conn *conn, int fd, struct msghdr *msg, int flags)
{
	ssize_t got = before(conn, fd, msg->msg_iov, (int)msg->msg_iovlen, flags);

	if (got == PASS) {
		ssize_t read = real.recvmsg(fd, msg, flags);

		got = after(conn, fd, msg->msg_iov, (int)msg->msg_iovlen, flags, read);
		if (got == read)
			return got;
	}
	msg->msg_namelen = 0;
	msg->msg_controllen = 0;
	msg->msg_flags = 0;
	return got;
}

/* One message is as much as a stream has to give. */
int on_recvmmsg(struct conn *conn, int fd, struct mmsghdr *msgs, unsigned int count, int flags,
	struct timespec *timeout)
{
	ssize_t got;

	if (!count)
		return real.recvmmsg(fd, msgs, count, flags, timeout);
	got = on_recvmsg(conn, fd, &msgs->msg_hdr, flags & ~MSG_WAITFORONE);
	if (got < 0)
		return -1;
	msgs->msg_len = (unsigned int)got;
	return 1;
}

ssize_t on_read(struct conn *conn, int fd, void *buf, size_t len)
{
	struct iovec iov = {buf, len};
	ssize_t got = before(conn, fd, &iov, 1, 0);

	return got != PASS ? got : after(conn, fd, &iov, 1, 0, real.read(fd, buf, len));
}

ssize_t on_readv(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	ssize_t got = before(conn, fd, iov, count, 0);

	return got != PASS ? got : after(conn, fd, iov, count, 0, real.readv(fd, iov, count));
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
	if (command != FIONREAD || !inbound_is_answered(conn) || !conn_enter(conn, fd))
		return real.ioctl(fd, command, arg);
	*(int *)arg = (int)(conn->preface + conn->reply_len - conn->reply_at);
	conn_leave(conn);
	return 0;
}

void inbound_drain(const struct conn *conn, int fd)
{
	char scratch[4096];
	int patience = 256;

	if (!inbound_is_answered(conn))
		return;
	while (patience-- && real.recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT) > 0)
		continue;
}

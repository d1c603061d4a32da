/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks that send. */

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbound.h"
#include "shim/libc/real.h"

static size_t total_of(const struct iovec *iov, int count)
{
	size_t total = 0;

	for (int i = 0; i < count; i++)
		total += iov[i].iov_len;
	return total;
}

/* MSG_OOB is beside the stream. */
static bool is_in_stream(int flags)
{
	return !(flags & MSG_OOB);
}

ssize_t on_send(struct conn *conn, int fd, const void *buf, size_t len, int flags)
{
	struct iovec iov = {(void *)buf, len};
	ssize_t taken = is_in_stream(flags) ? outbound_offer(conn, fd, &iov, 1) : OUTBOUND_PASS;

	return taken != OUTBOUND_PASS
		       ? taken
		       : outbound_sent(conn, fd, len, real.send(fd, buf, len, flags));
}

/*
 * TCP Fast Open would send bytes that nobody has looked at. A plain connect() is what it comes down to
 * whenever there is no cookie for the server, so programs are ready for it. Returns 0 or -1.
 */
static int open_slowly(int fd, const struct sockaddr **addr, socklen_t len, int *flags)
{
	if (!(*flags & MSG_FASTOPEN) || !*addr)
		return 0;
	if (on_connect(fd, *addr, len))
		return -1;
	*flags &= ~MSG_FASTOPEN;
	*addr = NULL;
	return 0;
}

ssize_t on_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
	socklen_t addr_len)
{
	struct conn *conn;

	if (open_slowly(fd, &addr, addr_len, &flags))
		return -1;
	conn = conn_at(fd);
	if (!conn)
		return real.sendto(fd, buf, len, flags, addr, addr ? addr_len : 0);
	return on_send(conn, fd, buf, len, flags);
}

ssize_t on_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const struct sockaddr *addr;
	struct msghdr connected;
	struct conn *conn;
	ssize_t taken = OUTBOUND_PASS;

	/* Bad pointers are the kernel's to judge. */
	if (!conn_at(fd) && !(flags & MSG_FASTOPEN))
		return real.sendmsg(fd, msg, flags);
	addr = msg->msg_name;
	connected = *msg;
	if (open_slowly(fd, &addr, msg->msg_namelen, &flags))
		return -1;
	conn = conn_at(fd);
	if (!conn && addr)
		return real.sendmsg(fd, msg, flags);
	if (!addr) {
		connected.msg_name = NULL;
		connected.msg_namelen = 0;
	}
	if (conn && is_in_stream(flags))
		taken = outbound_offer(conn, fd, msg->msg_iov, (int)msg->msg_iovlen);
	if (taken != OUTBOUND_PASS)
		return taken;

	ssize_t sent = real.sendmsg(fd, &connected, flags);

	return conn ? outbound_sent(conn, fd, total_of(msg->msg_iov, (int)msg->msg_iovlen), sent)
		    : sent;
}

int on_sendmmsg(struct conn *conn, int fd, struct mmsghdr *msgs, unsigned int count, int flags)
{
	(void)conn;
	for (unsigned int i = 0; i < count; i++) {
		ssize_t sent = on_sendmsg(fd, &msgs[i].msg_hdr, flags);

		if (sent < 0)
			return i ? (int)i : -1;
		msgs[i].msg_len = (unsigned int)sent;
		if ((size_t)sent <
			total_of(msgs[i].msg_hdr.msg_iov, (int)msgs[i].msg_hdr.msg_iovlen))
			return (int)i + 1;
	}
	return (int)count;
}

ssize_t on_write(struct conn *conn, int fd, const void *buf, size_t len)
{
	struct iovec iov = {(void *)buf, len};
	ssize_t taken = outbound_offer(conn, fd, &iov, 1);

	return taken != OUTBOUND_PASS ? taken
				      : outbound_sent(conn, fd, len, real.write(fd, buf, len));
}

ssize_t on_writev(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	ssize_t taken = count > 0 ? outbound_offer(conn, fd, iov, count) : OUTBOUND_PASS;

	return taken != OUTBOUND_PASS
		       ? taken
		       : outbound_sent(conn, fd, total_of(iov, count > 0 ? count : 0),
				 real.writev(fd, iov, count));
}

/* A file's bytes have to be seen, too: they take the way through a buffer. */
static ssize_t send_from(struct conn *conn, int fd, int in_fd, off64_t *offset, size_t count)
{
	char buffer[4096]; /* the program's stack may be small */
	ssize_t sum = 0;

	while (count) {
		size_t want = count < sizeof(buffer) ? count : sizeof(buffer);
		ssize_t got = offset ? pread64(in_fd, buffer, want, *offset)
				     : real.read(in_fd, buffer, want);
		ssize_t sent;

		if (got <= 0)
			return sum || got == 0 ? sum : -1;
		sent = on_send(conn, fd, buffer, (size_t)got, 0);
		if (sent < got && !offset)
			lseek64(in_fd, (sent > 0 ? sent : 0) - got, SEEK_CUR);
		if (sent < 0)
			return sum ? sum : -1;
		if (offset)
			*offset += sent;
		sum += sent;
		count -= (size_t)sent;
		if (sent < got)
			return sum;
	}
	return sum;
}

ssize_t on_sendfile64(struct conn *conn, int fd, int in_fd, off64_t *offset, size_t count)
{
	/* What is no file the kernel refuses, and we could not give back. */
	if (lseek64(in_fd, 0, SEEK_CUR) < 0)
		return real.sendfile64(fd, in_fd, offset, count);
	return send_from(conn, fd, in_fd, offset, count);
}

ssize_t on_sendfile(struct conn *conn, int fd, int in_fd, off_t *offset, size_t count)
{
	off64_t at = offset ? *offset : 0;
	ssize_t sent = on_sendfile64(conn, fd, in_fd, offset ? &at : NULL, count);

	if (offset)
		*offset = (off_t)at;
	return sent;
}

static bool is_pipe(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

static bool is_ready(int fd, short events, int timeout)
{
	struct pollfd waiting = {.fd = fd, .events = events};

	return real.poll(&waiting, 1, timeout) != 0;
}

/* What has been taken out of a pipe cannot be put back: waits until all of it is sent. */
static ssize_t send_all(struct conn *conn, int fd, const char *data, size_t len)
{
	size_t sum = 0;

	while (sum < len) {
		ssize_t sent = on_send(conn, fd, data + sum, len - sum, 0);

		if (sent >= 0)
			sum += (size_t)sent;
		else if (errno == EAGAIN)
			is_ready(fd, POLLOUT, -1);
		else
			return sum ? (ssize_t)sum : -1;
	}
	return (ssize_t)sum;
}

/* The source is a pipe, which can't be unread: what was read must be taken, if the socket can take
 * anything at all. */
ssize_t on_splice(
	int in_fd, off64_t *in_offset, int fd, off64_t *offset, size_t len, unsigned int flags)
{
	struct conn *conn = conn_at(fd);
	bool may_wait = !(flags & SPLICE_F_NONBLOCK);
	char buffer[4096]; /* the program's stack may be small */
	size_t sum = 0;

	/* What the kernel refuses it refuses untouched. */
	if (!conn || in_offset || offset || !is_pipe(in_fd))
		return real.splice(in_fd, in_offset, fd, offset, len, flags);
	do {
		size_t want = len - sum < sizeof(buffer) ? len - sum : sizeof(buffer);
		ssize_t got, sent;

		if (!may_wait && !(is_ready(in_fd, POLLIN, 0) && is_ready(fd, POLLOUT, 0))) {
			errno = EAGAIN;
			return sum ? (ssize_t)sum : -1;
		}
		got = real.read(in_fd, buffer, want);
		sent = got > 0 ? send_all(conn, fd, buffer, (size_t)got) : got;
		if (sent <= 0)
			return sum ? (ssize_t)sum : sent;
		sum += (size_t)sent;
		if (sent < got)
			break;
	} while (sum < len && is_ready(in_fd, POLLIN, 0));
	return (ssize_t)sum;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks that send from files and pipes. Of a body whose end is known the bytes need not be seen. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bridged.h"
#include "copy.h"
#include "offer.h"
#include "send.h"
#include "on.h"
#include "shim/libc/real.h"

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
		sent = send_bytes(conn, fd, buffer, (size_t)got, 0);
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

/* The offset is the program's, and may be nowhere. */
static ssize_t send_from_offset(struct conn *conn, int fd, int in_fd, off64_t *offset, size_t count)
{
	struct iovec place = {offset, sizeof(*offset)};
	off64_t at;
	ssize_t sent;

	if (copy_in(&at, offset, sizeof(at)))
		return -1;
	sent = send_from(conn, fd, in_fd, &at, count);
	copy_out(&place, 1, (const char *)&at, sizeof(at));
	return sent;
}

ssize_t on_sendfile64(struct conn *conn, int fd, int in_fd, off64_t *offset, size_t count)
{
	if (offer_may_pass_unseen(conn, fd, count)) {
		ssize_t sent = real.sendfile64(fd, in_fd, offset, count);

		offer_unseen(conn, fd, sent);
		return sent;
	}
	/* What is no file the kernel refuses, and we could not give back. */
	if (!offer_verify(conn, fd) || lseek64(in_fd, 0, SEEK_CUR) < 0)
		return real.sendfile64(fd, in_fd, offset, count);
	return offset ? send_from_offset(conn, fd, in_fd, offset, count)
		      : send_from(conn, fd, in_fd, NULL, count);
}

_Static_assert(sizeof(off_t) == sizeof(off64_t), "one is the other");

ssize_t on_sendfile(struct conn *conn, int fd, int in_fd, off_t *offset, size_t count)
{
	return on_sendfile64(conn, fd, in_fd, (off64_t *)offset, count);
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
		ssize_t sent = send_bytes(conn, fd, data + sum, len - sum, 0);

		if (sent >= 0)
			sum += (size_t)sent;
		else if (errno == EAGAIN)
			is_ready(fd, POLLOUT, -1);
		else
			return sum ? (ssize_t)sum : -1;
	}
	return (ssize_t)sum;
}

/* From a bridged connection into a pipe: what the pipe takes is gone. */
static ssize_t splice_from(struct conn *conn, int in_fd, int fd, size_t len, unsigned int flags)
{
	int how = flags & SPLICE_F_NONBLOCK ? MSG_DONTWAIT : 0;
	char buffer[PIPE_BUF];
	struct iovec iov = {buffer, len < sizeof(buffer) ? len : sizeof(buffer)};
	ssize_t got = bridged_receive(conn, in_fd, &iov, 1, MSG_PEEK | how);

	if (got <= 0)
		return got;
	if (how && !is_ready(fd, POLLOUT, 0)) {
		errno = EAGAIN;
		return -1;
	}
	got = real.write(fd, buffer, (size_t)got);
	if (got > 0) {
		iov.iov_len = (size_t)got;
		bridged_receive(conn, in_fd, &iov, 1, MSG_DONTWAIT);
	}
	return got;
}

/* The source is a pipe, which can't be unread: what was read must be taken, if the socket can take
 * anything at all. */
ssize_t on_splice(
	int in_fd, off64_t *in_offset, int fd, off64_t *offset, size_t len, unsigned int flags)
{
	struct conn *conn = conn_at(fd), *source = conn_at(in_fd);
	bool may_wait = !(flags & SPLICE_F_NONBLOCK);
	char buffer[4096]; /* the program's stack may be small */
	size_t sum = 0;

	if (!conn && source && is_bridged(source) && len && !in_offset && !offset && is_pipe(fd)) {
		ssize_t spliced = splice_from(source, in_fd, fd, len, flags);

		if (spliced != CONN_PASS)
			return spliced;
	}
	if (conn && offer_may_pass_unseen(conn, fd, len)) {
		ssize_t spliced = real.splice(in_fd, in_offset, fd, offset, len, flags);

		offer_unseen(conn, fd, spliced);
		return spliced;
	}
	/* What the kernel refuses it refuses untouched. */
	if (!conn || in_offset || offset || !offer_verify(conn, fd) || !is_pipe(in_fd))
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

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * errors PORT STATUS: what calls on a connection leave in errno. Says which do otherwise than the
 * table below. Where the connection goes on, a request on it must then end with STATUS.
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define UNTOUCHED 4242 /* no error has this number */

static const char request[] =
	"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\n"
	"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request, "
	"SignedHeaders=host, Signature=0\r\nContent-Length: 2\r\n\r\n{}";
#define REQUEST_LEN (sizeof(request) - 1)
#define PLAIN	    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define LONG	    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"

static struct sockaddr_in server, silent, closed;
static int listener; /* of `silent`: nobody accepts, unless it is to hang up */
static int wanted;
static char scratch[65536];

static int stream(const struct sockaddr_in *to, int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) && !flags)
		err(1, "connect");
	return fd;
}

static void wait_for(int fd, short events)
{
	struct pollfd waiting = {.fd = fd, .events = events};

	if (poll(&waiting, 1, 10000) != 1)
		errx(1, "nothing came");
}

/* ---- What state the connection is in before ---- */

static int none(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int none_nonblocking(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static int fresh(void)
{
	return stream(&server, 0);
}

static int nonblocking(void)
{
	int fd = fresh();

	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static int begun(void)
{
	int fd = fresh();

	if (send(fd, request, 40, 0) != 40)
		err(1, "send");
	return fd;
}

static int asked(void)
{
	int fd = fresh();

	if (send(fd, request, REQUEST_LEN, 0) != (ssize_t)REQUEST_LEN)
		err(1, "send");
	return fd;
}

static int answered(void)
{
	int fd = asked();

	wait_for(fd, POLLIN);
	return fd;
}

static int finished(void)
{
	int fd = fresh();

	shutdown(fd, SHUT_WR);
	return fd;
}

static int full(void)
{
	int fd = stream(&silent, SOCK_NONBLOCK);

	wait_for(fd, POLLOUT);
	if (send(fd, LONG, sizeof(LONG) - 1, 0) < 0)
		err(1, "send");
	while (send(fd, scratch, sizeof(scratch), 0) > 0)
		continue;
	return fd;
}

static int refused(void)
{
	int fd = stream(&closed, SOCK_NONBLOCK);

	wait_for(fd, POLLIN);
	return fd;
}

static int reset(void)
{
	struct linger at_once = {.l_onoff = 1};
	int fd, peer;

	/* Connections that nobody has accepted stand before this one. */
	while ((peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		close(peer);
	fd = stream(&silent, 0);
	wait_for(listener, POLLIN);
	peer = accept(listener, NULL, NULL);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(peer);
	wait_for(fd, POLLIN);
	return fd;
}

/* ---- The calls ---- */

static long do_connect(int fd)
{
	return connect(fd, (struct sockaddr *)&server, sizeof(server));
}

static long do_connect_closed(int fd)
{
	return connect(fd, (struct sockaddr *)&closed, sizeof(closed));
}

static long do_connect_short(int fd)
{
	return connect(fd, (struct sockaddr *)&server, 3);
}

static long do_send(int fd)
{
	return send(fd, request, REQUEST_LEN, 0);
}

static long do_send_begin(int fd)
{
	return send(fd, request, 40, 0);
}

static long do_send_rest(int fd)
{
	return send(fd, request + 40, REQUEST_LEN - 40, 0);
}

static long do_send_plain(int fd)
{
	return send(fd, PLAIN, sizeof(PLAIN) - 1, MSG_NOSIGNAL);
}

static long do_send_more(int fd)
{
	return send(fd, scratch, sizeof(scratch), 0);
}

static long do_sendto(int fd)
{
	return sendto(fd, request, REQUEST_LEN, 0, NULL, 0);
}

static long do_write(int fd)
{
	return write(fd, request, REQUEST_LEN);
}

static long do_writev(int fd)
{
	struct iovec iov[] = {{(void *)request, 30}, {(void *)(request + 30), REQUEST_LEN - 30}};

	return writev(fd, iov, 2);
}

static long do_writev_negative(int fd)
{
	struct iovec iov = {(void *)request, REQUEST_LEN};
	volatile int count = -1;

	return writev(fd, &iov, count);
}

static long do_sendmsg(int fd)
{
	struct iovec iov = {(void *)request, REQUEST_LEN};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	return sendmsg(fd, &message, 0);
}

static long do_sendmmsg(int fd)
{
	struct iovec iov = {(void *)request, REQUEST_LEN};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}};

	return sendmmsg(fd, &message, 1, 0);
}

static long do_sendfile(int fd)
{
	FILE *file = tmpfile();
	off_t at = 0;

	fwrite(request, 1, REQUEST_LEN, file);
	fflush(file);
	errno = UNTOUCHED;
	return sendfile(fd, fileno(file), &at, REQUEST_LEN);
}

static long do_sendfile_nothing(int fd)
{
	return sendfile(fd, -1, NULL, 10);
}

/* A pipe with a whole call in it. */
static int full_pipe(void)
{
	int ends[2];

	if (pipe(ends) || write(ends[1], request, REQUEST_LEN) != (ssize_t)REQUEST_LEN)
		err(1, "pipe");
	errno = UNTOUCHED;
	return ends[0];
}

static long do_sendfile_pipe(int fd)
{
	return sendfile(fd, full_pipe(), NULL, REQUEST_LEN);
}

static long do_splice(int fd)
{
	return splice(full_pipe(), NULL, fd, NULL, REQUEST_LEN, 0);
}

static long do_splice_file(int fd)
{
	return splice(open("/proc/self/exe", O_RDONLY), NULL, fd, NULL, 10, 0);
}

static long do_splice_offset(int fd)
{
	off64_t at = 0;

	return splice(full_pipe(), &at, fd, NULL, 10, 0);
}

static long do_splice_empty(int fd)
{
	int ends[2];

	if (pipe(ends))
		err(1, "pipe");
	return splice(ends[0], NULL, fd, NULL, 10, SPLICE_F_NONBLOCK);
}

static long do_recv(int fd)
{
	return recv(fd, scratch, sizeof(scratch), 0);
}

static long do_recv_peek(int fd)
{
	return recv(fd, scratch, sizeof(scratch), MSG_PEEK);
}

static long do_recv_at_once(int fd)
{
	return recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT);
}

static long do_recv_urgent(int fd)
{
	return recv(fd, scratch, sizeof(scratch), MSG_OOB);
}

static long do_recvfrom(int fd)
{
	return recvfrom(fd, scratch, sizeof(scratch), 0, NULL, NULL);
}

static long do_read(int fd)
{
	return read(fd, scratch, sizeof(scratch));
}

static long do_readv(int fd)
{
	struct iovec iov[] = {{scratch, 1}, {scratch + 1, 1000}};

	return readv(fd, iov, 2);
}

static long do_recvmsg(int fd)
{
	struct iovec iov = {scratch, sizeof(scratch)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	return recvmsg(fd, &message, 0);
}

static long do_recvmmsg(int fd)
{
	struct iovec iov = {scratch, sizeof(scratch)};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}};

	return recvmmsg(fd, &message, 1, 0, NULL);
}

static long do_ioctl(int fd)
{
	int waiting;

	return ioctl(fd, FIONREAD, &waiting);
}

static long do_ioctl_unknown(int fd)
{
	return ioctl(fd, 0x7777, NULL);
}

static long do_poll(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	return poll(&waiting, 1, 10000);
}

static long do_ppoll(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	return ppoll(&waiting, 1, &(struct timespec){10, 0}, NULL);
}

static long do_ppoll_negative(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	return ppoll(&waiting, 1, &(struct timespec){-1, 0}, NULL);
}

static long do_select(int fd)
{
	fd_set reads;

	FD_ZERO(&reads);
	FD_SET(fd, &reads);
	return select(fd + 1, &reads, NULL, NULL, &(struct timeval){10, 0});
}

static long do_pselect(int fd)
{
	fd_set reads;

	FD_ZERO(&reads);
	FD_SET(fd, &reads);
	return pselect(fd + 1, &reads, NULL, NULL, &(struct timespec){10, 0}, NULL);
}

static long do_select_closed(int fd)
{
	int copy = dup(fd);
	fd_set reads;

	FD_ZERO(&reads);
	FD_SET(copy, &reads);
	close(copy);
	return select(copy + 1, &reads, NULL, NULL, &(struct timeval){10, 0});
}

static long epoll_control(int fd, int operation)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(epoll_create1(0), operation, fd, &event);
}

static long do_epoll_add(int fd)
{
	return epoll_control(fd, EPOLL_CTL_ADD);
}

static long do_epoll_unknown(int fd)
{
	return epoll_control(fd, EPOLL_CTL_DEL);
}

static long do_dup(int fd)
{
	return dup(fd);
}

static long do_dup2(int fd)
{
	return dup2(fd, fresh());
}

static long do_dup2_negative(int fd)
{
	return dup2(fd, -1);
}

static long do_dup3(int fd)
{
	return dup3(fd, 900, O_CLOEXEC);
}

static long do_dup3_same(int fd)
{
	return dup3(fd, fd, 0);
}

static long do_dup3_unknown(int fd)
{
	return dup3(fd, 900, O_NONBLOCK);
}

static long do_fcntl_dup(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 100);
}

static long do_fcntl_dup_negative(int fd)
{
	return fcntl(fd, F_DUPFD, -1);
}

static long do_fcntl(int fd)
{
	return fcntl(fd, F_GETFL);
}

static long do_fcntl_unknown(int fd)
{
	return fcntl(fd, 9999);
}

static long do_shutdown(int fd)
{
	return shutdown(fd, SHUT_WR);
}

static long do_shutdown_unknown(int fd)
{
	return shutdown(fd, 9);
}

static long do_close(int fd)
{
	return close(fd);
}

static long do_close_twice(int fd)
{
	close(fd);
	errno = UNTOUCHED;
	return close(fd);
}

static long do_close_range(int fd)
{
	return close_range((unsigned int)fd, (unsigned int)fd, 0);
}

static long do_close_range_unknown(int fd)
{
	return close_range((unsigned int)fd, (unsigned int)fd, 1u << 30);
}

static long do_closefrom(int fd)
{
	closefrom(fd);
	return 0;
}

static long do_fdopen(int fd)
{
	return fdopen(fd, "r") ? 0 : -1;
}

static long do_fdopen_unknown(int fd)
{
	return fdopen(fd, "?") ? 0 : -1;
}

static long do_fclose(int fd)
{
	FILE *file = fdopen(fd, "r+");

	errno = UNTOUCHED;
	return fclose(file);
}

enum then { ENDS, GOES_ON };

#define CASE(state, call, error, then)                                                             \
	{                                                                                          \
#state ": " #call, state, do_##call, error, then                                   \
	}
static const struct {
	const char *name;
	int (*begin)(void);
	long (*call)(int fd);
	int error; /* 0: none */
	enum then then;
} cases[] = {
	CASE(none, connect, 0, GOES_ON), CASE(none, connect_closed, ECONNREFUSED, ENDS),
	CASE(none, connect_short, EINVAL, ENDS), CASE(none_nonblocking, connect, EINPROGRESS, ENDS),
	CASE(fresh, connect, EISCONN, GOES_ON), CASE(fresh, send, 0, ENDS),
	CASE(fresh, send_begin, 0, ENDS), CASE(begun, send_rest, 0, ENDS),
	CASE(fresh, sendto, 0, ENDS), CASE(fresh, write, 0, ENDS), CASE(fresh, writev, 0, ENDS),
	CASE(fresh, writev_negative, EINVAL, GOES_ON), CASE(fresh, sendmsg, 0, ENDS),
	CASE(fresh, sendmmsg, 0, ENDS), CASE(fresh, sendfile, 0, ENDS),
	CASE(fresh, sendfile_nothing, EBADF, GOES_ON), CASE(fresh, sendfile_pipe, EINVAL, GOES_ON),
	CASE(fresh, splice, 0, ENDS), CASE(fresh, splice_file, EINVAL, GOES_ON),
	CASE(fresh, splice_offset, ESPIPE, GOES_ON), CASE(fresh, splice_empty, EAGAIN, GOES_ON),
	CASE(nonblocking, send, 0, ENDS), CASE(finished, send_plain, EPIPE, ENDS),
	CASE(full, send_more, EAGAIN, ENDS), CASE(asked, recv, 0, ENDS),
	CASE(asked, recv_peek, 0, ENDS), CASE(asked, recvfrom, 0, ENDS), CASE(asked, read, 0, ENDS),
	CASE(asked, readv, 0, ENDS), CASE(asked, recvmsg, 0, ENDS), CASE(asked, recvmmsg, 0, ENDS),
	CASE(answered, recv, 0, ENDS), CASE(answered, ioctl, 0, ENDS),
	CASE(begun, recv_at_once, EAGAIN, ENDS), CASE(fresh, recv_at_once, EAGAIN, GOES_ON),
	CASE(fresh, recv_urgent, EINVAL, GOES_ON), CASE(nonblocking, recvfrom, EAGAIN, GOES_ON),
	CASE(nonblocking, read, EAGAIN, GOES_ON), CASE(nonblocking, readv, EAGAIN, GOES_ON),
	CASE(nonblocking, recvmsg, EAGAIN, GOES_ON), CASE(nonblocking, recvmmsg, EAGAIN, GOES_ON),
	CASE(refused, recv, ECONNREFUSED, ENDS), CASE(reset, recv, ECONNRESET, ENDS),
	CASE(fresh, ioctl, 0, GOES_ON), CASE(fresh, ioctl_unknown, ENOTTY, GOES_ON),
	CASE(asked, poll, 0, ENDS), CASE(asked, ppoll, 0, ENDS), CASE(asked, select, 0, ENDS),
	CASE(asked, pselect, 0, ENDS), CASE(fresh, ppoll_negative, EINVAL, GOES_ON),
	CASE(fresh, select_closed, EBADF, GOES_ON), CASE(fresh, epoll_add, 0, GOES_ON),
	CASE(asked, epoll_add, 0, ENDS), CASE(fresh, epoll_unknown, ENOENT, GOES_ON),
	CASE(fresh, dup, 0, GOES_ON), CASE(fresh, dup2, 0, GOES_ON),
	CASE(fresh, dup2_negative, EBADF, GOES_ON), CASE(fresh, dup3, 0, GOES_ON),
	CASE(fresh, dup3_same, EINVAL, GOES_ON), CASE(fresh, dup3_unknown, EINVAL, GOES_ON),
	CASE(fresh, fcntl_dup, 0, GOES_ON), CASE(fresh, fcntl_dup_negative, EINVAL, GOES_ON),
	CASE(fresh, fcntl, 0, GOES_ON), CASE(fresh, fcntl_unknown, EINVAL, GOES_ON),
	CASE(fresh, shutdown, 0, ENDS), CASE(begun, shutdown, 0, ENDS),
	CASE(asked, shutdown, 0, ENDS), CASE(fresh, shutdown_unknown, EINVAL, GOES_ON),
	CASE(begun, close, 0, ENDS), CASE(asked, close, 0, ENDS), CASE(answered, close, 0, ENDS),
	CASE(fresh, close_twice, EBADF, ENDS), CASE(answered, close_range, 0, ENDS),
	CASE(fresh, close_range_unknown, EINVAL, GOES_ON), CASE(answered, fdopen, 0, ENDS),
	CASE(fresh, fdopen_unknown, EINVAL, GOES_ON), CASE(answered, fclose, 0, ENDS),
	CASE(answered, closefrom, 0, ENDS), /* the last one: it closes the listener, too */
};

static int status_of_call(int fd)
{
	ssize_t got;

	if (send(fd, request, REQUEST_LEN, MSG_NOSIGNAL) != (ssize_t)REQUEST_LEN)
		return -1;
	wait_for(fd, POLLIN);
	got = recv(fd, scratch, sizeof(scratch) - 1, 0);
	scratch[got > 0 ? got : 0] = '\0';
	return got > 9 ? atoi(scratch + 9) : -1;
}

static bool is_right(size_t i)
{
	int fd = cases[i].begin(), expected = cases[i].error ? cases[i].error : UNTOUCHED;
	bool fails = cases[i].error != 0;
	int error, status;
	long result;

	errno = UNTOUCHED;
	result = cases[i].call(fd);
	error = errno;
	if ((result < 0) != fails || error != expected) {
		printf("%s: %ld with %d\n", cases[i].name, result, error);
		return false;
	}
	if (cases[i].then == GOES_ON && (status = status_of_call(fd)) != wanted) {
		printf("%s: then %d\n", cases[i].name, status);
		return false;
	}
	return true;
}

static int bind_to(struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(*address);

	*address = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (bind(fd, (struct sockaddr *)address, len) ||
		getsockname(fd, (struct sockaddr *)address, &len))
		err(1, "bind");
	return fd;
}

int main(int argc, char **argv)
{
	bool is_all_right = true;

	if (argc != 3)
		return 2;
	bind_to(&closed);
	listener = bind_to(&silent);
	if (listen(listener, 8))
		err(1, "listen");
	server = silent;
	server.sin_port = htons((uint16_t)atoi(argv[1]));
	wanted = atoi(argv[2]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_all_right &= is_right(i);
	return is_all_right ? 0 : 1;
}

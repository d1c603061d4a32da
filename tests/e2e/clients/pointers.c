/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pointers PORT: calls with bad pointers and numbers, on a connection and beside one. Says which end
 * otherwise than by the kernel: each runs in a process of its own, which a signal may end.
 */

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"

static char room[256];

/* Not on the first page, and not on any other. */
static void *bad(void)
{
	return (void *)(uintptr_t)0x1234567;
}

/* The compiler knows some of these pointers to be wrong. */
static void *null(void)
{
	void *volatile none = NULL;

	return none;
}

/* ---- Reading ---- */

static long truncated(int fd)
{
	return recv(fd, null(), 10, MSG_TRUNC | MSG_DONTWAIT);
}

static long truncated_bad(int fd)
{
	return recv(fd, bad(), 10, MSG_TRUNC | MSG_DONTWAIT);
}

static long recv_null(int fd)
{
	return recv(fd, null(), 10, MSG_DONTWAIT);
}

static long recv_bad(int fd)
{
	return recv(fd, bad(), 10, MSG_DONTWAIT);
}

static long recv_nothing(int fd)
{
	return recv(fd, null(), 0, MSG_DONTWAIT);
}

static long peek_bad(int fd)
{
	return recv(fd, bad(), 10, MSG_PEEK | MSG_DONTWAIT);
}

static long recvfrom_bad(int fd)
{
	return recvfrom(fd, bad(), 10, MSG_DONTWAIT, NULL, NULL);
}

static long read_bad(int fd)
{
	return read(fd, bad(), 10);
}

static long readv_null(int fd)
{
	return readv(fd, null(), 1);
}

static long readv_bad(int fd)
{
	struct iovec parts[] = {{room, 4}, {bad(), 4}};

	return readv(fd, parts + 1, 1);
}

static long readv_negative(int fd)
{
	struct iovec part = {room, (size_t)-1};

	return readv(fd, &part, 1);
}

static long recvmsg_null(int fd)
{
	return recvmsg(fd, null(), MSG_DONTWAIT);
}

static long recvmsg_bad(int fd)
{
	return recvmsg(fd, bad(), MSG_DONTWAIT);
}

static long recvmsg_no_parts(int fd)
{
	struct msghdr message = {.msg_iov = null(), .msg_iovlen = 1};

	return recvmsg(fd, &message, MSG_DONTWAIT);
}

static long recvmsg_bad_part(int fd)
{
	struct iovec part = {bad(), 10};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	return recvmsg(fd, &message, MSG_DONTWAIT);
}

static long recvmsg_many_parts(int fd)
{
	struct iovec part = {room, 10};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 100000};

	return recvmsg(fd, &message, MSG_DONTWAIT);
}

static long recvmmsg_bad(int fd)
{
	return recvmmsg(fd, bad(), 1, MSG_DONTWAIT, NULL);
}

static long fionread_bad(int fd)
{
	return ioctl(fd, FIONREAD, bad());
}

static long error_bad(int fd)
{
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, bad(), &(socklen_t){4});
}

static long error_no_length(int fd)
{
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, room, null());
}

/* ---- Waiting ---- */

static long poll_null(int fd)
{
	(void)fd;
	return poll(null(), 1, 0);
}

static long poll_bad(int fd)
{
	(void)fd;
	return poll(bad(), 1, 0);
}

static long poll_many(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	volatile nfds_t count = (nfds_t)-1;

	return poll(&waiting, count, 0);
}

static long ppoll_null(int fd)
{
	(void)fd;
	return ppoll(null(), 1, &(struct timespec){0, 0}, NULL);
}

static long ppoll_mask(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	return ppoll(&waiting, 1, &(struct timespec){0, 0}, bad());
}

static long select_bad_reads(int fd)
{
	return select(fd + 1, bad(), NULL, NULL, &(struct timeval){0, 0});
}

static long select_bad_writes(int fd)
{
	return select(fd + 1, NULL, bad(), NULL, &(struct timeval){0, 0});
}

static long select_bad_errors(int fd)
{
	return select(fd + 1, NULL, NULL, bad(), &(struct timeval){0, 0});
}

static long select_negative(int fd)
{
	fd_set reads;

	FD_ZERO(&reads);
	FD_SET(fd, &reads);
	return select(-1, &reads, NULL, NULL, &(struct timeval){0, 0});
}

static long pselect_bad(int fd)
{
	return pselect(fd + 1, bad(), NULL, NULL, &(struct timespec){0, 0}, NULL);
}

static int watching(int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT};
	int epoll = epoll_create1(0);

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	return epoll;
}

static long epoll_add_null(int fd)
{
	return epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, fd, null());
}

static long epoll_wait_bad(int fd)
{
	return epoll_wait(watching(fd), bad(), 1, 0);
}

static long epoll_wait_none(int fd)
{
	return epoll_wait(watching(fd), bad(), 0, 0);
}

/* ---- Connecting and writing ---- */

static long connect_null(int fd)
{
	(void)fd;
	return connect(socket(AF_INET, SOCK_STREAM, 0), null(), 16);
}

static long connect_bad(int fd)
{
	(void)fd;
	return connect(socket(AF_INET, SOCK_STREAM, 0), bad(), 16);
}

static long writev_null(int fd)
{
	return writev(fd, null(), 1);
}

static long sendmsg_null(int fd)
{
	return sendmsg(fd, null(), MSG_NOSIGNAL);
}

static long sendmsg_no_parts(int fd)
{
	struct msghdr message = {.msg_iov = null(), .msg_iovlen = 1};

	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static long send_nothing(int fd)
{
	return send(fd, null(), 0, MSG_NOSIGNAL);
}

static const struct {
	const char *name;
	long (*call)(int fd);
	long waiting, quiet; /* what it gives with an answer there, and without one; -errno */
} cases[] = {
	{"recv(NULL, MSG_TRUNC)", truncated, 10, -EAGAIN},
	{"recv(bad, MSG_TRUNC)", truncated_bad, 10, -EAGAIN},
	{"recv(NULL)", recv_null, -EFAULT, -EAGAIN},
	{"recv(bad)", recv_bad, -EFAULT, -EAGAIN},
	{"recv(NULL, 0)", recv_nothing, 0, -EAGAIN},
	{"recv(bad, MSG_PEEK)", peek_bad, -EFAULT, -EAGAIN},
	{"recvfrom(bad)", recvfrom_bad, -EFAULT, -EAGAIN},
	{"read(bad)", read_bad, -EFAULT, -EAGAIN},
	{"readv(NULL)", readv_null, -EFAULT, -EFAULT},
	{"readv(bad)", readv_bad, -EFAULT, -EAGAIN},
	{"readv(negative)", readv_negative, -EINVAL, -EINVAL},
	{"recvmsg(NULL)", recvmsg_null, -EFAULT, -EFAULT},
	{"recvmsg(bad)", recvmsg_bad, -EFAULT, -EFAULT},
	{"recvmsg(no parts)", recvmsg_no_parts, -EFAULT, -EFAULT},
	{"recvmsg(bad part)", recvmsg_bad_part, -EFAULT, -EAGAIN},
	{"recvmsg(many parts)", recvmsg_many_parts, -EMSGSIZE, -EMSGSIZE},
	{"recvmmsg(bad)", recvmmsg_bad, -EFAULT, -EFAULT},
	{"ioctl(FIONREAD, bad)", fionread_bad, -EFAULT, -EFAULT},
	{"getsockopt(SO_ERROR, bad)", error_bad, -EFAULT, -EFAULT},
	{"getsockopt(SO_ERROR, no length)", error_no_length, -EFAULT, -EFAULT},
	{"poll(NULL)", poll_null, -EFAULT, -EFAULT},
	{"poll(bad)", poll_bad, -EFAULT, -EFAULT},
	{"poll(many)", poll_many, -EINVAL, -EINVAL},
	{"ppoll(NULL)", ppoll_null, -EFAULT, -EFAULT},
	{"ppoll(bad mask)", ppoll_mask, -EFAULT, -EFAULT},
	{"select(bad reads)", select_bad_reads, -EFAULT, -EFAULT},
	{"select(bad writes)", select_bad_writes, -EFAULT, -EFAULT},
	{"select(bad errors)", select_bad_errors, -EFAULT, -EFAULT},
	{"select(negative)", select_negative, -EINVAL, -EINVAL},
	{"pselect(bad)", pselect_bad, -EFAULT, -EFAULT},
	{"epoll_ctl(NULL)", epoll_add_null, -EFAULT, -EFAULT},
	{"epoll_wait(bad)", epoll_wait_bad, -EFAULT, -EFAULT},
	{"epoll_wait(none)", epoll_wait_none, -EINVAL, -EINVAL},
	{"connect(NULL)", connect_null, -EFAULT, -EFAULT},
	{"connect(bad)", connect_bad, -EFAULT, -EFAULT},
	{"writev(NULL)", writev_null, -EFAULT, -EFAULT},
	{"sendmsg(NULL)", sendmsg_null, -EFAULT, -EFAULT},
	{"sendmsg(no parts)", sendmsg_no_parts, -EFAULT, -EFAULT},
	{"send(NULL, 0)", send_nothing, 0, 0},
};

static void ask(int fd)
{
	struct pollfd answer = {.fd = fd, .events = POLLIN};

	put(fd, 0, REQUEST_LEN, 0);
	if (poll(&answer, 1, WAIT_MS) != 1)
		errx(1, "no answer");
}

/* In a process of its own. The numbers that are right go through its exit code. */
static bool is_right(size_t i, bool is_waiting)
{
	long expected = is_waiting ? cases[i].waiting : cases[i].quiet, result;
	pid_t child = fork();
	int fd, status;

	if (child == 0) {
		fd = dial();
		fcntl(fd, F_SETFL, O_NONBLOCK);
		if (is_waiting)
			ask(fd);
		result = cases[i].call(fd);
		if (result < 0)
			result = -errno;
		if (result != expected)
			printf("%s, %s: %ld, not %ld\n", cases[i].name,
				is_waiting ? "answer there" : "no answer", result, expected);
		exit(result != expected);
	}
	if (waitpid(child, &status, 0) != child)
		err(1, "waitpid");
	if (WIFSIGNALED(status))
		printf("%s, %s: signal %d\n", cases[i].name,
			is_waiting ? "answer there" : "no answer", WTERMSIG(status));
	fflush(stdout);
	return status == 0;
}

int main(int argc, char **argv)
{
	bool is_all_right = true;

	if (argc != 2)
		return 2;
	port = atoi(argv[1]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		is_all_right &= is_right(i, false);
		is_all_right &= is_right(i, true);
	}
	return is_all_right ? 0 : 1;
}

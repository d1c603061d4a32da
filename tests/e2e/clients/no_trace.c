/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange, or a few, by all the calls that can carry one. */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <errno.h>
#include <netinet/tcp.h>

#include "no_trace.h"

static void put(int fd, size_t from, size_t to)
{
	if (send(fd, request + from, to - from, MSG_NOSIGNAL) != (ssize_t)(to - from))
		err(1, "send");
}

/* Takes `got` bytes of an answer; true at its end. */
static bool take(char *answer, size_t *len, ssize_t got)
{
	if (got <= 0)
		err(1, "%zd after %zu bytes of an answer", got, *len);
	*len += (size_t)got;
	answer[*len] = '\0';
	if (strcmp(answer + *len - strlen(ANSWER_END), ANSWER_END) != 0)
		return false;
	tell(answer + strlen("HTTP/1.1 "), 3);
	return true;
}

static void get(int fd)
{
	char answer[4096];
	size_t len = 0;

	while (!take(answer, &len, recv(fd, answer + len, sizeof(answer) - 1 - len, 0)))
		;
}

static void call(int fd)
{
	put(fd, 0, REQUEST_LEN);
	get(fd);
}

static void must(bool well, const char *what)
{
	if (!well)
		err(1, "%s", what);
}

/* ---- how a request is cut ---- */

static void keeps_alive(int fd)
{
	for (int i = 0; i < 3; i++)
		call(fd);
	close(fd);
}

static void sends_pieces(int fd)
{
	for (int i = 0; i < 2; i++) {
		put(fd, 0, HALF_LEN);
		put(fd, HALF_LEN, HEAD_LEN);
		put(fd, HEAD_LEN, HEAD_LEN + 5);
		put(fd, HEAD_LEN + 5, REQUEST_LEN);
		get(fd);
	}
	close(fd);
}

/* What is looked after from time to time. */
static void takes_its_time(int fd)
{
	call(fd);
	put(fd, 0, HALF_LEN);
	usleep(1200000);
	put(fd, HALF_LEN, REQUEST_LEN);
	get(fd);
	close(fd);
}

static void sends_bytes(int fd)
{
	for (size_t at = 0; at < REQUEST_LEN; at++)
		put(fd, at, at + 1);
	get(fd);
	close(fd);
}

static void sends_half(int fd)
{
	put(fd, 0, HALF_LEN);
	close(fd);
}

static void ends_with_half(int fd)
{
	put(fd, 0, HALF_LEN);
}

/* The first half by a call of ours, the other one by one that libc makes inside, or none. */
static void mixes_raw_calls(int fd)
{
	put(fd, 0, HALF_LEN);
	syscall(SYS_write, fd, request + HALF_LEN, REQUEST_LEN - HALF_LEN);
	get(fd);
	put(fd, 0, HALF_LEN);
	dprintf(fd, "%s", request + HALF_LEN);
	get(fd);
	syscall(SYS_close, fd);
}

/* ---- by other calls than send() and recv() ---- */

static void writes_and_reads(int fd)
{
	char answer[4096];
	size_t len = 0;

	must(write(fd, request, REQUEST_LEN) == REQUEST_LEN, "write");
	while (!take(answer, &len, read(fd, answer + len, sizeof(answer) - 1 - len)))
		;
	close(fd);
}

static struct iovec both_parts[2] = {
	{.iov_base = (void *)request, .iov_len = HEAD_LEN},
	{.iov_base = (void *)(request + HEAD_LEN), .iov_len = BODY_LEN},
};

static void gathers(int fd)
{
	char answer[4096];
	struct iovec in = {.iov_base = answer, .iov_len = sizeof(answer) - 1};
	size_t len = 0;

	must(writev(fd, both_parts, 2) == REQUEST_LEN, "writev");
	must(take(answer, &len, readv(fd, &in, 1)), "readv");
	close(fd);
}

static void sends_messages(int fd)
{
	char answer[4096];
	struct iovec in = {.iov_base = answer, .iov_len = sizeof(answer) - 1};
	struct msghdr out_message = {.msg_iov = both_parts, .msg_iovlen = 2};
	struct msghdr in_message = {.msg_iov = &in, .msg_iovlen = 1};
	size_t len = 0;

	must(sendmsg(fd, &out_message, MSG_NOSIGNAL) == REQUEST_LEN, "sendmsg");
	must(take(answer, &len, recvmsg(fd, &in_message, 0)), "recvmsg");
	close(fd);
}

static void sends_many_messages(int fd)
{
	char answer[4096];
	struct iovec in = {.iov_base = answer, .iov_len = sizeof(answer) - 1};
	struct mmsghdr out_messages[2] = {
		{.msg_hdr = {.msg_iov = &both_parts[0], .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &both_parts[1], .msg_iovlen = 1}},
	};
	struct mmsghdr in_message = {.msg_hdr = {.msg_iov = &in, .msg_iovlen = 1}};
	size_t len = 0;

	must(sendmmsg(fd, out_messages, 2, MSG_NOSIGNAL) == 2, "sendmmsg");
	must(recvmmsg(fd, &in_message, 1, 0, NULL) == 1, "recvmmsg");
	must(take(answer, &len, in_message.msg_len), "recvmmsg");
	close(fd);
}

/* The head of the same call by a client that waits before its body, and what it waits for. */
static const char expecting[] =
	"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\n"
	"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request, "
	"SignedHeaders=host, Signature=0\r\nContent-Length: 62\r\nExpect: 100-continue\r\n\r\n";
#define EXPECTING_LEN (sizeof(expecting) - 1)
#define CONTINUE_LEN  (sizeof("HTTP/1.1 100 Continue\r\n\r\n") - 1)

static ssize_t by_recvmsg(int fd, struct iovec *in)
{
	struct msghdr message = {.msg_iov = in, .msg_iovlen = 1};

	return recvmsg(fd, &message, 0);
}

static ssize_t by_readv(int fd, struct iovec *in)
{
	return readv(fd, in, 1);
}

static ssize_t by_recvmmsg(int fd, struct iovec *in)
{
	struct mmsghdr message = {.msg_hdr = {.msg_iov = in, .msg_iovlen = 1}};

	return recvmmsg(fd, &message, 1, 0, NULL) == 1 ? (ssize_t)message.msg_len : -1;
}

static void expects_by(int fd, ssize_t (*receive)(int fd, struct iovec *in))
{
	char answer[4096];
	struct iovec interim = {.iov_base = answer, .iov_len = CONTINUE_LEN};
	struct iovec in = {.iov_base = answer, .iov_len = sizeof(answer) - 1};
	size_t len = 0;

	for (int i = 0; i < 2; i++, len = 0) {
		must(send(fd, expecting, EXPECTING_LEN, MSG_NOSIGNAL) == EXPECTING_LEN, "send");
		must(receive(fd, &interim) == CONTINUE_LEN, "100 Continue");
		put(fd, HEAD_LEN, REQUEST_LEN);
		must(take(answer, &len, receive(fd, &in)), "the answer");
	}
	close(fd);
}

static void expects_by_recvmsg(int fd)
{
	expects_by(fd, by_recvmsg);
}

static void expects_by_readv(int fd)
{
	expects_by(fd, by_readv);
}

static void expects_by_recvmmsg(int fd)
{
	expects_by(fd, by_recvmmsg);
}

static void sends_to(int fd)
{
	char answer[4096];
	size_t len = 0;

	must(sendto(fd, request, REQUEST_LEN, MSG_NOSIGNAL, NULL, 0) == REQUEST_LEN, "sendto");
	must(take(answer, &len, recvfrom(fd, answer, sizeof(answer) - 1, 0, NULL, NULL)),
		"recvfrom");
	close(fd);
}

static void sends_file(int fd)
{
	int file = memfd_create("body", 0);
	off_t at = 0;

	must(write(file, BODY, BODY_LEN) == BODY_LEN, "write");
	put(fd, 0, HEAD_LEN);
	must(sendfile(fd, file, &at, BODY_LEN) == BODY_LEN, "sendfile");
	get(fd);
	close(file);
	close(fd);
}

static void splices(int fd)
{
	int ends[2];

	must(pipe(ends) == 0, "pipe");
	must(write(ends[1], BODY, BODY_LEN) == BODY_LEN, "write");
	put(fd, 0, HEAD_LEN);
	must(splice(ends[0], NULL, fd, NULL, BODY_LEN, 0) == BODY_LEN, "splice");
	get(fd);
	close(ends[0]);
	close(ends[1]);
	close(fd);
}

static void peeks(int fd)
{
	char answer[4096];
	int waiting = 0;

	put(fd, 0, REQUEST_LEN);
	must(recv(fd, answer, sizeof(answer), MSG_PEEK) > 0, "peek");
	must(ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0, "FIONREAD");
	get(fd);
	close(fd);
}

/* ---- waiting ---- */

static void polls(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	put(fd, 0, HALF_LEN);
	must(poll(&waiting, 1, 0) == 0, "poll");
	put(fd, HALF_LEN, REQUEST_LEN);
	must(poll(&waiting, 1, -1) == 1, "poll");
	get(fd);
	put(fd, 0, REQUEST_LEN);
	must(ppoll(&waiting, 1, NULL, NULL) == 1, "ppoll");
	get(fd);
	close(fd);
}

static void selects(int fd)
{
	struct timeval none = {0};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	put(fd, 0, HALF_LEN);
	must(select(fd + 1, &set, NULL, NULL, &none) == 0, "select");
	put(fd, HALF_LEN, REQUEST_LEN);
	FD_SET(fd, &set);
	must(select(fd + 1, &set, NULL, NULL, NULL) == 1, "select");
	get(fd);
	put(fd, 0, REQUEST_LEN);
	FD_SET(fd, &set);
	must(pselect(fd + 1, &set, NULL, NULL, NULL, NULL) == 1, "pselect");
	get(fd);
	close(fd);
}

/* On a socket that does not block. */
static void epolls_as(int fd, unsigned events)
{
	struct epoll_event event = {.events = events};
	int poller = epoll_create1(EPOLL_CLOEXEC);
	char byte;

	must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
	must(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
	for (int i = 0; i < 2; i++) {
		put(fd, 0, HALF_LEN);
		must(recv(fd, &byte, 1, 0) < 0 && errno == EAGAIN, "recv");
		must(epoll_wait(poller, &event, 1, 0) == 0, "epoll_wait");
		put(fd, HALF_LEN, REQUEST_LEN);
		must(epoll_wait(poller, &event, 1, -1) == 1, "epoll_wait");
		get(fd);
		must(recv(fd, &byte, 1, 0) < 0 && errno == EAGAIN, "recv");
	}
	close(fd);
	close(poller);
}

static void epolls(int fd)
{
	epolls_as(fd, EPOLLIN);
}

static void epolls_on_edge(int fd)
{
	epolls_as(fd, EPOLLIN | EPOLLET);
}

/* ---- connections ---- */

static void shuts_down(int fd)
{
	char byte;

	call(fd);
	must(shutdown(fd, SHUT_WR) == 0, "shutdown");
	must(recv(fd, &byte, 1, 0) == 0, "recv");
	close(fd);
}

static void duplicates(int fd)
{
	int first = dup(fd), second;

	close(fd);
	call(first);
	second = dup2(first, 20);
	put(first, 0, HALF_LEN);
	close(first);
	put(second, HALF_LEN, REQUEST_LEN);
	get(second);
	fd = fcntl(second, F_DUPFD_CLOEXEC, 30);
	close(second);
	call(fd);
	close(fd);
}

static void opens_many(int fd)
{
	int last = fd;

	for (int i = 0; i < 40; i++)
		last = dial();
	for (int one = fd; one <= last; one++)
		put(one, 0, HALF_LEN);
	for (int one = fd; one <= last; one++) {
		put(one, HALF_LEN, REQUEST_LEN);
		get(one);
	}
	close_range((unsigned)fd, (unsigned)last, 0);
}

static void connects_without_waiting(int fd)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct pollfd waiting = {.events = POLLOUT};
	int error;
	socklen_t len = sizeof(error);

	close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	must(connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno == EINPROGRESS,
		"connect");
	waiting.fd = fd;
	must(poll(&waiting, 1, -1) == 1, "poll");
	must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0, "SO_ERROR");
	put(fd, 0, REQUEST_LEN);
	waiting.events = POLLIN;
	must(poll(&waiting, 1, -1) == 1, "poll");
	get(fd);
	close(fd);
}

static void reconnects(int fd)
{
	struct sockaddr_in to = {.sin_family = AF_UNSPEC};

	put(fd, 0, HALF_LEN);
	must(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "disconnect");
	to = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	must(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "connect");
	call(fd);
	close(fd);
}

static void asks_for_options(int fd)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	int on = 1;

	must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0, "setsockopt");
	must(getpeername(fd, (struct sockaddr *)&name, &len) == 0, "getpeername");
	must(getsockname(fd, (struct sockaddr *)&name, &len) == 0, "getsockname");
	call(fd);
	len = sizeof(on);
	must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &on, &len) == 0 && on == 0, "getsockopt");
	close(fd);
}

/* Nothing of these is a connection. */
static void uses_other_sockets(int fd)
{
	char in[REQUEST_LEN];
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
	put(ends[0], 0, REQUEST_LEN);
	must(recv(ends[1], in, sizeof(in), 0) == sizeof(in), "recv");
	close(ends[0]);
	close(ends[1]);
	must(pipe(ends) == 0, "pipe");
	must(write(ends[1], request, REQUEST_LEN) == REQUEST_LEN, "write");
	must(read(ends[0], in, sizeof(in)) == sizeof(in), "read");
	close(ends[0]);
	close(ends[1]);
	close(fd);
}

/* ---- processes and threads ---- */

static void forks(int fd)
{
	pid_t child;

	call(fd);
	put(fd, 0, HALF_LEN);
	child = fork();
	if (child == 0) {
		put(fd, HALF_LEN, REQUEST_LEN);
		get(fd);
		_exit(0);
	}
	must(waitpid(child, NULL, 0) == child, "waitpid");
	call(fd);
	close(fd);
}

static void counts_threads(int fd)
{
	put(fd, 0, HALF_LEN);
	tell_threads();
	put(fd, HALF_LEN, REQUEST_LEN);
	tell_threads();
	get(fd);
	tell_threads();
	close(fd);
}

/* Ends the process, if there is no other thread. */
static void ends_its_thread(int fd)
{
	put(fd, 0, HALF_LEN);
	pthread_exit(NULL);
}

/* Only a process with one thread may. */
static void leaves_its_namespace(int fd)
{
	put(fd, 0, HALF_LEN);
	tell(unshare(CLONE_NEWUSER) == 0 ? "left" : strerrorname_np(errno), 20);
	put(fd, HALF_LEN, REQUEST_LEN);
	get(fd);
	close(fd);
}

static void locks_its_memory(int fd)
{
	tell(mlockall(MCL_CURRENT | MCL_FUTURE) == 0 ? "locked" : strerrorname_np(errno), 20);
	call(fd);
	close(fd);
}

/* Nothing but read, write and _exit. */
static void is_strict(int fd)
{
	char answer[4096];

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		_exit(1);
	if (write(fd, request, HALF_LEN) != HALF_LEN ||
		write(fd, request + HALF_LEN, REQUEST_LEN - HALF_LEN) !=
			(ssize_t)(REQUEST_LEN - HALF_LEN) ||
		read(fd, answer, sizeof(answer)) <= 0)
		syscall(SYS_exit, 1);
	syscall(SYS_exit, 0);
}

static const struct story stories[] = {
	{"keeps_alive", keeps_alive},
	{"sends_pieces", sends_pieces},
	{"takes_its_time", takes_its_time},
	{"sends_bytes", sends_bytes},
	{"sends_half", sends_half},
	{"ends_with_half", ends_with_half},
	{"mixes_raw_calls", mixes_raw_calls},
	{"writes_and_reads", writes_and_reads},
	{"gathers", gathers},
	{"sends_messages", sends_messages},
	{"sends_many_messages", sends_many_messages},
	{"expects_by_recvmsg", expects_by_recvmsg},
	{"expects_by_readv", expects_by_readv},
	{"expects_by_recvmmsg", expects_by_recvmmsg},
	{"sends_to", sends_to},
	{"sends_file", sends_file},
	{"splices", splices},
	{"peeks", peeks},
	{"polls", polls},
	{"selects", selects},
	{"epolls", epolls},
	{"epolls_on_edge", epolls_on_edge},
	{"shuts_down", shuts_down},
	{"duplicates", duplicates},
	{"opens_many", opens_many},
	{"connects_without_waiting", connects_without_waiting},
	{"reconnects", reconnects},
	{"asks_for_options", asks_for_options},
	{"uses_other_sockets", uses_other_sockets},
	{"forks", forks},
	{"counts_threads", counts_threads},
	{"ends_its_thread", ends_its_thread},
	{"leaves_its_namespace", leaves_its_namespace},
	{"locks_its_memory", locks_its_memory},
	{"is_strict", is_strict},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 5)
		errx(2, "PORT STORY [POINT NUMBERS]");
	return run_story(stories, argc, argv);
}

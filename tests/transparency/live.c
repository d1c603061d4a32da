/* SPDX-License-Identifier: Apache-2.0 */
/* How connections come and go: connect, accept, dup, close, reconnect, fork, exec. */
#include "tests/transparency/program.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Connecting ---- */

static long connect_by(int how, int fd, const struct sockaddr *address, socklen_t length)
{
	switch (how) {
	case 0:
		return CALL("raw connect", syscall(SYS_connect, fd, address, length));
	case 1:
		errno = EXDEV;
		/* For a connect, the offset tells the size of the address. */
		return CALL(
			"io_uring connect", uring_call(IORING_OP_CONNECT, fd, address, 0, length));
	default:
		return CALL("connect", connect(fd, address, length));
	}
}

/* Connects, and waits where connect() does not. False if it was refused. */
static bool connect_fd(int fd, int listener)
{
	struct sockaddr_storage address;
	socklen_t length = address_of(listener, &address), size;
	int error = -1;

	if (connect_by(pick(12), fd, (struct sockaddr *)&address, length) == 0)
		return true;
	if (errno != EINPROGRESS)
		return false;
	if (!wait_for(fd, POLLOUT))
		give_up("a connection");
	look_ready(fd);
	size = sizeof(error);
	CALL("SO_ERROR", getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
	say("  error %d", error);
	return error == 0;
}

static int new_socket(int listener, int *flags)
{
	struct sockaddr_storage address;
	int fd, on = 1;

	*flags = (one_in(3) ? SOCK_NONBLOCK : 0) | (one_in(4) ? SOCK_CLOEXEC : 0);
	address_of(listener, &address);
	fd = (int)CALL("socket", socket(address.ss_family, SOCK_STREAM | *flags, 0));
	if (one_in(3))
		CALL("TCP_NODELAY", setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	return fd;
}

/* The server tells which connection it is. */
static int accepted(int listener)
{
	int64_t connection = ask(COMMAND_ACCEPT, listener, 0, NULL, 0).value;

	if (connection < 0)
		give_up("the connection at the server");
	say("  connection %d, listener %d", (int)connection, listener);
	return (int)connection;
}

struct slot *open_connection(struct slot *slot)
{
	int listener = one_in(20) ? REFUSING : pick(LISTENERS), flags,
	    fd = new_socket(listener, &flags);

	if (!connect_fd(fd, listener)) {
		if (one_in(2))
			look_ready(fd);
		CALL("close", close(fd));
		return NULL;
	}
	slot_begin(slot, fd, accepted(listener), listener);
	slot->nonblocking = flags & SOCK_NONBLOCK;
	if (one_in(3))
		epoll_add(fd, EPOLLIN | EPOLLRDHUP | (one_in(2) ? (uint32_t)EPOLLET : 0));
	return slot;
}

/* Data with the connect: the first write is a sendto() or sendmsg() with an address. */
static void open_fast(struct slot *unused)
{
	struct slot *slot = slot_free();
	struct sockaddr_storage address;
	struct iovec iov;
	struct msghdr message = {.msg_name = &address, .msg_iov = &iov, .msg_iovlen = 1};
	int listener = pick(LISTENERS - 1), flags, fd, length;
	long sent;

	(void)unused;
	if (!slot)
		return;
	fd = new_socket(listener, &flags);
	message.msg_namelen = address_of(listener, &address);
	if (flags & SOCK_NONBLOCK)
		fcntl(fd, F_SETFL, 0);
	slot_begin(slot, fd, -1, listener);
	length = slot_fill(slot);
	length = 1 + pick(length < 300 ? length : 300);
	iov = (struct iovec){slot->out, (size_t)length};
	sent = one_in(2) ? CALL("sendto MSG_FASTOPEN",
				   sendto(fd, slot->out, (size_t)length, MSG_FASTOPEN,
					   (struct sockaddr *)&address, message.msg_namelen))
			 : CALL("sendmsg MSG_FASTOPEN", sendmsg(fd, &message, MSG_FASTOPEN));
	if (sent < 0) {
		slot_drop(slot, 0);
		CALL("close", close(fd));
		return;
	}
	slot->connection = accepted(listener);
	slot->out_at = (int)sent;
	slot_settle_sent(slot, sent);
}

/* The server connects to the program: a socket that the program never connected itself. */
static void open_by_accept(struct slot *unused)
{
	struct slot *slot = slot_free();
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener, fd;
	int64_t connection;

	(void)unused;
	if (!slot)
		return;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
		getsockname(listener, (struct sockaddr *)&address, &length))
		give_up("a listener");
	connection = ask(COMMAND_CONNECT, ntohs(address.sin_port), 0, NULL, 0).value;
	if (!wait_for(listener, POLLIN))
		give_up("a connection");
	fd = (int)CALL("accept", accept(listener, NULL, NULL));
	CALL("close of the listener", close(listener));
	say("  connection %d", (int)connection);
	slot_begin(slot, fd, (int)connection, -1);
}

static void open_more(struct slot *unused)
{
	struct slot *slot = slot_free();

	(void)unused;
	if (slot)
		open_connection(slot);
}

static void connect_again(struct slot *slot)
{
	struct sockaddr_storage address;
	int listener = pick(LISTENERS);
	socklen_t length = address_of(listener, &address);

	/* One that has ended could connect anew. */
	if (!slot->reset && !slot->gone && !slot->finished)
		CALL("connect of a connected one",
			connect(slot_fd(slot), (struct sockaddr *)&address, length));
}

/* The socket goes to another server; what was half sent must not. */
static void reconnect(struct slot *slot)
{
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	int fd = slot_fd(slot), listener = pick(LISTENERS);
	bool nonblocking = slot->nonblocking;

	if (slot->listener < 0 || (listener == LISTENERS - 1) != (slot->listener == LISTENERS - 1))
		return;
	slot_sync(slot);
	CALL("connect AF_UNSPEC", connect(fd, &nowhere, sizeof(nowhere)));
	slot_say_end(slot);
	look_ready(fd);
	if (!connect_fd(fd, listener))
		give_up("another connection");
	slot->connection = accepted(listener);
	slot->listener = listener;
	slot->sent = slot->pending = 0;
	slot->corked = false;
	slot->finished = slot->gone = slot->reset = slot->shut_read = slot->shut_write = false;
	slot->nonblocking = nonblocking;
	if (one_in(2))
		slot->out_at = slot->out_end = 0;
}

/* ---- Descriptors ---- */

static void copy_descriptor(struct slot *slot)
{
	int fd = slot_fd(slot), copy, number = 60 + pick(40);

	if (slot->count == SLOT_FDS || syscall(SYS_fcntl, number, F_GETFD) >= 0)
		return;
	switch (pick(7)) {
	case 0:
	case 1:
		copy = (int)CALL("dup", dup(fd));
		break;
	case 2:
		copy = (int)CALL("dup2", dup2(fd, number));
		break;
	case 3:
		copy = (int)CALL("dup3", dup3(fd, number, one_in(2) ? O_CLOEXEC : 0));
		break;
	case 4:
		copy = (int)CALL("F_DUPFD", fcntl(fd, F_DUPFD, 30));
		break;
	case 5:
		copy = (int)CALL("F_DUPFD_CLOEXEC", fcntl(fd, F_DUPFD_CLOEXEC, 5));
		break;
	default:
		copy = (int)CALL("raw dup", syscall(SYS_dup, fd));
	}
	if (copy >= 0)
		slot_add(slot, copy);
}

/* dup2() and dup3() may have taken a number of another slot, or of this one. */
static void forget_number(int fd)
{
	int i, j;

	for (i = 0; i < SLOTS; i++)
		for (j = 0; j < state->slots[i].count; j++)
			if (state->slots[i].fds[j] == fd)
				slot_drop(&state->slots[i], j--);
}

static void copy_descriptor_over(struct slot *slot)
{
	struct slot *other = &state->slots[pick(SLOTS)];
	int fd = slot_fd(slot), taken;
	long copy;

	if (other == slot || other->count == 0 || slot->count == SLOT_FDS)
		return;
	taken = slot_fd(other);
	slot_before_close(other);
	switch (pick(3)) {
	case 0:
		copy = CALL("dup2 over another", dup2(fd, taken));
		break;
	case 1:
		copy = CALL("dup3 over another", dup3(fd, taken, 0));
		break;
	default:
		copy = CALL("raw dup2 over another", syscall(SYS_dup2, fd, taken));
	}
	if (copy < 0)
		return;
	forget_number(taken);
	slot_add(slot, taken);
}

static void close_one(int fd)
{
	FILE *file;

	switch (pick(9)) {
	case 0:
	case 1:
		CALL("raw close", syscall(SYS_close, fd));
		break;
	case 2:
		CALL("close_range", close_range((unsigned int)fd, (unsigned int)fd, 0));
		break;
	case 3:
		CALL("raw close_range", syscall(SYS_close_range, fd, fd, 0));
		break;
	case 4:
		file = fdopen(fd, "r+");
		if (file)
			CALL("fclose", fclose(file));
		break;
	case 5:
		note("io_uring close", uring_call(IORING_OP_CLOSE, fd, NULL, 0, 0));
		break;
	default:
		CALL("close", close(fd));
	}
}

static void close_descriptor(struct slot *slot)
{
	int index = pick(slot->count), fd = slot->fds[index];

	slot_before_close(slot);
	close_one(fd);
	slot_drop(slot, index);
}

static void close_all(struct slot *slot)
{
	while (slot->count)
		close_descriptor(slot);
}

static void close_with_reset(struct slot *slot)
{
	struct linger reset = {.l_onoff = 1};

	slot_sync(slot);
	CALL("SO_LINGER", setsockopt(slot_fd(slot), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
	close_all(slot);
}

static void use_pair(int number)
{
	int pair[2];
	char bytes[16];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return;
	say("  pair %d %d after %d", pair[0], pair[1], number);
	CALL("send", send(pair[0], "hello", 5, 0));
	CALL("recv", recv(pair[1], bytes, sizeof(bytes), MSG_DONTWAIT));
	CALL("shutdown", shutdown(pair[0], SHUT_RDWR));
	CALL("recv", recv(pair[1], bytes, sizeof(bytes), MSG_DONTWAIT));
	CALL("close", close(pair[0]));
	CALL("close", close(pair[1]));
}

static void use_file(int number)
{
	int file = memfd_create("file", 0);
	char bytes[16];

	say("  file %d after %d", file, number);
	CALL("write", write(file, "GET / HTTP/1.1\r\n", 16));
	CALL("read", read(file, bytes, sizeof(bytes)));
	CALL("pread", pread(file, bytes, sizeof(bytes), 0));
	CALL("close", close(file));
}

/* Closed past the library, and the number at once stands for something else. */
static void reuse_number(struct slot *slot)
{
	int fd = slot->fds[0];

	if (slot->count != 1)
		return;
	slot_before_close(slot);
	CALL("raw close", syscall(SYS_close, fd));
	if (one_in(2))
		slot_drop(slot, 0);
	else
		slot->count = 0, slot->connection = -1;
	switch (pick(4)) {
	case 0:
		use_pair(fd);
		break;
	case 1:
		use_file(fd);
		break;
	case 2:
		open_by_accept(slot);
		break;
	default:
		open_connection(slot);
	}
}

static void shut_down(struct slot *slot)
{
	static const int hows[] = {SHUT_WR, SHUT_WR, SHUT_RD, SHUT_RDWR, 7};
	int how = hows[pick(5)];

	slot_sync(slot);
	if (CALL("shutdown", shutdown(slot_fd(slot), how)) || how == 7)
		return;
	say("  how %d", how);
	slot->shut_read |= how != SHUT_WR;
	if (how == SHUT_RD || slot->shut_write)
		return;
	slot->shut_write = true;
	slot_say_end(slot);
	if (!wait_fin_acknowledged(slot->fds[0]))
		give_up("acknowledgement of the end");
}

static void toggle_blocking(struct slot *slot)
{
	int fd = slot_fd(slot), on = !slot->nonblocking;

	if (one_in(2))
		CALL("FIONBIO", ioctl(fd, FIONBIO, &on));
	else
		CALL("F_SETFL", fcntl(fd, F_SETFL, on ? O_NONBLOCK : 0));
	slot->nonblocking = on;
}

static void register_epoll(struct slot *slot)
{
	int fd = slot_fd(slot);

	if (one_in(3))
		CALL("EPOLL_CTL_DEL", epoll_ctl(EPOLL_FD, EPOLL_CTL_DEL, fd, NULL));
	else
		epoll_add(fd,
			EPOLLIN | (one_in(2) ? EPOLLOUT : 0) | (one_in(2) ? (uint32_t)EPOLLET : 0));
}

/* ---- Processes ---- */

static long child_does(int what, int fd)
{
	char bytes[64];

	switch (what) {
	case 0:
		return read(fd, bytes, sizeof(bytes));
	case 1:
		return close(fd);
	case 2:
		return recv(fd, bytes, 16, MSG_DONTWAIT | MSG_PEEK);
	case 3:
		return syscall(SYS_close, fd);
	default:
		return 0;
	}
}

/* A child that writes nothing; what it reads is gone for the parent. */
static void fork_child(struct slot *slot)
{
	int what = pick(6), fd = slot_fd(slot), status = 0, how = pick(3);
	pid_t pid;

	if (what == 0 && slot->pending == 0)
		what = 4;
	pid = fork();
	if (pid == 0) {
		long value = child_does(what, fd);
		int code = value < 0 ? 100 + errno : (int)value;

		if (how == 0)
			exit(code);
		if (how == 1)
			quick_exit(code);
		_exit(code);
	}
	if (waitpid(pid, &status, 0) != pid)
		give_up("a child");
	say("  child %d gave %d", what, status);
	if (what == 0 && WIFEXITED(status) && WEXITSTATUS(status) < 100)
		slot->pending -= WEXITSTATUS(status);
}

void exec_again(const char *option, const char *argument)
{
	say("  exec");
	execl("/proc/self/exe", "/proc/self/exe", option, argument, (char *)NULL);
	give_up("exec");
}

/* Descriptors with FD_CLOEXEC are gone afterwards: the program goes on in main(). */
static void exec_self(struct slot *slot)
{
	int i;

	(void)slot;
	if (!one_in(3))
		return;
	for (i = 0; i < SLOTS; i++)
		if (state->slots[i].count)
			slot_before_close(&state->slots[i]);
	state->index++;
	state->threads = 0;
	exec_again("--resume", NULL);
}

const struct operation living[] = {
	{"open", 10, open_more},
	{"open fast", 2, open_fast},
	{"accept", 2, open_by_accept},
	{"connect again", 1, connect_again},
	{"reconnect", 3, reconnect},
	{"dup", 6, copy_descriptor},
	{"dup over", 2, copy_descriptor_over},
	{"close", 6, close_descriptor},
	{"close all", 2, close_all},
	{"close by reset", 2, close_with_reset},
	{"reuse", 4, reuse_number},
	{"shutdown", 2, shut_down},
	{"blocking", 3, toggle_blocking},
	{"epoll", 3, register_epoll},
	{"fork", 2, fork_child},
	{"exec", 1, exec_self},
};

const int living_count = sizeof(living) / sizeof(*living);

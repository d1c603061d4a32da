/* SPDX-License-Identifier: Apache-2.0 */
/* What a program can ask about a socket and about itself, and calls that are wrong. */
#include "tests/transparency/program.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* ---- Readiness ---- */

static void ready_poll(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};
	struct timespec none = {0};
	sigset_t mask;

	sigemptyset(&mask);
	if (one_in(2))
		CALL("poll", poll(&one, 1, 0));
	else
		CALL("ppoll", ppoll(&one, 1, &none, one_in(2) ? &mask : NULL));
	say("  events %x", one.revents);
}

static void ready_select(int fd)
{
	fd_set reads, writes, excepts;
	struct timeval none = {0};
	struct timespec no_time = {0};

	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_ZERO(&excepts);
	FD_SET(fd, &reads);
	FD_SET(fd, &writes);
	FD_SET(fd, &excepts);
	if (one_in(2))
		CALL("select", select(fd + 1, &reads, &writes, &excepts, &none));
	else
		CALL("pselect", pselect(fd + 1, &reads, one_in(2) ? &writes : NULL, &excepts,
					&no_time, NULL));
	say("  sets %d %d %d", FD_ISSET(fd, &reads) != 0, FD_ISSET(fd, &writes) != 0,
		FD_ISSET(fd, &excepts) != 0);
}

static void ready_epoll(int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	CALL("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	if (CALL("epoll_wait", epoll_wait(epoll, &event, 1, 0)) == 1)
		say("  events %x", event.events);
	close(epoll);
}

void look_ready(int fd)
{
	static void (*const readies[])(int fd) = {
		ready_poll, ready_poll, ready_select, ready_epoll};

	readies[pick(4)](fd);
}

void epoll_add(int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	CALL("epoll_ctl", epoll_ctl(EPOLL_FD, EPOLL_CTL_ADD, fd, &event));
}

static int by_number(const void *a, const void *b)
{
	const struct epoll_event *one = a, *other = b;

	if (one->data.fd != other->data.fd)
		return one->data.fd - other->data.fd;
	return (int)(one->events - other->events);
}

void look_epoll(void)
{
	struct epoll_event events[32];
	int i, count = epoll_wait(EPOLL_FD, events, 32, 0);

	if (count > 1)
		qsort(events, (size_t)count, sizeof(*events), by_number);
	for (i = 0; i < count; i++)
		say("  epoll: %d has %x", events[i].data.fd, events[i].events);
}

/* ---- The socket ---- */

static void ask_fionread(struct slot *slot)
{
	int value = -1;

	CALL("FIONREAD", ioctl(slot_fd(slot), FIONREAD, &value));
	say("  waiting %d", value);
}

static void ask_error(struct slot *slot)
{
	int value = -1;
	socklen_t length = sizeof(value);

	CALL("SO_ERROR", getsockopt(slot_fd(slot), SOL_SOCKET, SO_ERROR, &value, &length));
	say("  error %d", value);
}

static void ask_names(struct slot *slot)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);

	if (CALL("getpeername", getpeername(slot_fd(slot), (struct sockaddr *)&address, &length)) ==
		0)
		say("  family %d, length %u, listener %d", address.ss_family, length,
			listener_of(ntohs(((struct sockaddr_in *)&address)->sin_port),
				address.ss_family == AF_INET6));
	length = sizeof(address);
	if (CALL("getsockname", getsockname(slot_fd(slot), (struct sockaddr *)&address, &length)) ==
		0)
		say("  family %d, length %u, bound %d", address.ss_family, length,
			((struct sockaddr_in *)&address)->sin_port != 0);
}

static void ask_tcp_info(struct slot *slot)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);
	int fd = slot_fd(slot);

	if (slot->gone)
		return;
	slot_sync(slot);
	if (!wait_acknowledged(fd))
		give_up("an acknowledgement");
	memset(&info, 0, sizeof(info));
	CALL("TCP_INFO", getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length));
	/* After a shutdown, the state changes a moment later than the count. */
	say("  state %d, acknowledged %llu, received %llu", slot->shut_write ? -1 : info.tcpi_state,
		(unsigned long long)info.tcpi_bytes_acked,
		(unsigned long long)info.tcpi_bytes_received);
}

static void ask_queue(struct slot *slot)
{
	int value = -1, fd = slot_fd(slot);

	if (slot->gone)
		return;
	slot_sync(slot);
	if (!wait_acknowledged(fd))
		give_up("an acknowledgement");
	CALL("SIOCOUTQ", ioctl(fd, SIOCOUTQ, &value));
	say("  queued %d", value);
	CALL("SIOCOUTQNSD", ioctl(fd, SIOCOUTQNSD, &value));
	say("  not sent %d", value);
}

static void ask_flags(struct slot *slot)
{
	struct stat status;
	int fd = slot_fd(slot);

	say("  F_GETFL %x", (unsigned int)CALL("F_GETFL", fcntl(fd, F_GETFL)));
	CALL("F_GETFD", fcntl(fd, F_GETFD));
	CALL("fstat", fstat(fd, &status));
	say("  mode %o", status.st_mode);
	CALL("lseek", lseek(fd, 0, SEEK_CUR));
	CALL("isatty", isatty(fd));
	CALL("TCGETS", ioctl(fd, 0x5401, &status));
}

static void ask_options(struct slot *slot)
{
	static const int options[] = {SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ACCEPTCONN, SO_KEEPALIVE,
		SO_LINGER, SO_RCVLOWAT, SO_RCVTIMEO, SO_SNDTIMEO, SO_OOBINLINE};
	int values[4] = {0}, option = options[pick(10)], fd = slot_fd(slot);
	socklen_t length = sizeof(values);

	CALL("getsockopt", getsockopt(fd, SOL_SOCKET, option, values, &length));
	say("  option %d: %d %d %d, length %u", option, values[0], values[1], values[2], length);
	length = sizeof(int);
	CALL("TCP_NODELAY", getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, values, &length));
	say("  nodelay %d", values[0]);
}

/* ---- The process ---- */

static int status_field(const char *field)
{
	char text[4096], *at;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/status", O_RDONLY);
	long got = syscall(SYS_read, fd, text, sizeof(text) - 1);

	syscall(SYS_close, fd);
	text[got > 0 ? got : 0] = '\0';
	at = strstr(text, field);
	return at ? atoi(at + strlen(field)) : -1;
}

/* A thread that was joined may still be counted for a moment. */
static void ask_threads(struct slot *slot)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	int turns, count = 0;

	(void)slot;
	if (state->threads)
		return;
	for (turns = 0; turns < 500; turns++) {
		count = status_field("Threads:");
		if (count == 1)
			break;
		nanosleep(&nap, NULL);
	}
	say("  threads %d", count);
}

static void ask_descriptors(struct slot *slot)
{
	struct dirent *entry;
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;
	long sum = 0;

	(void)slot;
	while (folder && (entry = readdir(folder))) {
		count++;
		sum += atoi(entry->d_name);
	}
	if (folder)
		closedir(folder);
	say("  descriptors %d, sum %ld", count, sum);
}

static void ask_signals(struct slot *slot)
{
	struct sigaction action;
	sigset_t mask;

	(void)slot;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	sigaction(SIGPIPE, NULL, &action);
	say("  SIGPIPE blocked %d, handled %d, flags %x; SIGUSR1 blocked %d, SIGIO blocked %d",
		sigismember(&mask, SIGPIPE), action.sa_handler != SIG_DFL,
		(unsigned int)action.sa_flags, sigismember(&mask, SIGUSR1),
		sigismember(&mask, SIGIO));
}

/* ---- Wrong calls ---- */

/* The last one looks like memory, and is none: what is sent from there the library reads (README,
 * Limits). */
static void *bad_pointer(bool to_receive)
{
	static const uintptr_t values[] = {0, 1, 8, UINTPTR_MAX - 4095, 0xdead0000};

	return (void *)values[pick(to_receive ? 5 : 4)];
}

static void wrong_receive(struct slot *slot)
{
	void *bad = bad_pointer(true);
	struct iovec iov = {bad, 16};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	struct msghdr no_iov = {.msg_iov = bad, .msg_iovlen = 2};
	struct mmsghdr one = {.msg_hdr = message};
	int fd = slot_fd(slot), size = 100;

	switch (pick(9)) {
	case 0:
		CALL("recv to nowhere", recv(fd, bad, 16, MSG_DONTWAIT));
		break;
	case 1:
		CALL("recvmsg of nothing", recvmsg(fd, bad, MSG_DONTWAIT));
		break;
	case 2:
		CALL("recvmsg to nowhere", recvmsg(fd, &message, MSG_DONTWAIT));
		break;
	case 3:
		CALL("recvmsg by no vector", recvmsg(fd, &no_iov, MSG_DONTWAIT));
		break;
	case 4:
		CALL("readv of a bad count", readv(fd, &iov, one_in(2) ? -1 : 2000));
		break;
	case 5:
		CALL("recvmmsg to nowhere", recvmmsg(fd, &one, 1, MSG_DONTWAIT, NULL));
		break;
	case 6:
		CALL("recvmmsg of nothing", recvmmsg(fd, bad, 1, MSG_DONTWAIT, NULL));
		break;
	case 7:
		CALL("recvfrom with no length",
			recvfrom(fd, &size, 0, MSG_DONTWAIT, (struct sockaddr *)&size, bad));
		break;
	default:
		if (slot->pending || slot->nonblocking)
			CALL("read to nowhere", read(fd, bad, 16));
	}
}

static void wrong_send(struct slot *slot)
{
	void *bad = bad_pointer(false);
	struct iovec iov = {bad, 16};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	struct msghdr no_iov = {.msg_iov = bad, .msg_iovlen = 2};
	struct mmsghdr one = {.msg_hdr = message};
	int fd = slot_fd(slot);

	switch (pick(8)) {
	case 0:
		CALL("send from nowhere", send(fd, bad, 16, MSG_NOSIGNAL));
		break;
	case 1:
		CALL("write from nowhere", write(fd, bad, 16));
		break;
	case 2:
		CALL("sendmsg of nothing", sendmsg(fd, bad, MSG_NOSIGNAL));
		break;
	case 3:
		CALL("sendmsg from nowhere", sendmsg(fd, &message, MSG_NOSIGNAL));
		break;
	case 4:
		CALL("sendmsg by no vector", sendmsg(fd, &no_iov, MSG_NOSIGNAL));
		break;
	case 5:
		CALL("writev of a bad count", writev(fd, &iov, one_in(2) ? -1 : 2000));
		break;
	case 6:
		CALL("sendmmsg from nowhere", sendmmsg(fd, &one, 1, MSG_NOSIGNAL));
		break;
	default:
		CALL("writev from nowhere", writev(fd, &iov, 1));
	}
}

static void wrong_wait(struct slot *slot)
{
	/* The first page is never mapped; what poll copies back would be the program's. */
	void *volatile bad = (void *)(uintptr_t)(one_in(2) ? 0 : 8);
	struct timeval wrong = {.tv_sec = -1}, none = {0};
	int fd = slot_fd(slot);
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	switch (pick(8)) {
	case 0:
		CALL("poll of nowhere", poll(bad, 1, 0));
		break;
	case 1:
		CALL("ppoll of nowhere", ppoll(bad, 1, &(struct timespec){0}, NULL));
		break;
	case 2:
		CALL("select of nowhere",
			select(fd + 1, (fd_set *)(uintptr_t)8, NULL, NULL, &none));
		break;
	case 3:
		CALL("select with a bad time", select(fd + 1, &set, NULL, NULL, &wrong));
		break;
	case 4:
		CALL("select of a bad count", select(-1, &set, NULL, NULL, &none));
		break;
	case 5:
		CALL("epoll_ctl with no event",
			epoll_ctl(EPOLL_FD, EPOLL_CTL_MOD, fd, (struct epoll_event *)(uintptr_t)8));
		break;
	case 6:
		CALL("epoll_ctl on no epoll", epoll_ctl(fd, EPOLL_CTL_DEL, fd, NULL));
		break;
	default:
		CALL("FIONREAD to nowhere", ioctl(fd, FIONREAD, bad));
	}
}

static void wrong_descriptor(struct slot *slot)
{
	struct pollfd one = {.fd = BAD_FD, .events = POLLIN};
	int bad = one_in(2) ? BAD_FD : -1;
	char byte = 0;

	(void)slot;
	CALL("write", write(bad, &byte, 1));
	CALL("recv", recv(bad, &byte, 1, MSG_DONTWAIT));
	CALL("close", close(bad));
	CALL("dup", dup(bad));
	CALL("dup2", dup2(bad, BAD_FD));
	CALL("shutdown", shutdown(bad, SHUT_RD));
	CALL("fcntl", fcntl(bad, F_GETFL));
	CALL("send to a file", send(STATE_FD, &byte, 1, 0));
	CALL("poll", poll(&one, 1, 0));
	say("  events %x", one.revents);
}

const struct operation looking[] = {
	{"FIONREAD", 4, ask_fionread},
	{"SO_ERROR", 4, ask_error},
	{"names", 3, ask_names},
	{"TCP_INFO", 3, ask_tcp_info},
	{"SIOCOUTQ", 2, ask_queue},
	{"flags", 2, ask_flags},
	{"options", 2, ask_options},
	{"threads", 2, ask_threads},
	{"descriptors", 2, ask_descriptors},
	{"signals", 1, ask_signals},
	{"wrong receive", 3, wrong_receive},
	{"wrong send", 3, wrong_send},
	{"wrong wait", 3, wrong_wait},
	{"wrong descriptor", 1, wrong_descriptor},
};

const int looking_count = sizeof(looking) / sizeof(*looking);

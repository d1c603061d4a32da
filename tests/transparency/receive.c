/* SPDX-License-Identifier: Apache-2.0 */
/* Every way by which a program takes bytes from a socket, and what the server does meanwhile. */
#include "tests/transparency/program.h"

#include <linux/io_uring.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t __read_chk(int fd, void *buffer, size_t length, size_t size);
ssize_t __recv_chk(int fd, void *buffer, size_t length, size_t size, int flags);

static char buffer[OUT_BYTES];

/* Nothing may block for ever: where nothing waits, and none will come, a read must not block. */
static bool would_block(const struct slot *slot)
{
	return slot->pending == 0 && !slot->nonblocking && !slot->finished && !slot->reset &&
	       !slot->shut_read;
}

static void say_bytes(long length)
{
	uint64_t hash = 14695981039346656037u;
	long i;

	for (i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)buffer[i]) * 1099511628211u;
	say("  bytes %llx", (unsigned long long)hash);
}

static void took(struct slot *slot, long got)
{
	if (got <= 0)
		return;
	slot->pending -= got;
	say_bytes(got);
}

static size_t some(void)
{
	static const int limits[] = {2, 20, 200, 2000, OUT_BYTES};

	return (size_t)(1 + pick(limits[pick(5)] - 1));
}

static void recv_plain(struct slot *slot)
{
	static const int flags[] = {0, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_CMSG_CLOEXEC};
	int flag = flags[pick(4)] | (would_block(slot) ? MSG_DONTWAIT : 0);

	took(slot, CALL("recv", recv(slot_fd(slot), buffer, some(), flag)));
}

static void recv_peek(struct slot *slot)
{
	long got =
		CALL("recv MSG_PEEK", recv(slot_fd(slot), buffer, some(),
					      MSG_PEEK | (would_block(slot) ? MSG_DONTWAIT : 0)));

	if (got > 0)
		say_bytes(got);
}

static void recv_whole(struct slot *slot)
{
	size_t length = some();

	/* Less than that would be waited for. */
	if ((int64_t)length > slot->pending && !slot->nonblocking && !slot->finished &&
		!slot->reset && !slot->shut_read)
		length = (size_t)slot->pending;
	took(slot, CALL("recv MSG_WAITALL", recv(slot_fd(slot), buffer, length,
						    MSG_WAITALL | (length ? 0 : MSG_DONTWAIT))));
}

/* TCP throws the bytes away. */
static void recv_truncate(struct slot *slot)
{
	int flag = MSG_TRUNC | (would_block(slot) ? MSG_DONTWAIT : 0);
	long got = CALL("recv MSG_TRUNC", recv(slot_fd(slot), NULL, some(), flag));

	if (got > 0)
		slot->pending -= got;
}

static void recv_none(struct slot *slot)
{
	CALL("recv of nothing", recv(slot_fd(slot), buffer, 0, MSG_DONTWAIT));
}

static void read_plain(struct slot *slot)
{
	if (!would_block(slot))
		took(slot, CALL("read", read(slot_fd(slot), buffer, some())));
}

static void read_checked(struct slot *slot)
{
	if (would_block(slot))
		took(slot, CALL("__recv_chk", __recv_chk(slot_fd(slot), buffer, some(),
						      sizeof(buffer), MSG_DONTWAIT)));
	else
		took(slot, CALL("__read_chk",
				   __read_chk(slot_fd(slot), buffer, some(), sizeof(buffer))));
}

/* The bytes lie in one piece, so that one hash tells them. */
static int cut(struct iovec *iov, size_t length)
{
	size_t first = length / 3;

	iov[0] = (struct iovec){buffer, first};
	iov[1] = (struct iovec){buffer + first, 0};
	iov[2] = (struct iovec){buffer + first, length - first};
	return 3;
}

static void readv_plain(struct slot *slot)
{
	struct iovec iov[3];

	if (!would_block(slot))
		took(slot, CALL("readv", readv(slot_fd(slot), iov, cut(iov, some()))));
}

static void preadv2_plain(struct slot *slot)
{
	struct iovec iov[3];

	if (!would_block(slot))
		took(slot, CALL("preadv2", preadv2(slot_fd(slot), iov, cut(iov, some()), -1, 0)));
}

static void recvmsg_plain(struct slot *slot)
{
	struct iovec iov[3];
	struct sockaddr_in6 address;
	char space[128];
	struct msghdr message = {.msg_iov = iov,
		.msg_iovlen = (size_t)cut(iov, some()),
		.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_control = space,
		.msg_controllen = sizeof(space),
		.msg_flags = 0x55};
	long got = CALL(
		"recvmsg", recvmsg(slot_fd(slot), &message, would_block(slot) ? MSG_DONTWAIT : 0));

	say("  name %u, control %zu, flags %x", message.msg_namelen, message.msg_controllen,
		message.msg_flags);
	took(slot, got);
}

static void recvmmsg_plain(struct slot *slot)
{
	struct iovec iov[2] = {{buffer, 10}, {buffer + 10, some() + 1}};
	struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = &iov[0], .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &iov[1], .msg_iovlen = 1}}};
	struct timespec timeout = {.tv_sec = 1};
	long got;

	iov[1].iov_len %= sizeof(buffer) - 10;
	memset(buffer, 0, 10);
	got = CALL("recvmmsg",
		recvmmsg(slot_fd(slot), messages, 2, MSG_DONTWAIT, one_in(2) ? &timeout : NULL));
	if (got > 0)
		took(slot, messages[0].msg_len);
	if (got > 1) {
		slot->pending -= messages[1].msg_len;
		say("  and %u", messages[1].msg_len);
	}
}

static void recvfrom_plain(struct slot *slot)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	long got = CALL("recvfrom",
		recvfrom(slot_fd(slot), buffer, some(), would_block(slot) ? MSG_DONTWAIT : 0,
			one_in(4) ? NULL : (struct sockaddr *)&address, &length));

	say("  address of %u", length);
	took(slot, got);
}

static void read_raw(struct slot *slot)
{
	if (would_block(slot))
		took(slot, CALL("raw recvfrom", syscall(SYS_recvfrom, slot_fd(slot), buffer, some(),
							MSG_DONTWAIT, NULL, NULL)));
	else
		took(slot, CALL("raw read", syscall(SYS_read, slot_fd(slot), buffer, some())));
}

static void read_uring(struct slot *slot)
{
	long got;

	/* io_uring waits on a non-blocking socket, too. */
	if (slot->pending == 0 && !slot->finished && !slot->reset && !slot->shut_read)
		return;
	got = one_in(2)
		      ? uring_call(IORING_OP_RECV, slot_fd(slot), buffer, (unsigned int)some(), 0)
		      : uring_call(IORING_OP_READ, slot_fd(slot), buffer, (unsigned int)some(), 0);
	note("io_uring read", got);
	took(slot, got);
}

static void read_stream(struct slot *slot)
{
	int copy;
	FILE *file;

	if (would_block(slot))
		return;
	copy = dup(slot_fd(slot));
	file = fdopen(copy, "r");
	if (!file)
		return;
	setvbuf(file, NULL, _IONBF, 0);
	errno = EXDEV;
	took(slot, CALL("fgetc", fgetc(file) == EOF ? -1 : 1) < 0 ? 0 : 1);
	CALL("fclose", fclose(file));
}

static void splice_out(struct slot *slot)
{
	int ends[2];
	long got;

	if (would_block(slot) || syscall(SYS_pipe2, ends, 0))
		return;
	got = CALL("splice from it",
		splice(slot_fd(slot), NULL, ends[1], NULL, some(), SPLICE_F_NONBLOCK));
	if (got > 0 && syscall(SYS_read, ends[0], buffer, (size_t)got) == got)
		took(slot, got);
	syscall(SYS_close, ends[0]);
	syscall(SYS_close, ends[1]);
}

/* A short wait in vain. */
static void recv_in_vain(struct slot *slot)
{
	struct timeval timeout = {.tv_usec = 1000}, never = {0};
	int fd = slot_fd(slot);

	if (!would_block(slot) || !one_in(4))
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	CALL("recv with SO_RCVTIMEO", recv(fd, buffer, some(), 0));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &never, sizeof(never));
}

/* ---- The server does something ---- */

static bool can_answer(const struct slot *slot)
{
	return !slot->finished && !slot->gone && !slot->shut_read && slot->connection >= 0 &&
	       slot->pending < OUT_BYTES;
}

static void server_answers(struct slot *slot)
{
	if (can_answer(slot))
		slot_receive(slot, buffer, (size_t)make_answer(buffer, sizeof(buffer)));
}

static void wait_epoll(int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0);

	CALL("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	if (CALL("epoll_wait", epoll_wait(epoll, &event, 1, PATIENCE)) == 1)
		say("  events %x", event.events);
	CALL("close of epoll", close(epoll));
}

static void wait_select(int fd)
{
	struct timeval timeout = {.tv_sec = PATIENCE / 1000};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	CALL("select", select(fd + 1, &set, NULL, NULL, &timeout));
	say("  set %d", FD_ISSET(fd, &set) != 0);
}

static void wait_poll(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};

	CALL("poll", poll(&one, 1, PATIENCE));
	say("  events %x", one.revents);
}

/* The answer comes while the program waits for it. */
static void server_answers_later(struct slot *slot)
{
	static void (*const waits[])(int fd) = {wait_poll, wait_select, wait_epoll};
	int fd = slot_fd(slot), length = make_answer(buffer, 1000), how = pick(4);

	if (!can_answer(slot) || slot->pending || !one_in(3))
		return;
	ask(COMMAND_LATER, slot->connection, 2, buffer, (size_t)length);
	slot->pending = length;
	if (how < 3)
		waits[how](fd);
	else if (!slot->nonblocking)
		took(slot, CALL("recv of what comes", recv(fd, buffer, sizeof(buffer), 0)));
	if (!wait_queued(fd, slot->pending))
		give_up("bytes of the server");
}

static void server_finishes(struct slot *slot)
{
	if (!can_answer(slot))
		return;
	ask(COMMAND_FINISH, slot->connection, 0, NULL, 0);
	say("  the server finishes");
	if (!wait_for(slot->fds[0], POLLRDHUP))
		give_up("the end of what the server sends");
	slot->finished = true;
}

static void server_closes(struct slot *slot)
{
	bool reset = one_in(2);

	if (slot->gone || slot->connection < 0)
		return;
	slot_sync(slot);
	ask(reset ? COMMAND_RESET : COMMAND_CLOSE, slot->connection, 0, NULL, 0);
	say("  the server %s", reset ? "resets" : "closes");
	if (!wait_for(slot->fds[0], reset ? POLLERR | POLLHUP : POLLRDHUP))
		give_up("the server's close");
	slot->gone = slot->finished = true;
	slot->reset = reset;
}

const struct operation receiving[] = {
	{"recv", 8, recv_plain},
	{"recv peek", 3, recv_peek},
	{"recv whole", 3, recv_whole},
	{"recv truncate", 2, recv_truncate},
	{"recv none", 1, recv_none},
	{"read", 6, read_plain},
	{"read checked", 2, read_checked},
	{"readv", 3, readv_plain},
	{"preadv2", 2, preadv2_plain},
	{"recvmsg", 4, recvmsg_plain},
	{"recvmmsg", 2, recvmmsg_plain},
	{"recvfrom", 3, recvfrom_plain},
	{"read raw", 3, read_raw},
	{"read by io_uring", 2, read_uring},
	{"read by a stream", 2, read_stream},
	{"splice out", 2, splice_out},
	{"recv in vain", 2, recv_in_vain},
	{"server answers", 22, server_answers},
	{"server answers later", 4, server_answers_later},
	{"server finishes", 1, server_finishes},
	{"server closes", 2, server_closes},
};

const int receiving_count = sizeof(receiving) / sizeof(*receiving);

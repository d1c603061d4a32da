/* SPDX-License-Identifier: Apache-2.0 */
/* The ground of the program under test: saying, asking, waiting, and its slots. */
#include "tests/transparency/program.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct state *state;

/* States of TCP that wait for an acknowledgement of the end. */
enum { FIN_WAIT1 = 4, LAST_ACK = 9, CLOSING = 11 };

void say(const char *format, ...)
{
	char line[512];
	va_list arguments;
	int length, kept = errno;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	if (length > (int)sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	syscall(SYS_write, LOG_FD, line, (size_t)length);
	errno = kept;
}

void note(const char *name, long value)
{
	int error = errno;

	if (error != EXDEV || value < 0)
		say("  %s = %ld %s", name, value, strerrorname_np(error));
	else
		say("  %s = %ld", name, value);
	errno = error;
}

void give_up(const char *what)
{
	say("TIMEOUT: %s", what);
	syscall(SYS_exit_group, 9);
	__builtin_unreachable();
}

struct answer ask(
	enum command command, int number, int64_t amount, const char *bytes, size_t length)
{
	static struct request request;
	struct answer answer;
	long got;

	if (length > sizeof(request.bytes))
		give_up("a message that is too long");
	request.command = command;
	request.number = number;
	request.amount = amount;
	request.length = (uint32_t)length;
	if (length)
		memcpy(request.bytes, bytes, length);
	do {
		got = syscall(SYS_write, CONTROL_FD, &request, REQUEST_SIZE(length));
	} while (got < 0 && errno == EINTR);
	do {
		got = syscall(SYS_read, CONTROL_FD, &answer, sizeof(answer));
	} while (got < 0 && errno == EINTR);
	if (got != sizeof(answer))
		give_up("the server");
	return answer;
}

long ask_to_write(int fd, const char *bytes, size_t length)
{
	static struct request request;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} space = {0};
	struct iovec iov = {&request, REQUEST_SIZE(length)};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space.bytes,
		.msg_controllen = sizeof(space)};
	struct cmsghdr *extra = CMSG_FIRSTHDR(&message);
	struct answer answer;

	request.command = COMMAND_WRITE;
	request.length = (uint32_t)length;
	memcpy(request.bytes, bytes, length);
	extra->cmsg_level = SOL_SOCKET;
	extra->cmsg_type = SCM_RIGHTS;
	extra->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(extra), &fd, sizeof(fd));
	if (sendmsg(CONTROL_FD, &message, 0) < 0)
		return -1;
	if (syscall(SYS_read, CONTROL_FD, &answer, sizeof(answer)) != sizeof(answer))
		give_up("the server");
	if (answer.value >= 0)
		return answer.value;
	errno = (int)-answer.value;
	return -1;
}

socklen_t address_of(int listener, void *address)
{
	int64_t port = ask(COMMAND_PORT, listener, 0, NULL, 0).value;
	struct sockaddr_in6 *v6 = address;
	struct sockaddr_in *v4 = address;

	if (port >> 16) {
		*v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
			.sin6_port = htons((uint16_t)port),
			.sin6_addr = IN6ADDR_LOOPBACK_INIT};
		return sizeof(*v6);
	}
	*v4 = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return sizeof(*v4);
}

int listener_of(int port, bool v6)
{
	int64_t wanted = port | (v6 ? 1 << 16 : 0);
	int i;

	for (i = 0; i <= REFUSING; i++)
		if (ask(COMMAND_PORT, i, 0, NULL, 0).value == wanted)
			return i;
	return -1;
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * What TCP knows. It is read under the socket's lock: what the kernel was doing to the socket, such
 * as the wake-ups that follow a change, is done then.
 */
static struct tcp_info tcp_info(int fd)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);

	syscall(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, &info, &length);
	return info;
}

static int tcp_state(int fd)
{
	return tcp_info(fd).tcpi_state;
}

/* Whether they have gone out already or not: what was sent is with the kernel, at once. */
static void say_taken(int fd)
{
	struct tcp_info info = tcp_info(fd);

	say("  the kernel has taken %llu bytes",
		(unsigned long long)(info.tcpi_bytes_sent - info.tcpi_bytes_retrans +
				     info.tcpi_notsent_bytes));
}

bool wait_for(int fd, int events)
{
	struct pollfd one = {.fd = fd, .events = (short)events};
	int64_t deadline = now() + PATIENCE;

	do {
		syscall(SYS_poll, &one, 1, 50);
		if (one.revents & (events | POLLNVAL)) {
			tcp_state(fd);
			return true;
		}
	} while (now() < deadline);
	return false;
}

/* Until the ioctl tells that many bytes; it begins by turning, and then sleeps. */
static bool wait_ioctl(int fd, unsigned long command, int64_t bytes)
{
	const struct timespec nap = {.tv_nsec = 200 * 1000};
	int64_t deadline = now() + PATIENCE;
	int value, turns = 0;

	for (;;) {
		value = -1;
		syscall(SYS_ioctl, fd, command, &value);
		if (value == bytes) {
			tcp_state(fd);
			return true;
		}
		if (now() >= deadline)
			return false;
		if (turns++ > 20)
			nanosleep(&nap, NULL);
	}
}

bool wait_queued(int fd, int64_t bytes)
{
	return wait_ioctl(fd, FIONREAD, bytes);
}

bool wait_acknowledged(int fd)
{
	return wait_ioctl(fd, SIOCOUTQ, 0);
}

bool wait_fin_acknowledged(int fd)
{
	const struct timespec nap = {.tv_nsec = 200 * 1000};
	int64_t deadline = now() + PATIENCE;
	int state_now;

	do {
		state_now = tcp_state(fd);
		if (state_now != FIN_WAIT1 && state_now != CLOSING && state_now != LAST_ACK)
			return true;
		nanosleep(&nap, NULL);
	} while (now() < deadline);
	return false;
}

uint64_t roll(void)
{
	uint64_t z = state->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

int pick(int n)
{
	return (int)(roll() % (uint64_t)n);
}

bool one_in(int n)
{
	return pick(n) == 0;
}

/* ---- Slots ---- */

struct slot *slot_free(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (state->slots[i].count == 0)
			return &state->slots[i];
	return NULL;
}

struct slot *slot_begin(struct slot *slot, int fd, int connection, int listener)
{
	memset(slot, 0, offsetof(struct slot, out));
	slot->out_at = slot->out_end = 0;
	slot->fds[0] = fd;
	slot->count = 1;
	slot->connection = connection;
	slot->listener = listener;
	return slot;
}

void slot_add(struct slot *slot, int fd)
{
	slot->fds[slot->count++] = fd;
}

void slot_drop(struct slot *slot, int index)
{
	slot->fds[index] = slot->fds[--slot->count];
	if (slot->count == 0)
		slot_say_end(slot);
}

/* What MSG_MORE keeps in the kernel would take 200 ms to go by itself. */
static void slot_push(struct slot *slot)
{
	const int on = 1;

	CALL("TCP_NODELAY", setsockopt(slot->fds[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	slot->corked = false;
}

void slot_sync(struct slot *slot)
{
	struct answer answer;

	if (slot->gone || slot->connection < 0)
		return;
	if (slot->corked)
		slot_push(slot);
	answer = ask(COMMAND_RECEIVE, slot->connection, slot->sent, NULL, 0);
	if (answer.value != slot->sent || answer.end == END_TIMEOUT) {
		say("  connection %d got %lld bytes of %lld", slot->connection,
			(long long)answer.value, (long long)slot->sent);
		give_up("bytes at the server");
	}
	say("  connection %d got %lld bytes, hash %llx", slot->connection, (long long)answer.value,
		(unsigned long long)answer.hash);
}

void slot_say_end(struct slot *slot)
{
	struct answer answer;

	if (slot->gone || slot->connection < 0)
		return;
	answer = ask(COMMAND_ENDED, slot->connection, 0, NULL, 0);
	say("  connection %d ended by %u after %lld bytes, hash %llx", slot->connection, answer.end,
		(long long)answer.value, (unsigned long long)answer.hash);
	if (answer.end == END_TIMEOUT)
		give_up("end of the connection");
}

void slot_before_close(struct slot *slot)
{
	if (slot->pending > 0)
		slot_sync(slot);
}

void slot_settle_sent(struct slot *slot, long value)
{
	if (value <= 0)
		return;
	slot->sent += value;
	say_taken(slot->fds[0]);
	if (!slot->gone || slot->reset)
		return;
	/* The peer answers what comes too late by a reset. */
	if (!wait_for(slot->fds[0], POLLHUP | POLLERR))
		give_up("a reset");
	slot->reset = true;
}

void slot_receive(struct slot *slot, const char *bytes, size_t length)
{
	ask(COMMAND_SEND, slot->connection, 0, bytes, length);
	slot->pending += (int64_t)length;
	say("  connection %d answers %zu bytes", slot->connection, length);
	if (!wait_queued(slot->fds[0], slot->pending))
		give_up("bytes of the server");
}

int slot_fill(struct slot *slot)
{
	if (slot->out_at == slot->out_end) {
		slot->out_at = 0;
		slot->out_end = make_message(slot->out, OUT_BYTES);
	}
	return slot->out_end - slot->out_at;
}

int slot_fd(const struct slot *slot)
{
	return slot->fds[pick(slot->count)];
}

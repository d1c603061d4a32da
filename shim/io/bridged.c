/* SPDX-License-Identifier: Apache-2.0 */
#include "bridged.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "bridged_tell.h"
#include "bridged_turn.h"
#include "cipher.h"
#include "copy.h"
#include "deliver.h"
#include "iov.h"
#include "reply.h"
#include "shim/libc/real.h"
#include "shim/memory/blocks.h"
#include "shim/process/shim.h"

/* By how much a read of BRIDGED_SCRATCH bytes may become more: a record may have been begun before, and the
 * smallest of TLS 1.3 are larger in TLS 1.2. */
#define GROWN (BRIDGED_SCRATCH + BRIDGED_SCRATCH / 2)

/* Less than this is not worth a system call. */
#define WORTH_IT 4096

/* Of what could be read at once the program is told no more than this. */
#define TOLD_MAX (256u << 10)

/* How many bytes there are for the program. */
static size_t waiting(const struct conn *conn)
{
	return bridged_api()->for_program(conn->bridge.bridge).len;
}

static bool has_for_program(const struct conn *conn)
{
	return waiting(conn) != 0;
}

/* The reply of a rule, as the server would have said it. */
static void take_reply(struct conn *conn)
{
	struct conn_bridge *state = &conn->bridge;
	struct iovec iov = {state->scratch, BRIDGED_SCRATCH};
	ssize_t got = 1;

	while (conn_attention(conn) & CONN_ANSWERED && got > 0) {
		got = reply_read(conn, &iov, 1, 0);
		if (got > 0)
			bridged_api()->to_program(state->bridge, state->scratch, (size_t)got);
	}
	if (conn_attention(conn) & CONN_ANSWERED && !state->server_ended) {
		state->server_ended = true;
		bridged_api()->end_program(state->bridge);
	}
}

/* What the kernel does not tell of, poll() and select() do: a reply that is kept, and what waits in the bridge
 * without a byte that is held. */
static void note_kept(struct conn *conn)
{
	bool is_kept = conn_attention(conn) & CONN_ANSWERED ||
		       (has_for_program(conn) && !conn->bridge.holds);

	is_kept &= !(conn_attention(conn) & CONN_ENDED);
	conn_attend(conn, is_kept ? CONN_KEPT : 0, is_kept ? 0 : CONN_KEPT);
}

/* Gives the program what waits for it. Returns how much. */
static ssize_t serve(struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	struct bridge *bridge = conn->bridge.bridge;
	struct span cipher = bridged_api()->for_program(bridge);
	size_t room = iov_total(iov, count);
	size_t got = room < cipher.len ? room : cipher.len;

	if (!(flags & MSG_TRUNC))
		copy_by_hand(iov, count, cipher.at, got);
	if (!(flags & MSG_PEEK))
		bridged_api()->sent_to_program(bridge, got);
	if (!has_for_program(conn) && conn->exchange.reply_at == conn->exchange.reply_len)
		exchange_reply_settle(&conn->exchange);
	if (!has_for_program(conn))
		bridged_tell(conn, fd);
	note_kept(conn);
	return (ssize_t)got;
}

/* Is nothing to come behind what is there? */
static bool has_ended(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLRDHUP};

	return real.poll(&polled, 1, 0) == 1;
}

/* Reads what the server has sent, all but one byte if the program, which takes so much, will not have taken
 * all that comes of it: then it has to be told by the kernel. Returns as recv() does; `filled`: there may be more,
 * or the end. */
static ssize_t read_some(struct conn *conn, int fd, size_t room, bool *filled)
{
	struct conn_bridge *state = &conn->bridge;
	bool is_open = bridged_api()->state(state->bridge) == BRIDGE_OPEN;
	bool takes_all = is_open && !state->holds && room >= waiting(conn) + GROWN + WORTH_IT;
	size_t fits = takes_all ? room - waiting(conn) - GROWN : BRIDGED_SCRATCH;
	size_t cap = fits < BRIDGED_SCRATCH ? fits : BRIDGED_SCRATCH, known = state->holds;
	ssize_t got = real.recv(fd, state->scratch, cap, MSG_DONTWAIT | (takes_all ? 0 : MSG_PEEK));

	*filled = got == (ssize_t)cap;
	if (got <= 0)
		return got;
	if ((size_t)got <= known) {
		if (is_open ? !has_for_program(conn) : has_ended(fd))
			bridged_let_go(conn, fd);
		*filled = !is_open && !state->holds;
		errno = EAGAIN;
		return -1;
	}
	bridged_api()->from_server(state->bridge, state->scratch + known, (size_t)got - known);
	bridged_turn(conn, fd);
	if (takes_all)
		return got;
	state->holds =
		bridged_api()->state(state->bridge) == BRIDGE_ACCEPTING || waiting(conn) > room;
	if (got > state->holds)
		real.recv(fd, state->scratch, (size_t)got - state->holds, MSG_DONTWAIT);
	return got;
}

/* Looks for more. Returns 1: there may be some, 0: nothing more will come, -1 and errno; EAGAIN: nothing for
 * now. */
static int look(struct conn *conn, int fd, size_t room)
{
	struct conn_bridge *state = &conn->bridge;
	bool filled;
	ssize_t got;

	if (conn_attention(conn) & CONN_ANSWERED) {
		take_reply(conn);
		errno = EAGAIN;
		return conn_attention(conn) & CONN_ANSWERED ? 0 : -1;
	}
	got = read_some(conn, fd, room, &filled);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		exchange_server_ended(&conn->exchange);
	if (got < 0)
		return filled && errno == EAGAIN ? 1 : -1;
	/* It has been told to us in the place of the program. No reader is told of EPIPE. */
	if (got == 0 && state->error && state->error != EPIPE) {
		errno = state->error;
		state->error = 0;
		state->is_broken = true;
		return -1;
	}
	if (got == 0 && !state->socket_ended) {
		state->socket_ended = true;
		bridged_api()->server_ended(state->bridge);
		bridged_turn(conn, fd);
		exchange_server_ended(&conn->exchange);
	}
	deliver(conn);
	errno = EAGAIN;
	if (filled || conn_attention(conn) & CONN_ANSWERED)
		return 1;
	/* The kernel had no more. */
	return got ? -1 : 0;
}

/*
 * Returns as recv() does; waits for nothing. A program that gets less than it has room for may take it that the
 * kernel has no more, and wait until more comes: so it has. `whole`: less than that is nothing. Entered.
 */
static ssize_t receive_at_once(
	struct conn *conn, int fd, const struct iovec *iov, int count, int flags, bool whole)
{
	size_t room = iov_total(iov, count);
	int found = 1;

	while (found > 0 && waiting(conn) < room)
		found = look(conn, fd, flags & MSG_PEEK ? 0 : room);
	if (waiting(conn) < (whole ? room : 1) && found < 0 &&
		(errno == EAGAIN || !has_for_program(conn))) {
		int error = errno;

		if (!has_for_program(conn))
			bridged_tell(conn, fd);
		errno = error;
		return -1;
	}
	if (found < 0 && errno != EAGAIN)
		conn->bridge.error = errno;
	return serve(conn, fd, iov, count, flags);
}

/* Would the kernel take a call up again that waits without a timeout? Which signal it was is not told; so it is where
 * all handlers ask for it. */
static bool is_taken_up_again(void)
{
	for (int number = 1; number < NSIG; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL &&
			action.sa_handler != SIG_IGN && !(action.sa_flags & SA_RESTART))
			return false;
	}
	return true;
}

/* The program's own patience, in nanoseconds; 0: without end. */
static uint64_t patience_of(int fd)
{
	struct timeval patience = {0};
	socklen_t len = sizeof(patience);

	getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, &len);
	return (uint64_t)patience.tv_sec * 1000000000u + (uint64_t)patience.tv_usec * 1000u;
}

/* While the program shakes hands by another thread, what comes for it may be ours alone: a byte that is held wakes
 * who waits for it. Until `*deadline`, which the first time makes; 0: none was made. Returns as recv() does. */
static ssize_t wait_for_handshake(int fd, uint64_t *deadline)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN | POLLRDHUP};
	uint64_t patience = patience_of(fd), now = patience ? timer_now() : 0, left;
	int result;

	if (patience && !*deadline)
		*deadline = now + patience;
	left = patience && now < *deadline ? *deadline - now : 0;
	result = real.ppoll(&waiting, 1,
		patience ? &(struct timespec){(time_t)(left / 1000000000u),
				   (long)(left % 1000000000u)}
			 : NULL,
		NULL);
	if (result > 0 || (result < 0 && errno == EINTR && !patience && is_taken_up_again()))
		return 1;
	if (result == 0)
		errno = EAGAIN;
	return -1;
}

/* Waits in the kernel as the program would, on the connection of that serial. Returns as recv() does. */
static ssize_t wait_for_server(
	struct conn *conn, int fd, uint64_t serial, bool whole, uint64_t *deadline)
{
	bool shakes = false;
	char byte;

	/* Nothing is to be told of, and the byte would end the waiting. */
	if (conn_enter_again(conn, fd, serial)) {
		bool is_same = is_bridged(conn) && conn_verify(conn, fd);

		shakes = is_same && conn->bridge.threshold != 0;
		if (is_same && !shakes && (whole || !has_for_program(conn)))
			bridged_let_go(conn, fd);
		conn_leave(conn);
	}
	return shakes ? wait_for_handshake(fd, deadline) : real.recv(fd, &byte, 1, MSG_PEEK);
}

/* Of a descriptor that is not the connection's any more. `waited`: it was, when the call began. */
static ssize_t receive_nothing(bool waited)
{
	if (conn_is_inside())
		errno = EAGAIN;
	else if (waited)
		errno = EBADF;
	else
		return CONN_PASS;
	return -1;
}

/* Returns as recv() does, or CONN_PASS. */
static ssize_t receive(struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	bool whole = flags & MSG_WAITALL && !(flags & MSG_PEEK) && socket_may_wait(fd, flags);

	uint64_t serial = 0, deadline = 0;
	int reason = EAGAIN;

	for (bool waited = false, ends = false;; waited = true) {
		ssize_t got;

		if (!(waited ? conn_enter_again(conn, fd, serial) : conn_enter(conn, fd)))
			return receive_nothing(waited);
		serial = conn->serial;
		if (!is_bridged(conn)) {
			conn_leave(conn);
			return receive_nothing(waited);
		}
		if (!conn_verify_reader(conn, fd)) {
			conn_drop(conn, fd);
			return receive_nothing(waited);
		}
		conn_act_at(conn, fd);
		got = receive_at_once(conn, fd, iov, count, flags, whole && !ends);
		conn_leave(conn);
		if (got < 0 && errno == EAGAIN)
			errno = reason;
		if (got >= 0 || errno != EAGAIN || ends || !socket_may_wait(fd, flags))
			return got;
		ends = wait_for_server(conn, fd, serial, whole, &deadline) < 0;
		if (ends && !whole)
			return -1;
		reason = ends ? errno : EAGAIN;
	}
}

ssize_t bridged_receive(struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	int error = errno;
	ssize_t got;

	if (count <= 0 || !iov_total(iov, count))
		return CONN_PASS;
	got = receive(conn, fd, iov, count, flags);
	if (got >= 0)
		errno = error;
	return got;
}

size_t bridged_left(struct conn *conn, int fd)
{
	int found = 1;

	conn_act_at(conn, fd);
	while (waiting(conn) < TOLD_MAX && found > 0)
		found = look(conn, fd, 0);
	if (found < 0 && errno != EAGAIN)
		conn->bridge.error = errno;
	note_kept(conn);
	return waiting(conn);
}

static void take_arrived(struct conn *conn, int fd, const struct iovec *iov, size_t got)
{
	for (size_t len; got; iov++, got -= len) {
		len = iov->iov_len < got ? iov->iov_len : got;
		bridged_api()->from_server(conn->bridge.bridge, iov->iov_base, len);
	}
	conn_act_at(conn, fd);
	bridged_turn(conn, fd);
	deliver(conn);
}

ssize_t bridged_arrived(
	struct conn *conn, int fd, const struct iovec *iov, int count, int flags, ssize_t got)
{
	ssize_t received;
	bool is_ours;

	if (!conn_enter(conn, fd))
		return got;
	is_ours = is_bridged(conn) && conn_verify_reader(conn, fd);
	if (is_ours && !(flags & MSG_PEEK))
		take_arrived(conn, fd, iov, (size_t)got);
	conn_leave(conn);
	received = is_ours ? bridged_receive(conn, fd, iov, count, flags) : CONN_PASS;
	return received == CONN_PASS ? got : received;
}

void bridged_after_fork(void)
{
	uint32_t count = conn_count();

	for (uint32_t i = 0; i < count; i++)
		if (is_bridged(conn_of_index(i)))
			atomic_store(&conn_of_index(i)->bridge.is_shared, true);
}

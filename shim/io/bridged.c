/* SPDX-License-Identifier: Apache-2.0 */
#include "bridged.h"

#include <errno.h>
#include <fcntl.h>

#include "bridged_turn.h"
#include "cipher.h"
#include "copy.h"
#include "deliver.h"
#include "iov.h"
#include "reply.h"
#include "shim/libc/real.h"
#include "shim/memory/blocks.h"
#include "shim/process/shim.h"

/* What a read of BRIDGED_SCRATCH bytes may become: a record may have been begun before. */
#define GROWN (2 * BRIDGED_SCRATCH + 1024)

/* Whom does the program speak to, and is it one to be looked into? False: it is not. */
static bool names_target(
	const struct conn *conn, char address[INET6_ADDRSTRLEN], struct bridge_target *target)
{
	target->name = conn->tls.server_name;
	target->port = ntohs(conn->socket.peer.sin6_port);
	target->address = address;
	if (!socket_peer(&conn->socket, address))
		return false;
	if (*target->name)
		return shim_is_aws(target->name) && !shim_leaves_alone(target->name);
	return endpoints_has_address(&shim.endpoints, address, target->port) &&
	       !shim_leaves_alone(address);
}

/* A hello in several buffers is put together. */
static struct span gather(char *scratch, const struct iovec *iov, int count)
{
	size_t len = 0;

	if (count == 1)
		return (struct span){iov->iov_base, iov->iov_len};
	if (iov_total(iov, count) > BRIDGED_SCRATCH)
		return (struct span){NULL, 0};
	for (int i = 0; i < count; i++) {
		memcpy(scratch + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return (struct span){scratch, len};
}

/* Makes no system call as long as nobody is to be bridged. */
static bool is_wanted(
	const struct conn *conn, char address[INET6_ADDRSTRLEN], struct bridge_target *target)
{
	return !cipher_in_library && !cipher_knows_hello(conn->tls.random) && shim_may_bridge() &&
	       names_target(conn, address, target) && shim_table();
}

static struct bridge *open_bridge(
	struct conn *conn, const struct bridge_target *target, const struct iovec *iov, int count)
{
	struct span hello = gather(conn->bridge.scratch, iov, count);
	const char *reason = "";

	if (!hello.at || !bridged_api()->takes(hello.at, hello.len, &reason))
		return NULL;
	return bridged_api()->open(shim.bridge.maker, target, hello.at, hello.len);
}

bool bridged_begin(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	char address[INET6_ADDRSTRLEN];
	struct bridge_target target;

	if (!is_wanted(conn, address, &target) || !conn_verify(conn, fd) || !shim_has_bridge() ||
		!shim_bridge_covers(target.name))
		return false;
	conn->bridge.scratch = blocks_take(BRIDGED_SCRATCH);
	if (conn->bridge.scratch)
		conn->bridge.bridge = open_bridge(conn, &target, iov, count);
	if (!conn->bridge.bridge) {
		blocks_give(conn->bridge.scratch);
		conn->bridge.scratch = NULL;
		return false;
	}
	/* Looked into, so that nobody counts it as blind. */
	conn->tls.owned = true;
	conn->exchange.reply_settles_late = true;
	shim_count_lane(JOURNAL_LANE_BRIDGE);
	conn_attend(conn, CONN_BRIDGED, 0);
	bridged_turn(conn, fd);
	deliver(conn);
	return true;
}

/* The program is to look again, whatever it waits with: there are bytes for it, and the kernel has one
 * of the server's. Of a socket with something to read the kernel tells anew when its threshold is set. */
static void wake(int fd)
{
	int threshold = 1;
	socklen_t len = sizeof(threshold);

	if (getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &threshold, &len) == 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &threshold, sizeof(threshold));
}

/* How many bytes there are for the program. */
static size_t waiting(const struct conn *conn)
{
	return bridged_api()->for_program(conn->bridge.bridge).len;
}

static bool has_for_program(const struct conn *conn)
{
	return waiting(conn) != 0;
}

/* Takes the byte out of the kernel that stayed there to tell the program of what we have. */
static void let_go_of_held(struct conn *conn, int fd)
{
	char byte;

	if (conn->bridge.holds && real.recv(fd, &byte, 1, MSG_DONTWAIT) == 1)
		conn->bridge.holds = false;
}

/* With bytes for the program the kernel tells it; with none there is nothing to be told of. */
static void tell_or_let_go(struct conn *conn, int fd)
{
	if (!conn->bridge.holds)
		return;
	if (has_for_program(conn))
		wake(fd);
	else if (bridged_api()->state(conn->bridge.bridge) >= BRIDGE_OPEN)
		let_go_of_held(conn, fd);
}

static void pass_on(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	for (int i = 0; i < count; i++)
		bridged_api()->from_program(conn->bridge.bridge, iov[i].iov_base, iov[i].iov_len);
	bridged_turn(conn, fd);
	deliver(conn);
	tell_or_let_go(conn, fd);
}

ssize_t bridged_send(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	int error;

	if (!conn_verify(conn, fd)) {
		conn_drop(conn, fd);
		return CONN_PASS;
	}
	if (!conn->exchange.ended)
		pass_on(conn, fd, iov, count);
	error = conn->exchange.ended ? 0 : conn->bridge.error;
	if (error)
		conn->bridge.error = 0;
	conn_leave(conn);
	if (!error)
		return (ssize_t)iov_total(iov, count);
	/* The kernel says it again, with the signal that belongs to it. */
	if (error == EPIPE)
		return CONN_PASS;
	errno = error;
	return -1;
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
	if (!has_for_program(conn) && bridged_api()->state(bridge) >= BRIDGE_OPEN)
		let_go_of_held(conn, fd);
	note_kept(conn);
	return (ssize_t)got;
}

/* Reads what the server has sent, all but one byte if the program, which takes so much, will not have taken
 * all that comes of it: then it has to be told by the kernel. Returns as recv() does. */
static ssize_t read_some(struct conn *conn, int fd, size_t room)
{
	struct conn_bridge *state = &conn->bridge;
	bool is_open = bridged_api()->state(state->bridge) == BRIDGE_OPEN;
	bool takes_all = is_open && !state->holds && room >= waiting(conn) + GROWN;
	ssize_t got = real.recv(
		fd, state->scratch, BRIDGED_SCRATCH, MSG_DONTWAIT | (takes_all ? 0 : MSG_PEEK));
	size_t known = state->holds;

	if (got <= 0)
		return got;
	if ((size_t)got <= known) {
		if (is_open && !has_for_program(conn))
			let_go_of_held(conn, fd);
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
	ssize_t got;

	if (conn_attention(conn) & CONN_ANSWERED) {
		take_reply(conn);
		errno = EAGAIN;
		return conn_attention(conn) & CONN_ANSWERED ? 0 : -1;
	}
	got = read_some(conn, fd, room);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		exchange_server_ended(&conn->exchange);
	if (got < 0)
		return -1;
	/* It has been told to us in the place of the program. No reader is told of EPIPE. */
	if (got == 0 && state->error && state->error != EPIPE) {
		errno = state->error;
		state->error = 0;
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
	if (got == BRIDGED_SCRATCH || conn_attention(conn) & CONN_ANSWERED)
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
		(errno == EAGAIN || !has_for_program(conn)))
		return -1;
	if (found < 0 && errno != EAGAIN)
		conn->bridge.error = errno;
	return serve(conn, fd, iov, count, flags);
}

/* Waits in the kernel as the program would. Returns as recv() does. */
static ssize_t wait_for_server(struct conn *conn, int fd, bool whole)
{
	char byte;

	/* Nothing is to be told of, and the byte would end the waiting. */
	if (conn_enter(conn, fd)) {
		if (conn_verify(conn, fd) && (whole || !has_for_program(conn)))
			let_go_of_held(conn, fd);
		conn_leave(conn);
	}
	return real.recv(fd, &byte, 1, MSG_PEEK);
}

static bool may_wait(int fd, int flags)
{
	return !(flags & MSG_DONTWAIT) && !(real.fcntl(fd, F_GETFL) & O_NONBLOCK);
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

/* What goes out for a reader goes by its descriptor: that of the last send may be closed. */
static void act_at(struct conn *conn, int fd)
{
	if (!conn->owns_fd)
		conn->fd = fd;
}

/* Returns as recv() does, or CONN_PASS. */
static ssize_t receive(struct conn *conn, int fd, const struct iovec *iov, int count, int flags)
{
	bool whole = flags & MSG_WAITALL && !(flags & MSG_PEEK) && may_wait(fd, flags);

	for (bool waited = false, ends = false;; waited = true) {
		ssize_t got;

		if (!conn_enter(conn, fd))
			return receive_nothing(waited);
		if (!conn_verify_reader(conn, fd)) {
			conn_drop(conn, fd);
			return receive_nothing(waited);
		}
		act_at(conn, fd);
		got = receive_at_once(conn, fd, iov, count, flags, whole && !ends);
		conn_leave(conn);
		if (got >= 0 || errno != EAGAIN || ends || !may_wait(fd, flags))
			return got;
		ends = wait_for_server(conn, fd, whole) < 0;
		if (ends && !whole)
			return -1;
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

	act_at(conn, fd);
	while (!has_for_program(conn) && found > 0)
		found = look(conn, fd, 0);
	if (found < 0 && errno != EAGAIN)
		conn->bridge.error = errno;
	note_kept(conn);
	return waiting(conn);
}

void bridged_let_go(struct conn *conn, int fd)
{
	let_go_of_held(conn, fd);
}

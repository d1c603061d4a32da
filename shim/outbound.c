/* SPDX-License-Identifier: Apache-2.0 */
/* From the program to the server: offers the bytes to the flow, and does what it says. */

#include "outbound.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "delay.h"
#include "engine/aws/reply.h"
#include "inbound.h"
#include "real.h"
#include "session.h"
#include "shim.h"

/* All bytes may go by the real call. */
#define PASS (-2)

/* No more is looked at in one step, so that copies stay small. */
#define SLICE_MAX (256u * 1024)

static struct flow_env look_around(
	const struct conn *conn, bool pipelined, enum flow_patience patience)
{
	return (struct flow_env){
		.table = flow_at_head(&conn->flow) ? shim_table() : NULL,
		.dice = &shim.dice,
		.now = shim_now(),
		.tls = conn->tls,
		.pipelined = pipelined && flow_at_head(&conn->flow),
		.patience = patience,
	};
}

void outbound_feed(struct conn *conn, const char *data, size_t len, bool pipelined,
	enum flow_patience patience, struct flow_step *step)
{
	struct flow_env env = look_around(conn, pipelined, patience);
	bool fresh = conn->flow.state == FLOW_FRESH;

	flow_feed(&conn->flow, &env, data, len, step);
	if (fresh && !conn->tls && conn->flow.state != FLOW_FRESH && conn->flow.state != FLOW_GONE)
		shim_count_connection();
	if (step->is_call)
		shim_count_call(&step->rules);
	if (step->blind != FLOW_NOT_BLIND)
		shim_count_blind(step->blind, conn->server_name);
}

/*
 * May the reply be left for the program to fetch? Only if that is bound to happen: a blocking
 * descriptor that no epoll knows of, and that nobody is waiting for already. Otherwise the kernel has
 * to wake the program, and that ends the connection.
 */
static bool can_keep(const struct conn *conn, int fd, const struct flow_step *step)
{
	if (step->closes || step->due || conn->pumped || atomic_load(&conn->is_epolled) ||
		atomic_load(&conn->waiters))
		return false;
	return !(real.fcntl(fd, F_GETFL) & O_NONBLOCK);
}

bool outbound_answer(struct conn *conn, int fd, const struct flow_step *step)
{
	const struct rules_verdict *rules = &step->rules;
	struct aws_error error = {
		.candidate = rules->candidate,
		.status = rules->status,
		.code = {rules->code, rules->code_len},
		.message = {rules->message, rules->message_len},
	};
	uint64_t random[2] = {dice_draw(&shim.dice), dice_draw(&shim.dice)};
	char *reply = malloc(AWS_REPLY_MAX);
	bool keep = can_keep(conn, fd, step);
	int waiting = 0;
	ssize_t len;

	if (!reply)
		return false;
	len = aws_reply(&step->call, &error, time(NULL), random, keep, reply, AWS_REPLY_MAX);
	if (len < 0) {
		free(reply);
		return false;
	}
	/* The rest of an earlier answer, that the program has not read yet, comes first. */
	if (!conn->tls && real.ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0)
		conn->preface = (size_t)waiting;
	conn_drop_reply(conn);
	conn->reply = reply;
	conn->reply_len = (size_t)len;
	if (keep) {
		atomic_store(&conn->kept, true);
		atomic_fetch_add(&shim.kept, 1);
		atomic_store(&conn->answered, true);
		return true;
	}
	return delay_answer(conn, step->due);
}

/* Does what a step says. False: no memory; the bytes were not taken. */
static bool act(struct conn *conn, int fd, const char *data, const struct flow_step *step)
{
	switch (step->action) {
	case FLOW_FORWARD:
	case FLOW_LET_GO:
		return delay_send(conn, data, step->count, step->due);
	case FLOW_REPLY:
		return outbound_answer(conn, fd, step);
	case FLOW_SWALLOW:
	case FLOW_HOLD:
		break;
	}
	return true;
}

void outbound_hold(struct conn *conn, const char *data, size_t len)
{
	if (!conn->held.len)
		atomic_fetch_add(&shim.holding, 1);
	if (!bytes_append(&conn->held, data, len))
		delay_send(conn, data, len, 0);
}

struct bytes outbound_take_held(struct conn *conn)
{
	struct bytes held = conn->held;

	conn->held = (struct bytes){0};
	atomic_fetch_sub(&shim.holding, 1);
	return held;
}

static void unhold(struct conn *conn, size_t len)
{
	bytes_consume(&conn->held, len);
	if (!conn->held.len)
		atomic_fetch_sub(&shim.holding, 1);
}

bool outbound_is_finished(struct conn *conn)
{
	if (!conn->reply || !flow_at_head(&conn->flow))
		return false;
	/* The next request before the last answer was read: no more than the answer will come. */
	conn_end_kept(conn);
	return true;
}

/* Goes on deciding, after `step` was found for the first bytes; returns how many are decided. */
static size_t decide(struct conn *conn, int fd, const char *data, size_t len,
	enum flow_patience patience, struct flow_step *step)
{
	size_t at = 0;

	for (;;) {
		if (step->action == FLOW_HOLD)
			return at;
		/* Without memory there is one thing left to do for the program: let it be. */
		if (!act(conn, fd, data + at, step))
			real.send(fd, data + at, step->count, MSG_NOSIGNAL);
		at += step->count;
		if (at >= len)
			return at;
		if (outbound_is_finished(conn))
			return len;
		outbound_feed(conn, data + at, len - at, at > 0, patience, step);
	}
}

void outbound_decide_held(struct conn *conn, int fd, enum flow_patience patience)
{
	struct flow_step step;

	if (!conn->held.len)
		return;
	outbound_feed(conn, conn->held.at, conn->held.len, false, patience, &step);
	unhold(conn, decide(conn, fd, conn->held.at, conn->held.len, patience, &step));
}

void outbound_hurry(struct conn *conn, int fd)
{
	if (!conn_enter(conn, fd))
		return;
	outbound_decide_held(conn, fd, FLOW_HURRIES);
	conn_leave(conn);
}

/* Where one stands in a program's buffers. */
struct place {
	const struct iovec *iov;
	int left;      /* buffers, with this one */
	size_t offset; /* in this one */
};

/* The next bytes that lie together; .len 0 at the end. */
static struct span next_slice(struct place *place)
{
	while (place->left > 0 && place->offset >= place->iov->iov_len) {
		place->iov++;
		place->left--;
		place->offset = 0;
	}
	if (place->left <= 0)
		return (struct span){NULL, 0};

	size_t len = place->iov->iov_len - place->offset;

	return (struct span){(const char *)place->iov->iov_base + place->offset,
		len < SLICE_MAX ? len : SLICE_MAX};
}

/* TLS begins, at the start of the connection or behind a proxy's CONNECT. */
static void begin_tls(struct conn *conn, const char *data, size_t len)
{
	struct tls_hello hello;

	conn->tls = true;
	shim_count_connection();
	if (!tls_parse_hello(&hello, data, len))
		return;
	conn->has_random = true;
	memcpy(conn->random, hello.random, sizeof(conn->random));
	if (hello.server_name.len < sizeof(conn->server_name)) {
		memcpy(conn->server_name, hello.server_name.at, hello.server_name.len);
		conn->server_name[hello.server_name.len] = '\0';
	}
}

/*
 * What is sent below TLS: ciphertext, which goes as it is, but not before it is due. Until a session
 * owns the connection the records are followed: application data that nobody has looked into makes it
 * a blind one. Returns PASS or the number of bytes taken; the connection is left.
 */
static ssize_t offer_ciphertext(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	bool waits = delay_pending(conn) || conn->cipher_due > shim_now();
	struct place place = {iov, count, 0};
	struct span slice;
	ssize_t taken = 0;

	conn_note_blind(conn);
	while ((waits || !conn->owned) && (slice = next_slice(&place)).len) {
		if (waits && !delay_wait_for_room(conn, fd))
			return taken;
		if (waits)
			delay_send(conn, slice.at, slice.len, conn->cipher_due);
		/* What a hooked library sends in its handshake will be owned. */
		if (!conn->owned && !session_in_real())
			tls_follow(&conn->records, slice.at, slice.len);
		place.offset += slice.len;
		taken += (ssize_t)slice.len;
	}
	conn_leave(conn);
	return waits ? taken : PASS;
}

/* Takes a slice of the program's bytes: all of it, one way or another. */
static void take(struct conn *conn, int fd, const char *data, size_t len)
{
	struct flow_step step;
	size_t done;

	if (outbound_is_finished(conn))
		return;
	if (conn->held.len) {
		outbound_hold(conn, data, len);
		outbound_decide_held(conn, fd, FLOW_WAITS);
		return;
	}
	outbound_feed(conn, data, len, false, FLOW_WAITS, &step);
	done = decide(conn, fd, data, len, FLOW_WAITS, &step);
	if (done < len)
		outbound_hold(conn, data + done, len - done);
}

static size_t total_of(const struct iovec *iov, int count)
{
	size_t total = 0;

	for (int i = 0; i < count; i++)
		total += iov[i].iov_len;
	return total;
}

/* Queues the first `len` of the program's bytes, that are to be forwarded. */
static void forward_first(struct conn *conn, const struct iovec *iov, int count, size_t len)
{
	struct place place = {iov, count, 0};

	while (len) {
		struct span slice = next_slice(&place);
		size_t size = slice.len < len ? slice.len : len;

		if (!size)
			return;
		delay_send(conn, slice.at, size, 0);
		place.offset += size;
		len -= size;
	}
}

/*
 * The short way: as long as all is to be forwarded now, nothing is copied. Returns true if that
 * holds to the end; else `place` and `step` tell where and why it ended, and `before` how many bytes
 * stand before that.
 */
static bool walk(struct conn *conn, struct place *place, size_t *before, struct flow_step *step)
{
	struct span slice;
	size_t skip = conn->ahead;

	*before = 0;
	while ((slice = next_slice(place)).len) {
		if (skip) {
			size_t size = slice.len < skip ? slice.len : skip;

			skip -= size;
			place->offset += size;
			*before += size;
			continue;
		}
		outbound_feed(conn, slice.at, slice.len, *before > conn->ahead, FLOW_WAITS, step);
		if (step->due || (step->action != FLOW_FORWARD && step->action != FLOW_LET_GO))
			return false;
		place->offset += step->count;
		*before += step->count;
		if (step->action == FLOW_LET_GO)
			return true;
	}
	return true;
}

static bool is_busy(const struct conn *conn)
{
	return conn->held.len || delay_pending(conn) || conn->reply;
}

/* A descriptor may have been closed behind our back, and stand for something else by now. */
static bool is_stale(const struct conn *conn, int fd)
{
	return !conn_is_current(conn, fd);
}

/* Takes all bytes from `place` on. Returns how many, or PASS if the connection is no longer ours. */
static ssize_t take_all(struct conn *conn, int fd, struct place *place)
{
	struct span slice;
	ssize_t taken = 0;

	while ((slice = next_slice(place)).len) {
		if (!delay_wait_for_room(conn, fd))
			return taken;
		take(conn, fd, slice.at, slice.len);
		place->offset += slice.len;
		taken += (ssize_t)slice.len;
	}
	return taken;
}

/*
 * Offers what the program wants to send. Returns PASS (do it by the real call, then say how far it
 * came with outbound_sent), or the number of bytes taken.
 */
static ssize_t offer(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	struct place place = {iov, count, 0};
	struct flow_step step;
	size_t before = 0;
	ssize_t taken;

	if (!conn_enter(conn, fd))
		return PASS;
	if (!conn->owns_fd)
		conn->fd = fd;
	if (conn->flow.state == FLOW_FRESH && !conn->tls) {
		struct span start = next_slice(&place);

		if (tls_sniff(start.at, start.len))
			begin_tls(conn, start.at, start.len);
	}
	if (conn->tls)
		return offer_ciphertext(conn, fd, iov, count);
	if (!is_busy(conn)) {
		if (walk(conn, &place, &before, &step)) {
			if (conn->flow.state == FLOW_GONE)
				conn_drop(conn, fd);
			else
				conn_leave(conn);
			return PASS;
		}
		if (is_stale(conn, fd)) {
			conn_drop(conn, fd);
			return PASS;
		}
		forward_first(conn, iov, count, before);
		conn->ahead = 0;

		struct span slice = next_slice(&place);
		size_t done = decide(conn, fd, slice.at, slice.len, FLOW_WAITS, &step);

		if (done < slice.len)
			outbound_hold(conn, slice.at + done, slice.len - done);
		place.offset += slice.len;
		before += slice.len;
	} else if (is_stale(conn, fd)) {
		conn_drop(conn, fd);
		return PASS;
	}
	taken = take_all(conn, fd, &place);
	conn_leave(conn);
	return (ssize_t)before + taken;
}

/* The real call took `sent` of `len` bytes (-1: none): the flow has seen them all. */
static ssize_t sent_by_real(struct conn *conn, int fd, size_t len, ssize_t sent)
{
	size_t gone = sent > 0 ? (size_t)sent : 0;

	if (gone == len && !conn->ahead)
		return sent;

	int error = errno;

	if (conn_enter(conn, fd)) {
		/* Bytes decided on are the larger of those before and those of this call. */
		size_t decided = conn->ahead > len ? conn->ahead : len;

		conn->ahead = decided - gone;
		conn_leave(conn);
	}
	errno = error;
	return sent;
}

/* MSG_OOB is beside the stream. */
static bool is_in_stream(int flags)
{
	return !(flags & MSG_OOB);
}

ssize_t on_send(struct conn *conn, int fd, const void *buf, size_t len, int flags)
{
	struct iovec iov = {(void *)buf, len};
	ssize_t taken = is_in_stream(flags) ? offer(conn, fd, &iov, 1) : PASS;

	return taken != PASS ? taken : sent_by_real(conn, fd, len, real.send(fd, buf, len, flags));
}

/*
 * TCP Fast Open would send bytes that nobody has looked at. A plain connect() is what it comes down to
 * whenever there is no cookie for the server, so programs are ready for it. Returns 0 or -1.
 */
static int open_slowly(int fd, const struct sockaddr **addr, socklen_t len, int *flags)
{
	if (!(*flags & MSG_FASTOPEN) || !*addr)
		return 0;
	if (on_connect(fd, *addr, len))
		return -1;
	*flags &= ~MSG_FASTOPEN;
	*addr = NULL;
	return 0;
}

ssize_t on_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
	socklen_t addr_len)
{
	struct conn *conn;

	if (open_slowly(fd, &addr, addr_len, &flags))
		return -1;
	conn = conn_at(fd);
	if (!conn)
		return real.sendto(fd, buf, len, flags, addr, addr ? addr_len : 0);
	return on_send(conn, fd, buf, len, flags);
}

ssize_t on_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const struct sockaddr *addr = msg->msg_name;
	struct msghdr connected = *msg;
	struct conn *conn;
	ssize_t taken = PASS;

	if (open_slowly(fd, &addr, msg->msg_namelen, &flags))
		return -1;
	conn = conn_at(fd);
	if (!conn && addr)
		return real.sendmsg(fd, msg, flags);
	if (!addr) {
		connected.msg_name = NULL;
		connected.msg_namelen = 0;
	}
	if (conn && is_in_stream(flags))
		taken = offer(conn, fd, msg->msg_iov, (int)msg->msg_iovlen);
	if (taken != PASS)
		return taken;

	ssize_t sent = real.sendmsg(fd, &connected, flags);

	return conn ? sent_by_real(conn, fd, total_of(msg->msg_iov, (int)msg->msg_iovlen), sent)
		    : sent;
}

int on_sendmmsg(struct conn *conn, int fd, struct mmsghdr *msgs, unsigned int count, int flags)
{
	(void)conn;
	for (unsigned int i = 0; i < count; i++) {
		ssize_t sent = on_sendmsg(fd, &msgs[i].msg_hdr, flags);

		if (sent < 0)
			return i ? (int)i : -1;
		msgs[i].msg_len = (unsigned int)sent;
		if ((size_t)sent <
			total_of(msgs[i].msg_hdr.msg_iov, (int)msgs[i].msg_hdr.msg_iovlen))
			return (int)i + 1;
	}
	return (int)count;
}

ssize_t on_write(struct conn *conn, int fd, const void *buf, size_t len)
{
	struct iovec iov = {(void *)buf, len};
	ssize_t taken = offer(conn, fd, &iov, 1);

	return taken != PASS ? taken : sent_by_real(conn, fd, len, real.write(fd, buf, len));
}

ssize_t on_writev(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	ssize_t taken = count > 0 ? offer(conn, fd, iov, count) : PASS;

	return taken != PASS ? taken
			     : sent_by_real(conn, fd, total_of(iov, count > 0 ? count : 0),
				       real.writev(fd, iov, count));
}

/* A file's bytes have to be seen, too: they take the way through a buffer. */
static ssize_t send_from(struct conn *conn, int fd, int in_fd, off64_t *offset, size_t count)
{
	char buffer[16384];
	ssize_t sum = 0;

	while (count) {
		size_t want = count < sizeof(buffer) ? count : sizeof(buffer);
		ssize_t got = offset ? pread64(in_fd, buffer, want, *offset)
				     : real.read(in_fd, buffer, want);
		ssize_t sent;

		if (got <= 0)
			return sum || got == 0 ? sum : -1;
		sent = on_send(conn, fd, buffer, (size_t)got, 0);
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

ssize_t on_sendfile64(struct conn *conn, int fd, int in_fd, off64_t *offset, size_t count)
{
	return send_from(conn, fd, in_fd, offset, count);
}

ssize_t on_sendfile(struct conn *conn, int fd, int in_fd, off_t *offset, size_t count)
{
	off64_t at = offset ? *offset : 0;
	ssize_t sent = send_from(conn, fd, in_fd, offset ? &at : NULL, count);

	if (offset)
		*offset = (off_t)at;
	return sent;
}

/* Only a pipe can be the source here, which can't be unread: as much as the socket takes. */
ssize_t on_splice(
	int in_fd, off64_t *in_offset, int fd, off64_t *offset, size_t len, unsigned int flags)
{
	struct conn *conn = conn_at(fd);
	char buffer[16384];
	ssize_t got, sum = 0;

	if (!conn)
		return real.splice(in_fd, in_offset, fd, offset, len, flags);
	got = real.read(in_fd, buffer, len < sizeof(buffer) ? len : sizeof(buffer));
	while (sum < got) {
		ssize_t sent = on_send(conn, fd, buffer + sum, (size_t)(got - sum), 0);

		if (sent >= 0)
			sum += sent;
		else if (errno == EAGAIN)
			real.poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
		else
			return sum ? sum : -1;
	}
	return got < 0 ? -1 : sum;
}

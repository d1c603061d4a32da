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
#include "shim/engine/aws/reply.h"
#include "inbound.h"
#include "shim/libc/real.h"
#include "shim/tls/session.h"
#include "shim/process/shim.h"

/* No more is looked at in one step, so that copies stay small. */
#define SLICE_MAX (256u * 1024)

static struct flow_env look_around(
	const struct conn *conn, bool pipelined, enum flow_patience patience)
{
	uint64_t now = shim_now();

	return (struct flow_env){
		.table = flow_at_head(&conn->flow) ? shim_table() : NULL,
		.dice = &shim.dice,
		.now = now,
		.pipelined = pipelined && flow_at_head(&conn->flow),
		.patience = patience,
	};
}

void outbound_feed(struct conn *conn, const char *data, size_t len, bool pipelined,
	enum flow_patience patience)
{
	struct flow_step *step = conn->step;
	bool at_head = flow_at_head(&conn->flow), fresh = conn->flow.state == FLOW_FRESH;
	struct flow_env env =
		look_around(conn, pipelined || atomic_load(&conn->unanswered), patience);

	flow_feed(&conn->flow, &env, data, len, step);
	if (fresh && !conn->tls && conn->flow.state != FLOW_FRESH && conn->flow.state != FLOW_GONE)
		shim_count_connection();
	if (at_head && step->action == FLOW_FORWARD && !conn->tls)
		atomic_store_explicit(&conn->unanswered, true, memory_order_relaxed);
	if (step->is_call)
		shim_count_call(&step->rules);
	if (step->blind != FLOW_NOT_BLIND)
		shim_count_blind(step->blind, conn->server_name);
}

/*
 * May the reply be left for the program to fetch? Only if that is likely to happen: with a blocking
 * descriptor that no epoll knows of. Otherwise the kernel has to wake the program, and that ends the
 * connection.
 */
static bool can_keep(const struct conn *conn, int fd)
{
	/* A program that carries the bytes is given some that its library must not read. */
	if (conn->step->closes || conn->step->due || conn->pumped || atomic_load(&conn->is_epolled))
		return false;
	return !(real.fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ASYNC));
}

bool outbound_answer(struct conn *conn, int fd)
{
	const struct flow_step *step = conn->step;
	const struct rules_text *text = &step->text;
	struct aws_error error = {
		.candidate = step->rules.candidate,
		.status = text->status,
		.code = {text->code, text->code_len},
		.message = {text->message, text->message_len},
	};
	uint64_t random[2] = {dice_draw(&shim.dice), dice_draw(&shim.dice)};
	char *reply = malloc(AWS_REPLY_MAX);
	bool keep = can_keep(conn, fd);
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
		atomic_store_explicit(&conn->answered, true, memory_order_release);
		/* Another thread may be waiting in the kernel, or in a call that is not hooked. */
		delay_look_again(conn, DELAY_REPLY_NS);
		return true;
	}
	return delay_answer(conn, step->due);
}

/* Does what the step says. */
static void act(struct conn *conn, int fd, const char *data)
{
	struct flow_step *step = conn->step;

	/* Without memory for a reply the request goes out, as it would without us. */
	if (step->action == FLOW_REPLY && !outbound_answer(conn, fd))
		step->action = flow_forgive(&conn->flow);
	if (step->action != FLOW_FORWARD && step->action != FLOW_LET_GO)
		return;
	if (!delay_send(conn, data, step->count, step->due))
		real.send(fd, data, step->count, MSG_NOSIGNAL);
}

void outbound_hold(struct conn *conn, const char *data, size_t len)
{
	if (!bytes_append(&conn->held, data, len)) {
		delay_send(conn, data, len, 0);
		return;
	}
	/* They may be all of a protocol that only looks like HTTP so far. */
	if (!conn->tls && flow_is_partial(&conn->flow))
		delay_look_again(
			conn, conn->flow.state == FLOW_FRESH ? DELAY_WORD_NS : DELAY_HEAD_NS);
}

struct bytes outbound_take_held(struct conn *conn)
{
	struct bytes held = conn->held;

	conn->held = (struct bytes){0};
	return held;
}

bool outbound_drop_after_reply(struct conn *conn)
{
	if (!conn->reply || !flow_at_head(&conn->flow))
		return false;
	/* The next request before the last answer was read: no more than the answer will come. */
	conn_end_kept(conn);
	return true;
}

/* Goes on deciding, after the step was found for the first bytes; returns how many are decided. */
static size_t decide(
	struct conn *conn, int fd, const char *data, size_t len, enum flow_patience patience)
{
	const struct flow_step *step = conn->step;
	size_t at = 0;

	for (;;) {
		if (step->action == FLOW_HOLD)
			return at;
		act(conn, fd, data + at);
		at += step->count;
		if (at >= len)
			return at;
		if (outbound_drop_after_reply(conn))
			return len;
		outbound_feed(conn, data + at, len - at, at > 0, patience);
	}
}

void outbound_decide_held(struct conn *conn, int fd, enum flow_patience patience)
{
	if (!conn->held.len)
		return;
	outbound_feed(conn, conn->held.at, conn->held.len, false, patience);
	bytes_consume(&conn->held, decide(conn, fd, conn->held.at, conn->held.len, patience));
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

/* Takes a slice of the program's bytes: all of it, one way or another. */
static void take(struct conn *conn, int fd, const char *data, size_t len)
{
	size_t done;

	if (outbound_drop_after_reply(conn))
		return;
	if (conn->held.len) {
		outbound_hold(conn, data, len);
		outbound_decide_held(conn, fd, FLOW_WAITS);
		return;
	}
	outbound_feed(conn, data, len, false, FLOW_WAITS);
	done = decide(conn, fd, data, len, FLOW_WAITS);
	if (done < len)
		outbound_hold(conn, data + done, len - done);
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
 * holds to the end; else `place` and the step tell where and why it ended, and `before` how many
 * bytes stand before that.
 */
static bool walk(struct conn *conn, struct place *place, size_t *before)
{
	const struct flow_step *step = conn->step;
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
		outbound_feed(conn, slice.at, slice.len, *before > conn->ahead, FLOW_WAITS);
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

/* Takes all bytes from `place` on; adds them to *taken. False: the connection means something else by
 * now, and is left. */
static bool take_all(struct conn *conn, int fd, struct place *place, size_t *taken)
{
	struct span slice;

	while ((slice = next_slice(place)).len) {
		if (!delay_wait_for_room(conn, fd))
			return false;
		take(conn, fd, slice.at, slice.len);
		place->offset += slice.len;
		*taken += slice.len;
	}
	return true;
}

/* What send() says when its descriptor was closed while it waited. */
static ssize_t result_of(size_t taken)
{
	if (taken)
		return (ssize_t)taken;
	errno = EBADF;
	return -1;
}

/*
 * What is sent below TLS: ciphertext, which goes as it is, but not before it is due. Until a session
 * owns the connection the records are followed: application data that nobody has looked into makes it
 * a blind one. The connection is left.
 */
static ssize_t offer_ciphertext(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	bool waits = delay_pending(conn) || conn->cipher_due > shim_now();
	struct place place = {iov, count, 0};
	struct span slice;
	size_t taken = 0;

	conn_note_blind(conn);
	while ((waits || !conn->owned) && (slice = next_slice(&place)).len) {
		if (waits && !delay_wait_for_room(conn, fd))
			return result_of(taken);
		if (waits)
			delay_send(conn, slice.at, slice.len, conn->cipher_due);
		/* What a hooked library sends in its handshake will be owned. */
		if (!conn->owned && !session_in_real())
			tls_follow(&conn->records, slice.at, slice.len);
		place.offset += slice.len;
		taken += slice.len;
	}
	conn_leave(conn);
	return waits ? (ssize_t)taken : OUTBOUND_PASS;
}

/* The short way, and the first step of the long one. True: all may go by the real call. */
static bool begin(struct conn *conn, int fd, const struct iovec *iov, int count,
	struct place *place, size_t *taken)
{
	struct span slice;
	size_t done;

	if (walk(conn, place, taken))
		return true;
	if (!conn_is_current(conn, fd)) {
		conn->flow.state = FLOW_GONE;
		return true;
	}
	forward_first(conn, iov, count, *taken);
	conn->ahead = 0;
	slice = next_slice(place);
	done = decide(conn, fd, slice.at, slice.len, FLOW_WAITS);
	if (done < slice.len)
		outbound_hold(conn, slice.at + done, slice.len - done);
	place->offset += slice.len;
	*taken += slice.len;
	return false;
}

static void sniff_tls(struct conn *conn, const struct iovec *iov, int count)
{
	struct place place = {iov, count, 0};
	struct span start = next_slice(&place);

	if (conn->flow.state == FLOW_FRESH && !conn->tls && tls_sniff(start.at, start.len))
		begin_tls(conn, start.at, start.len);
}

ssize_t outbound_offer(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	struct place place = {iov, count, 0};
	size_t taken = 0;

	if (!conn_enter(conn, fd))
		return OUTBOUND_PASS;
	if (!conn->owns_fd)
		conn->fd = fd;
	conn->inherited = false;
	sniff_tls(conn, iov, count);
	if (conn->tls)
		return offer_ciphertext(conn, fd, iov, count);
	if (is_busy(conn) && !conn_is_current(conn, fd)) {
		conn_drop(conn, fd);
		return OUTBOUND_PASS;
	}
	if (!is_busy(conn) && begin(conn, fd, iov, count, &place, &taken)) {
		if (conn->flow.state == FLOW_GONE)
			conn_drop(conn, fd);
		else
			conn_leave(conn);
		return OUTBOUND_PASS;
	}
	if (!take_all(conn, fd, &place, &taken))
		return result_of(taken);
	conn_leave(conn);
	return (ssize_t)taken;
}

ssize_t outbound_sent(struct conn *conn, int fd, size_t len, ssize_t sent)
{
	size_t gone = sent > 0 ? (size_t)sent : 0;
	int error = errno;

	/* Below TLS nothing was decided on. */
	if (conn->tls || (gone == len && !conn->ahead))
		return sent;
	if (conn_enter(conn, fd)) {
		/* Bytes decided on are the larger of those before and those of this call. */
		size_t decided = conn->ahead > len ? conn->ahead : len;

		conn->ahead = decided - gone;
		conn_leave(conn);
	}
	errno = error;
	return sent;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "shim/io/inbound.h"
#include "shim/io/outbound.h"
#include "shim/libc/real.h"
#include "shim/process/shim.h"

#define SESSIONS (1u << 16)
#define PROBES	 64u

/* Stands where a session was: a search goes on past it, a new one may take the place. */
static const char vacant;

static struct session sessions[SESSIONS];

static _Thread_local struct session_real running __attribute__((tls_model("initial-exec")));

struct session_real session_enter_real(const struct stack *stack, const void *key)
{
	struct session_real before = running;

	running = (struct session_real){stack, key};
	return before;
}

void session_leave_real(struct session_real before)
{
	running = before;
}

bool session_in_real(void)
{
	return running.stack != NULL;
}

const struct stack *session_inside(const void *key)
{
	return running.key == key ? running.stack : NULL;
}

static uint32_t place_of(const void *key)
{
	return (uint32_t)((uintptr_t)key * 0x9e3779b97f4a7c15ull >> 40) % SESSIONS;
}

static struct session *find(const void *key)
{
	uint32_t place = place_of(key);

	for (uint32_t i = 0; i < PROBES; i++) {
		struct session *session = &sessions[(place + i) % SESSIONS];
		const void *there = atomic_load_explicit(&session->key, memory_order_acquire);

		if (there == key)
			return session;
		if (!there)
			return NULL;
	}
	return NULL;
}

/* NULL: the table is full around there. */
static struct session *find_or_make(const void *key)
{
	struct session *session = find(key);
	uint32_t place = place_of(key);

	for (uint32_t i = 0; !session && i < PROBES; i++) {
		struct session *candidate = &sessions[(place + i) % SESSIONS];
		const void *there = atomic_load(&candidate->key);

		if ((!there || there == &vacant) &&
			atomic_compare_exchange_strong(&candidate->key, &there, key)) {
			candidate->conn = NULL;
			candidate->aside = candidate->ended = candidate->early = false;
			session = candidate;
		}
	}
	return session;
}

void session_forget(const void *key)
{
	struct session *session = find(key);

	if (session)
		atomic_store(&session->key, &vacant);
}

/* The connection, if it is still the one that the session was found to speak through. */
static struct conn *conn_of(const struct session *session)
{
	if (!session->conn || session->conn->serial != session->serial)
		return NULL;
	return conn_at(session->fd) == session->conn ? session->conn : NULL;
}

/* Was this random sent on the connection? True if either is not known. */
static bool has_random(const struct conn *conn, const struct session_facts *facts)
{
	return !facts->has_random || !conn->has_random ||
	       memcmp(conn->random, facts->random, TLS_RANDOM_LEN) == 0;
}

/* Finds the connection of a session by its descriptor, or by the client random that went by there. */
static void associate(struct session *session, const struct session_facts *facts)
{
	int fd = facts->fd;
	struct conn *conn = conn_at(fd);

	session->aside = true;
	if (facts->is_server)
		return;
	/* What a library takes for its descriptor may be something else that a program gave to it. */
	if (conn && !has_random(conn, facts))
		conn = NULL;
	if (!conn && facts->has_random) {
		conn = conn_by_random(facts->random);
		fd = conn ? conn->fd : -1;
	}
	if (!conn || !conn_enter(conn, fd))
		return;
	if (conn->tls && (facts->is_http2 || session->early)) {
		shim_count_blind(facts->is_http2 ? JOURNAL_BLIND_HTTP2 : JOURNAL_BLIND_TLS,
			conn->server_name);
		conn_drop(conn, fd);
		return;
	}
	if (conn->tls) {
		conn->owned = true;
		conn->pumped = fd != facts->fd;
		session->conn = conn;
		session->serial = conn->serial;
		session->fd = fd;
		session->aside = false;
	}
	conn_leave(conn);
}

/* Entered; NULL if the session is none of ours. */
static struct conn *enter(const struct session_calls *calls, const struct stack *stack,
	struct session *session, void *key)
{
	struct session_facts facts = {.fd = -1};
	struct conn *conn = conn_of(session);

	if (session->aside)
		return NULL;
	if (!conn) {
		calls->ask(stack, key, &facts);
		associate(session, &facts);
		conn = conn_of(session);
	}
	return conn && conn_enter(conn, session->fd) ? conn : NULL;
}

void session_begin(const struct session_calls *calls, const struct stack *stack, void *key)
{
	struct session *session = find_or_make(key);
	int error = errno;

	if (session) {
		struct conn *conn = enter(calls, stack, session, key);

		if (conn)
			conn_leave(conn);
	}
	errno = error;
}

void session_note_early(const void *key)
{
	struct session *session = find_or_make(key);

	if (session)
		session->early = true;
}

/* What became of bytes that were offered. */
struct outcome {
	size_t taken;	       /* decided on */
	size_t begin, forward; /* of these, the ones from `begin` to `forward` are to be written */
};

/* Feeds all bytes to the flow. A request in the middle of which another ends is not held back: what
 * is to be forwarded always comes first. */
static struct outcome decide(
	struct conn *conn, int fd, const char *data, size_t len, enum flow_patience patience)
{
	struct outcome outcome = {0};
	struct flow_step *step = conn->step;

	while (outcome.taken < len) {
		size_t at = outcome.taken;

		if (outbound_drop_after_reply(conn)) {
			outcome.taken = len;
			break;
		}
		outbound_feed(conn, data + at, len - at, at > 0, at ? FLOW_ENDS : patience);
		if (step->action == FLOW_HOLD)
			break;
		/* Without memory for a reply the request goes out, as it would without us. */
		if (step->action == FLOW_REPLY && !outbound_answer(conn, fd))
			step->action = flow_forgive(&conn->flow);
		if (step->action == FLOW_FORWARD || step->action == FLOW_LET_GO)
			outcome.forward = at + step->count;
		else if (!outcome.forward)
			outcome.begin = at + step->count;
		if (step->due > conn->cipher_due)
			conn->cipher_due = step->due;
		outcome.taken = at + step->count;
	}
	return outcome;
}

/* Goes on with what is held, and writes what is to be written. Left afterwards. */
static void decide_held(const struct session_calls *calls, const struct stack *stack,
	const struct session *session, void *key, struct conn *conn, enum flow_patience patience)
{
	struct outcome outcome = decide(conn, session->fd, conn->held.at, conn->held.len, patience);
	struct bytes held = {0};

	/* Writing comes back to the hooks of the descriptor: not with the connection entered. */
	if (outcome.taken)
		held = outbound_take_held(conn);
	conn_leave(conn);
	if (outcome.forward)
		calls->write_all(stack, key, session->fd, held.at + outcome.begin,
			outcome.forward - outcome.begin);
	bytes_free(&held);
}

ssize_t session_write(const struct session_calls *calls, const struct stack *stack, void *key,
	const void *data, size_t len)
{
	struct session *session = find_or_make(key);
	struct conn *conn = session ? enter(calls, stack, session, key) : NULL;
	struct outcome outcome;
	size_t skip;

	if (!conn)
		return SESSION_PASS;
	if (conn->held.len) {
		outbound_hold(conn, data, len);
		decide_held(calls, stack, session, key, conn, FLOW_WAITS);
		return (ssize_t)len;
	}
	/* Decided on when it was offered before, and not taken then. */
	skip = conn->ahead < len ? conn->ahead : len;
	outcome = decide(conn, session->fd, (const char *)data + skip, len - skip, FLOW_WAITS);
	if (skip || (outcome.forward && !outcome.begin)) {
		session->aside = conn->flow.state == FLOW_GONE;
		conn_leave(conn);
		return SESSION_PASS;
	}
	if (outcome.taken < len)
		outbound_hold(conn, (const char *)data + outcome.taken, len - outcome.taken);
	conn_leave(conn);
	/* The end of a request that was swallowed, and the next one with it. */
	if (outcome.forward)
		calls->write_all(stack, key, session->fd, (const char *)data + outcome.begin,
			outcome.forward - outcome.begin);
	return (ssize_t)len;
}

void session_written(const void *key, size_t len, size_t written)
{
	struct session *session = find(key);
	struct conn *conn = session ? conn_of(session) : NULL;
	int error = errno;

	if (!conn || (written == len && !conn->ahead) || !conn_enter(conn, session->fd))
		return;

	size_t decided = conn->ahead > len ? conn->ahead : len;

	conn->ahead = decided > written ? decided - written : 0;
	conn_leave(conn);
	errno = error;
}

/* Does a read wait until something comes? */
static bool blocks(const struct conn *conn, int fd)
{
	return !conn->pumped && !(real.fcntl(fd, F_GETFL) & O_NONBLOCK);
}

ssize_t session_read(const struct session_calls *calls, const struct stack *stack, void *key,
	void *data, size_t len, bool peek)
{
	struct session *session = find(key);
	struct conn *conn = session ? conn_of(session) : NULL;
	ssize_t got;

	if (!conn || session->aside)
		return SESSION_PASS;
	/* A program that reads has sent all that it has to say for now. */
	if (conn->held.len && conn_enter(conn, session->fd))
		decide_held(calls, stack, session, key, conn,
			blocks(conn, session->fd) ? FLOW_ENDS : FLOW_HURRIES);
	if (!inbound_is_answered(conn) || !conn_enter(conn, session->fd))
		return SESSION_PASS;
	got = inbound_read_reply(conn, data, len, peek);
	if (got == 0 && len)
		session->ended = true;
	conn_leave(conn);
	return got;
}

bool session_is_known(const void *key)
{
	const struct session *session = find(key);

	return session && (session->aside || session->conn);
}

size_t session_pending(const void *key)
{
	struct session *session = find(key);
	struct conn *conn = session ? conn_of(session) : NULL;

	return conn && inbound_is_answered(conn) ? conn->reply_len - conn->reply_at : 0;
}

bool session_is_answered(const void *key)
{
	struct session *session = find(key);
	struct conn *conn = session ? conn_of(session) : NULL;

	return conn && inbound_is_answered(conn);
}

bool session_has_ended(const void *key)
{
	struct session *session = find(key);

	return session && session->ended;
}

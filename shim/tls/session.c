/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "shim/io/cipher.h"
#include "shim/io/offer.h"
#include "shim/io/reply.h"
#include "shim/process/shim.h"

/* Most programs have few sessions at a time; the large table is mapped when the small one is full. */
#define NEAR   256u
#define FAR    (1u << 16)
#define PROBES 32u

/* Stands where a session was: a search goes on past it, a new one may take the place. */
static const char vacant;

static struct session near[NEAR];
static _Atomic(struct session *) far;

static _Thread_local struct session_real running __attribute__((tls_model("initial-exec")));

struct session_real session_enter_real(const struct stack *stack, const void *key)
{
	struct session_real before = running;

	running = (struct session_real){stack, key};
	cipher_in_library = true;
	return before;
}

void session_leave_real(struct session_real before)
{
	running = before;
	cipher_in_library = before.stack != NULL;
}

const struct stack *session_inside(const void *key)
{
	return running.key == key ? running.stack : NULL;
}

static uint32_t hash_of(const void *key)
{
	return (uint32_t)((uintptr_t)key * 0x9e3779b97f4a7c15ull >> 40);
}

static struct session *find_in(struct session *table, uint32_t size, const void *key)
{
	uint32_t place = hash_of(key);

	for (uint32_t i = 0; table && i < PROBES; i++) {
		struct session *session = &table[(place + i) % size];
		const void *there = atomic_load_explicit(&session->key, memory_order_acquire);

		if (there == key)
			return session;
		if (!there)
			return NULL;
	}
	return NULL;
}

static struct session *find(const void *key)
{
	struct session *session = find_in(near, NEAR, key);

	return session ? session : find_in(atomic_load(&far), FAR, key);
}

/* NULL: the table is full around there. */
static struct session *make_in(struct session *table, uint32_t size, const void *key)
{
	uint32_t place = hash_of(key);

	for (uint32_t i = 0; table && i < PROBES; i++) {
		struct session *session = &table[(place + i) % size];
		const void *there = atomic_load(&session->key);

		if ((there && there != &vacant) ||
			!atomic_compare_exchange_strong(&session->key, &there, key))
			continue;
		session->conn = NULL;
		session->aside = session->ended = session->early = false;
		return session;
	}
	return NULL;
}

static struct session *far_table(void)
{
	struct session *table = atomic_load(&far), *none = NULL;

	if (table)
		return table;
	table = mmap(NULL, FAR * sizeof(*table), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (table == MAP_FAILED)
		return NULL;
	if (!atomic_compare_exchange_strong(&far, &none, table)) {
		munmap(table, FAR * sizeof(*table));
		return none;
	}
	return table;
}

/* NULL: there is no room. */
static struct session *find_or_make(const void *key)
{
	struct session *session = find(key);

	if (!session)
		session = make_in(near, NEAR, key);
	return session ? session : make_in(far_table(), FAR, key);
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
	return !facts->has_random || !conn->tls.has_random ||
	       memcmp(conn->tls.random, facts->random, TLS_RANDOM_LEN) == 0;
}

/* Finds the connection of a session by its descriptor, or by the client random that went by there. */
static void associate(struct session *session, const struct session_facts *facts)
{
	int fd = facts->fd;
	struct conn *conn = conn_at(fd);

	session->aside = true;
	session->ended = false;
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
	if (conn->tls.is_tls && (facts->is_http2 || session->early)) {
		if (!facts->is_http2)
			conn->bridge.obstacle = "it sends early data of TLS 1.3";
		conn_count_blind(conn, facts->is_http2 ? JOURNAL_BLIND_HTTP2 : JOURNAL_BLIND_TLS);
		conn_drop(conn, fd);
		return;
	}
	if (conn->tls.is_tls) {
		if (!conn->tls.owned)
			shim_count_lane(JOURNAL_LANE_INSIDE);
		conn->tls.owned = true;
		conn->tls.pumped = fd != facts->fd;
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

void session_note_hello(const struct session_calls *calls, const struct stack *stack, void *key)
{
	struct session_facts facts = {.fd = -1};
	int error = errno;

	calls->ask(stack, key, &facts);
	if (facts.has_random && !facts.is_server)
		cipher_note_hello(facts.random);
	errno = error;
}

void session_note_early(const void *key)
{
	struct session *session = find_or_make(key);

	if (session)
		session->early = true;
}

ssize_t session_write(const struct session_calls *calls, const struct stack *stack, void *key,
	const void *data, size_t len)
{
	struct session *session = find_or_make(key);
	struct conn *conn = session ? enter(calls, stack, session, key) : NULL;
	struct offer_part part;

	if (!conn)
		return SESSION_PASS;
	part = offer_sealed(conn, session->fd, data, len);
	session->aside = conn->exchange.state == EXCHANGE_GONE;
	conn_leave(conn);
	if (part.passes)
		return SESSION_PASS;
	/* The end of a request that was swallowed, or passed, and the next one with it. Writing comes
	 * back to the hooks of the descriptor: not with the connection entered. */
	if (part.end > part.begin)
		calls->write_all(stack, key, session->fd, (const char *)data + part.begin,
			part.end - part.begin);
	return (ssize_t)len;
}

/* The connection, if the session was found to speak through one. */
static struct conn *known_conn(const void *key, struct session **session)
{
	*session = find(key);
	return *session && !(*session)->aside ? conn_of(*session) : NULL;
}

void session_written(const void *key, size_t len, size_t written)
{
	struct session *session;
	struct conn *conn = known_conn(key, &session);
	int error = errno;

	if (!conn || (written == len && !conn->exchange.ahead) || !conn_enter(conn, session->fd))
		return;
	exchange_sent(&conn->exchange, len, written);
	conn_leave(conn);
	errno = error;
}

ssize_t session_read(const void *key, void *data, size_t len, bool peek)
{
	struct session *session;
	struct conn *conn = known_conn(key, &session);
	struct iovec iov = {data, len};
	ssize_t got = SESSION_PASS;

	if (!conn || !(conn_attention(conn) & CONN_ANSWERED) || !conn_enter(conn, session->fd))
		return SESSION_PASS;
	if (conn_attention(conn) & CONN_ANSWERED) {
		got = reply_read(conn, &iov, 1, peek ? MSG_PEEK : 0);
		session->ended |= got == 0 && len;
	}
	conn_leave(conn);
	return got;
}

void session_got(const void *key, const void *data, size_t len)
{
	struct session *session;
	struct conn *conn = known_conn(key, &session);

	if (!conn)
		return;
	if (atomic_load_explicit(&conn->exchange.unanswered, memory_order_relaxed))
		atomic_store_explicit(&conn->exchange.unanswered, false, memory_order_relaxed);
	if (!(conn_attention(conn) & CONN_WATCHED) || !conn_enter(conn, session->fd))
		return;
	exchange_answered(&conn->exchange, data, len);
	if (!exchange_wants_answers(&conn->exchange))
		conn_attend(conn, 0, CONN_WATCHED);
	conn_leave(conn);
}

void session_got_nothing(const void *key, bool is_end)
{
	struct session *session;
	struct conn *conn = known_conn(key, &session);
	int error = errno;

	if (!conn || !(conn_attention(conn) & CONN_WATCHED) || !conn_enter(conn, session->fd))
		return;
	if (is_end || conn->tls.socket_ended) {
		exchange_server_ended(&conn->exchange);
		conn_attend(conn, 0, CONN_WATCHED);
	}
	conn_leave(conn);
	errno = error;
}

bool session_is_known(const void *key)
{
	const struct session *session = find(key);

	return session && (session->aside || session->conn);
}

size_t session_pending(const void *key)
{
	struct session *session;
	struct conn *conn = known_conn(key, &session);

	return conn && conn_attention(conn) & CONN_ANSWERED ? reply_left(conn) : 0;
}

bool session_is_answered(const void *key)
{
	struct session *session;
	struct conn *conn = known_conn(key, &session);

	return conn && conn_attention(conn) & CONN_ANSWERED;
}

bool session_has_ended(const void *key)
{
	struct session *session = find(key);

	return session && session->ended;
}

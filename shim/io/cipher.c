/* SPDX-License-Identifier: Apache-2.0 */
#include "cipher.h"

#include "deliver.h"
#include "iov.h"
#include "shim/libc/real.h"
#include "shim/process/shim.h"

_Thread_local bool cipher_in_library __attribute__((tls_model("initial-exec")));

/* The beginnings of their randoms. */
#define HELLOS 256
static _Atomic uint64_t hellos[HELLOS];
static _Atomic uint32_t hello_count;

static uint64_t beginning_of(const uint8_t random[TLS_RANDOM_LEN])
{
	uint64_t beginning;

	memcpy(&beginning, random, sizeof(beginning));
	return beginning;
}

bool cipher_knows_hello(const uint8_t random[TLS_RANDOM_LEN])
{
	uint64_t beginning = beginning_of(random);

	for (size_t i = 0; i < HELLOS; i++)
		if (atomic_load_explicit(&hellos[i], memory_order_relaxed) == beginning)
			return true;
	return false;
}

void cipher_note_hello(const uint8_t random[TLS_RANDOM_LEN])
{
	uint64_t beginning = beginning_of(random);

	/* Before its first flight a library says zeroes. */
	if (beginning && !cipher_knows_hello(random))
		atomic_store(&hellos[atomic_fetch_add(&hello_count, 1) % HELLOS], beginning);
}

void cipher_begin(struct conn *conn, const char *data, size_t len)
{
	struct conn_tls *tls = &conn->tls;
	struct tls_hello hello;

	tls->is_tls = true;
	if (!tls_parse_hello(&hello, data, len))
		return;
	tls->has_random = true;
	memcpy(tls->random, hello.random, sizeof(tls->random));
	if (hello.server_name.len < sizeof(tls->server_name)) {
		memcpy(tls->server_name, hello.server_name.at, hello.server_name.len);
		tls->server_name[hello.server_name.len] = '\0';
	}
}

void cipher_note_blind(struct conn *conn, int reason)
{
	if (conn->tls.owned)
		return;
	conn_count_blind(conn, reason);
	/* Once, however many descriptors it has: as good as owned. */
	conn->tls.owned = true;
}

/* Application data that nobody has looked into makes the connection a blind one. */
static void follow(struct conn *conn, const struct iovec *iov, int count)
{
	struct tls_records *records = &conn->tls.records;

	for (int i = 0; i < count; i++)
		tls_follow(records, iov[i].iov_base, iov[i].iov_len);
	if (records->application > TLS_FINISHED_MAX)
		cipher_note_blind(conn, JOURNAL_BLIND_TLS);
}

static bool is_waiting(const struct conn *conn)
{
	return !line_is_empty(&conn->exchange.line) ||
	       (conn->tls.due && conn->tls.due > timer_now());
}

/* Leaves the connection. */
static ssize_t put_off(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	if (!conn_verify(conn, fd)) {
		conn_drop(conn, fd);
		return CONN_PASS;
	}
	for (int i = 0; i < count; i++)
		deliver_send(conn, iov[i].iov_base, iov[i].iov_len, conn->tls.due);
	deliver(conn);
	conn_leave(conn);
	return (ssize_t)iov_total(iov, count);
}

ssize_t cipher_offer(struct conn *conn, int fd, const struct iovec *iov, int count)
{
	/* The session has ended with a reply: not even its goodbye has anybody to go to. */
	if (conn->exchange.ended && conn->exchange.is_unfinished) {
		conn_leave(conn);
		return (ssize_t)iov_total(iov, count);
	}
	if (is_waiting(conn))
		return put_off(conn, fd, iov, count);
	conn->tls.due = 0;
	/* What a hooked library sends in its handshake will be owned. */
	if (!conn->tls.owned && !cipher_in_library)
		follow(conn, iov, count);
	conn_leave(conn);
	return CONN_PASS;
}

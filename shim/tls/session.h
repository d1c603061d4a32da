/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_SESSION_H
#define CHAOS_SESSION_H

/*
 * TLS sessions of hooked libraries: which connection does an SSL* speak through, and what is to be
 * done with its plaintext? The plaintext is fed to the connection's exchange; faults are served at the
 * session, delays are made at the descriptor below.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/io/conn.h"
#include "stack.h"

struct session {
	_Atomic(const void *) key; /* SSL* or gnutls_session_t */
	struct conn *conn;	   /* NULL: not known (yet) */
	uint64_t serial;	   /* of the connection: its place may have been given to another */
	int fd;
	bool aside; /* looked at, and of no interest: a server's side, HTTP/2, no connection of ours */
	bool ended; /* the reply has been served to its end */
	bool early; /* wrote before its handshake, which nobody has looked at */
};

/* What a library tells about a session. */
struct session_facts {
	int fd; /* -1: not known */
	bool is_server;
	bool has_random;
	uint8_t random[TLS_RANDOM_LEN]; /* of the client */
	bool is_http2;			/* agreed upon by ALPN */
};

/* How a library's functions are called. */
struct session_calls {
	void (*ask)(const struct stack *stack, void *key, struct session_facts *facts);
	/* Writes all of it, waiting if need be: what passes of an offer of which a part was taken. */
	void (*write_all)(
		const struct stack *stack, void *key, int fd, const char *data, size_t len);
};

/* The real call is to be made. */
#define SESSION_PASS (-2)

/*
 * Before a write: returns the number of bytes taken, or SESSION_PASS; then the real write follows,
 * and session_written() tells how many bytes it took.
 */
ssize_t session_write(const struct session_calls *calls, const struct stack *stack, void *key,
	const void *data, size_t len);
void session_written(const void *key, size_t len, size_t written);

/*
 * Before a read, and after a real one that gave nothing: bytes of the reply, 0 at its end, or
 * SESSION_PASS.
 */
ssize_t session_read(const void *key, void *data, size_t len, bool peek);

/* The real read gave this; nothing. `is_end`: the server has said goodbye. */
void session_got(const void *key, const void *data, size_t len);
void session_got_nothing(const void *key, bool is_end);

/* The handshake is over: from now on the connection is known to be looked into. */
void session_begin(const struct session_calls *calls, const struct stack *stack, void *key);

/* The handshake is under way. */
void session_note_hello(const struct session_calls *calls, const struct stack *stack, void *key);

/* It writes before its handshake. */
void session_note_early(const void *key);

/* Has it been looked at? Then its handshake is over. */
bool session_is_known(const void *key);

/* Bytes of the reply that a read would give. */
size_t session_pending(const void *key);

/* Is a reply served, or was it? Then the real session has nothing more to give. */
bool session_is_answered(const void *key);
bool session_has_ended(const void *key);

/* The session ends, or gets another connection. */
void session_forget(const void *key);

/* The real function that is running in this thread: what it reads and writes is ciphertext. */
struct session_real {
	const struct stack *stack; /* NULL: none is */
	const void *key;
};
/* Returns what is to be given to session_leave_real(). */
struct session_real session_enter_real(const struct stack *stack, const void *key);
void session_leave_real(struct session_real before);

/* Its stack, if it is running for this very session. */
const struct stack *session_inside(const void *key);

#endif

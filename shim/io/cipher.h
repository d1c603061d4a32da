/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CIPHER_H
#define CHAOS_CIPHER_H

#include <sys/uio.h>

#include "conn.h"

/* What goes by below TLS: ciphertext, which passes as it is, but not before it is due. */

/* Is a function of a TLS library running in this thread, that we have called? Set by the room above. */
extern _Thread_local bool cipher_in_library __attribute__((tls_model("initial-exec")));

/* A hooked library has made a ClientHello with this random: the session it begins is looked into from
 * the inside, whoever carries its bytes. The latest few are known. */
void cipher_note_hello(const uint8_t random[TLS_RANDOM_LEN]);
bool cipher_knows_hello(const uint8_t random[TLS_RANDOM_LEN]);

/* Nothing is to be done with what is sent, so that the connection need not be entered. */
static inline bool cipher_passes(const struct conn *conn)
{
	return conn->tls.is_tls && conn->tls.owned && !conn->tls.due && !conn_has_work(conn);
}

/* TLS begins, at the start of the connection or behind a proxy: `data` is the ClientHello. Entered. */
void cipher_begin(struct conn *conn, const char *data, size_t len);

/* Returns as offer() does. Entered; leaves the connection. */
ssize_t cipher_offer(struct conn *conn, int fd, const struct iovec *iov, int count);

/* Counts the connection as blind, once. Entered. */
void cipher_note_blind(struct conn *conn, int reason);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGED_H
#define CHAOS_BRIDGED_H

/* A connection whose TLS is ours, on the program's own socket: moves bytes between the program, the
 * exchange and the server. */

#include <sys/uio.h>

#include "conn.h"

/* TLS begins with the bytes of this call, none of which has been sent. True: they were taken, the
 * connection is bridged. Entered. */
bool bridged_begin(struct conn *conn, int fd, const struct iovec *iov, int count);

/* The program sends: what there is room for is taken, as by a socket. Returns as send() does, or CONN_PASS.
 * Entered; leaves the connection, too. */
ssize_t bridged_send(struct conn *conn, int fd, const struct iovec *iov, int count, int flags);

/* Returns as recv() does, or CONN_PASS. Not entered. */
ssize_t bridged_receive(struct conn *conn, int fd, const struct iovec *iov, int count, int flags);

/* A read that was under way when TLS began has got `got` bytes of the server's, which are ours. Returns as recv() does.
 * Not entered. */
ssize_t bridged_arrived(
	struct conn *conn, int fd, const struct iovec *iov, int count, int flags, ssize_t got);

/* In the parent of a fork: whose it is to speak on them is not known any more. */
void bridged_after_fork(void);

/* Bytes that can be read without waiting; looks for more first. Entered and verified. */
size_t bridged_left(struct conn *conn, int fd);

static inline bool is_bridged(const struct conn *conn)
{
	return (conn_attention(conn) & CONN_BRIDGED) != 0;
}

#endif

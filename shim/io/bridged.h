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

/* The program sends: all of it is taken. Returns as send() does, or CONN_PASS. Entered; leaves the
 * connection, too. */
ssize_t bridged_send(struct conn *conn, int fd, const struct iovec *iov, int count);

/* Returns as recv() does, or CONN_PASS. Not entered. */
ssize_t bridged_receive(struct conn *conn, int fd, const struct iovec *iov, int count, int flags);

/* Bytes that can be read without waiting; looks for more first. Entered and verified. */
size_t bridged_left(struct conn *conn, int fd);

/* The program gives up its last descriptor: nothing of ours keeps the kernel's end from being a clean
 * one. Entered and verified. */
void bridged_let_go(struct conn *conn, int fd);

static inline bool is_bridged(const struct conn *conn)
{
	return (conn_attention(conn) & CONN_BRIDGED) != 0;
}

#endif

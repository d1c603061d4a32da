/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ZEROCOPY_H
#define CHAOS_ZEROCOPY_H

/*
 * A program that sends with MSG_ZEROCOPY waits for the kernel to say that its buffers are free again
 * (Documentation/networking/msg_zerocopy.rst). Of what a rule has delayed or swallowed the kernel knows
 * nothing: we say it, and number the rest as the program does.
 */

#include <sys/socket.h>

#include "conn.h"

/* A send passed, and the kernel has numbered it. */
static inline void zerocopy_passed(struct conn *conn, int flags, ssize_t sent)
{
	if (__builtin_expect(flags & MSG_ZEROCOPY, 0) && sent > 0)
		atomic_fetch_add(&conn->zerocopy.sends, 1);
}

/* Is there something of ours to say, and has the kernel told of all that was sent before? */
static inline bool zerocopy_is_turn(const struct conn *conn)
{
	const struct conn_zerocopy *zerocopy = &conn->zerocopy;
	uint32_t taken_before = zerocopy->taken - (zerocopy->last - zerocopy->first + 1);

	return conn_attention(conn) & CONN_NOTIFIES &&
	       zerocopy->told >= zerocopy->first - taken_before;
}

/* A send was taken: its buffers are free at once. */
void zerocopy_taken(struct conn *conn, int fd, int flags);

/* recvmsg() of the error queue of a program that sends so. */
ssize_t zerocopy_receive(struct conn *conn, int fd, struct msghdr *msg, int flags);

#endif

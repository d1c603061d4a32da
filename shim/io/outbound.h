/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_OUTBOUND_H
#define CHAOS_OUTBOUND_H

#include <sys/uio.h>

#include "conn.h"

/* From the program to the server: offers the bytes to the flow, and does what it says. */

/* All bytes may go by the real call. */
#define OUTBOUND_PASS (-2)

/*
 * Offers what the program wants to send. Returns OUTBOUND_PASS (do it by the real call, then say with
 * outbound_sent() how far it came), the number of bytes taken, or -1 and errno.
 */
ssize_t outbound_offer(struct conn *conn, int fd, const struct iovec *iov, int count);

/* The real call took `sent` of `len` bytes (-1: none), which the flow has seen all. Returns `sent`. */
ssize_t outbound_sent(struct conn *conn, int fd, size_t len, ssize_t sent);

/* Feeds bytes to the flow of the connection, which fills conn->step; counts what is seen. */
void outbound_feed(struct conn *conn, const char *data, size_t len, bool pipelined,
	enum flow_patience patience);

/* Renders the reply of the step and sees that the program gets it. False: no memory. */
bool outbound_answer(struct conn *conn, int fd);

/* Keeps undecided bytes; takes them all out again (the caller frees them). */
void outbound_hold(struct conn *conn, const char *data, size_t len);
struct bytes outbound_take_held(struct conn *conn);

/* Bytes are offered after a request whose reply is not read yet? Then true: they are to be dropped,
 * and the connection ends with the reply. */
bool outbound_drop_after_reply(struct conn *conn);

/* Decides on what is held, with what is known: the program waits for an answer. */
void outbound_hurry(struct conn *conn, int fd);

/* The same, with the connection entered. */
void outbound_decide_held(struct conn *conn, int fd, enum flow_patience patience);

#endif

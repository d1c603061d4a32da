/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_OUTBOUND_H
#define CHAOS_OUTBOUND_H

#include <sys/uio.h>

#include "conn.h"

/* Feeds bytes to the flow of the connection; counts what is seen. */
void outbound_feed(struct conn *conn, const char *data, size_t len, bool pipelined,
	enum flow_patience patience, struct flow_step *step);

/* Renders the reply of a step and sees that the program gets it. False: no memory. */
bool outbound_answer(struct conn *conn, int fd, const struct flow_step *step);

/* Keeps undecided bytes; takes them all out again (the caller frees them). */
void outbound_hold(struct conn *conn, const char *data, size_t len);
struct bytes outbound_take_held(struct conn *conn);

/* Bytes are offered after a request that has its reply, before that was read: they are dropped. */
bool outbound_is_finished(struct conn *conn);

/* Decides on what is held, with what is known: the program waits for an answer. */
void outbound_hurry(struct conn *conn, int fd);

/* The same, with the connection entered. */
void outbound_decide_held(struct conn *conn, int fd, enum flow_patience patience);

#endif

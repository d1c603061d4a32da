/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_INBOUND_H
#define CHAOS_INBOUND_H

#include "conn.h"

/* Is the reply due, or served already? */
bool inbound_is_answered(const struct conn *conn);

/* Reads from the reply: bytes, then 0 for ever. Entered. */
ssize_t inbound_read_reply(struct conn *conn, void *data, size_t len, bool peek);

/* Reads away what the server has sent meanwhile: closing a socket with unread bytes resets the
 * connection. */
void inbound_drain(const struct conn *conn, int fd);

#endif

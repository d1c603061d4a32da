/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_IO_REPLY_H
#define CHAOS_IO_REPLY_H

#include <sys/uio.h>

#include "conn.h"

/* From the exchange to the program: the reply, as the program reads it. */

/* Reads what comes first, then the reply, then its end for ever. Returns the bytes read, -1 and errno,
 * or CONN_PASS: there is nothing to be served. */
ssize_t reply_serve(struct conn *conn, int fd, const struct iovec *iov, int count, int flags);

/* The same of a session's plaintext, with the connection entered. */
ssize_t reply_read(struct conn *conn, const struct iovec *iov, int count, int flags);

/* The server has ended the connection before the reply was due: it is all that can come now. */
void reply_early(struct conn *conn, int fd);

/* Bytes that can be read before the end. Entered. */
size_t reply_left(const struct conn *conn);

/* Reads away what the server has sent meanwhile: closing a socket with unread bytes resets the
 * connection. Entered and verified. */
void reply_drain(const struct conn *conn, int fd);

#endif

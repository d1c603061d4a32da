/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_OFFER_H
#define CHAOS_OFFER_H

#include <sys/uio.h>

#include "conn.h"
#include "zerocopy.h"

/* From the program to the server: offers what it writes to the exchange, and does what that says. */

/*
 * Offers what the program wants to send with these flags of send(). Returns CONN_PASS (do it by the
 * real call, then say with offer_sent() how far it came), the number of bytes taken, or -1 and errno.
 */
ssize_t offer(struct conn *conn, int fd, const struct iovec *iov, int count, int flags);

/* For offer_sent(): `gone` of `len` bytes are on their way, and the exchange has to know. Keeps errno. */
void offer_note_sent(struct conn *conn, int fd, size_t len, size_t gone);

/* The real call took `sent` of `len` bytes (-1: none), which the exchange has seen all. Returns
 * `sent`. */
static inline ssize_t offer_sent(struct conn *conn, int fd, size_t len, ssize_t sent, int flags)
{
	size_t gone = sent > 0 ? (size_t)sent : 0;

	zerocopy_passed(conn, flags, sent);
	/* Below TLS nothing was decided on. */
	if (!conn->tls.is_tls && (gone != len || conn->exchange.ahead))
		offer_note_sent(conn, fd, len, gone);
	return sent;
}

/* Offers the plaintext of a session. What is to be sent of it is sent by the caller: offer_sealed()
 * tells which part. Entered. */
struct offer_part {
	bool passes; /* all of it, by the program's own call */
	size_t begin, end;
};
struct offer_part offer_sealed(struct conn *conn, int fd, const char *data, size_t len);

/* Is it still the socket that was connected? */
bool offer_verify(struct conn *conn, int fd);

/* Bytes of a file or a pipe are about to be sent by a call that shows nobody what they are. True: they
 * need not be seen; then say with offer_unseen() how many went. */
bool offer_may_pass_unseen(struct conn *conn, int fd, size_t len);
void offer_unseen(struct conn *conn, int fd, ssize_t sent);

/* Does this look like memory of the program's? What the kernel would refuse as no address at all is
 * its to judge. */
static inline bool offer_is_memory(const void *at)
{
	return (uintptr_t)at >= 65536 && (uintptr_t)at < (uintptr_t)1 << 56;
}

#endif

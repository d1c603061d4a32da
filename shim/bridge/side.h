/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_SIDE_H
#define CHAOS_BRIDGE_SIDE_H

/* One of the two sides of a bridge: a TLS connection whose bytes come from and go to memory. */

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

enum {
	SIDE_ALERT_NONE = -1,
};

struct side {
	SSL *ssl;		/* NULL: not begun */
	struct bytes in;	/* ciphertext that came */
	struct bytes out;	/* ciphertext that waits to be sent */
	struct bytes plaintext; /* waits for the end of a renegotiation */
	int received, sent;	/* the last alert, or SIDE_ALERT_NONE */
	unsigned heard;		/* messages of a handshake that came */
	bool goodbye;		/* to be said when that is over */
	bool over;		/* nothing more comes from there */
	bool broken;		/* since it failed */
	bool ended;		/* the peer ended its side of the socket */
};

enum side_step {
	SIDE_WAITS,
	SIDE_DONE,
	SIDE_WANTS_CERTIFICATE,
	SIDE_BROKEN, /* side_error() says by what */
};

/* How the bytes of all sides move. NULL: no memory. */
BIO_METHOD *side_method(void);

/* Takes the connection over. False: no memory. */
bool side_begin(struct side *side, SSL *ssl, const BIO_METHOD *method);
void side_free(struct side *side);

enum side_step side_shake(struct side *side);
/* As bridge.read_server(). */
long side_read(struct side *side, char *data, size_t cap);
bool side_write(struct side *side, const char *data, size_t len);
/* Bytes of plaintext that wait for the end of a renegotiation. */
size_t side_unsent(const struct side *side);
void side_end(struct side *side);

/* Empties OpenSSL's queue of errors, of this thread. */
void side_forget_errors(void);

/* What went wrong last on this thread, a constant. */
const char *side_error(void);

#endif

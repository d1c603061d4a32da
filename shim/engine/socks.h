/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_SOCKS_H
#define CHAOS_SOCKS_H

/*
 * The client's side of a SOCKS handshake (SOCKS 4, 4a; RFC 1928, RFC 1929) at the beginning of a
 * stream, so that what follows it is looked at. Nothing is kept but a position: its messages may
 * come in any pieces, and what follows may come with the last one. Through a chain of proxies
 * another handshake follows.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SOCKS_PARTIAL = -2, /* more bytes are needed */
	SOCKS_BAD = -1,	    /* not SOCKS, not CONNECT, or GSSAPI, which may encrypt what follows */
};

/* A zeroed struct socks is at the beginning. */
struct socks {
	bool done;    /* the program's own bytes are next */
	uint8_t step; /* enum step */
	uint8_t offers;
	bool is_named;	/* SOCKS 4a: a name follows */
	uint16_t count; /* bytes of this step so far */
	uint16_t left;	/* bytes of this step to come */
};

/*
 * May these first bytes of a stream be the beginning of a SOCKS handshake?
 * Returns 1 (yes: a whole first message, or all of it that has a fixed size), 0 (no),
 * SOCKS_PARTIAL (too few bytes to tell).
 */
int socks_sniff(const char *data, size_t len);

/*
 * Takes the next bytes of the stream; returns how many belong to the handshake (<= len; fewer only
 * when it is done), or SOCKS_BAD.
 */
ssize_t socks_feed(struct socks *socks, const char *data, size_t len);

#endif

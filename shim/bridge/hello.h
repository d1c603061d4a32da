/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_HELLO_H
#define CHAOS_BRIDGE_HELLO_H

/* What a ClientHello (RFC 8446, 4.1.2) offers, as far as it decides whether and how we answer it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HELLO_NUMBERS 128

/* As they were offered; what there is no room for, or is there to be ignored (GREASE), is left out. */
struct hello_list {
	size_t count;
	uint16_t numbers[HELLO_NUMBERS];
};

struct hello {
	bool tls13, tls12;
	bool alpn, http1;   /* the extension is there; http/1.1 is among what it names */
	bool suite13;	    /* a suite of TLS 1.3 that we speak */
	bool suite12;	    /* one of TLS 1.2 with a certificate of ECDSA */
	bool ecdsa;	    /* ecdsa_secp256r1_sha256 may sign */
	bool groups, group; /* the extension is there; a group of ours is among them */
	bool curve;	    /* secp256r1 is among them */
	struct hello_list suites, signatures, named_groups;
};

/* Reads the ClientHello that `data` begins with. NULL if it could; else why not, a constant. */
const char *hello_read(struct hello *hello, const char *data, size_t len);
bool hello_lists(const struct hello_list *list, uint16_t number);
/* NULL if a server with a certificate of P-256, which speaks http/1.1, can answer it. */
const char *hello_refuses(const struct hello *hello);

#endif

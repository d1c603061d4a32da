/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_H
#define CHAOS_BRIDGE_H

/*
 * TLS for a program whose own TLS cannot be looked into: towards the program we are the server, towards
 * the server we are the client, and between the two there is plaintext. Sans-IO: whoever calls moves the
 * bytes. Made as a library of its own (libchaos-bridge.so), with OpenSSL inside, which is loaded when the
 * first such connection begins; bridge_api() is all that it exports.
 *
 * One bridge is used by one thread at a time; different bridges by any threads. Nothing here blocks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/base/span.h"

#define BRIDGE_VERSION 5

struct bridge_maker; /* of a process: the authority, what it trusts, leaves, tickets */
struct bridge;

enum bridge_state {
	BRIDGE_CONNECTING, /* to the server; the program's ClientHello waits */
	BRIDGE_ACCEPTING,  /* the program's handshake is under way */
	BRIDGE_OPEN,	   /* both are over */
	BRIDGE_FAILED, /* bridge_failure() says why; what waits for either side is still to be sent */
};

enum bridge_failure {
	BRIDGE_NO_FAILURE,
	BRIDGE_SERVER_FAILED, /* by an alert, or by what is no TLS: the program is given the same bytes */
	BRIDGE_PROGRAM_REFUSED,	     /* the program does not believe our leaf: its alert says so */
	BRIDGE_PROGRAM_FAILED,	     /* its handshake failed otherwise */
	BRIDGE_PROGRAM_RENEGOTIATES, /* it asks for another handshake, which we do not answer */
	BRIDGE_WANTS_CERTIFICATE /* the server asks the program for a certificate, which we do not have */
};

/* What we hold of the server's certificate, by which a refusal of the program's is judged. */
enum bridge_server {
	BRIDGE_SERVER_NOT_SEEN, /* its handshake is not over */
	BRIDGE_SERVER_GOOD,
	BRIDGE_SERVER_DOUBTED, /* mostly of an authority that we do not know; the program may */
	BRIDGE_SERVER_BAD, /* by its dates, its name, its use, a signature: the program would not have
			    * believed it without us either */
};

/* All strings are copied. */
struct bridge_settings {
	const char *certificate, *key; /* of the authority: PEM files */
	const char *const *bundles; /* PEM files, JKS or PKCS12 stores and hashed directories that
					* the program trusts besides the system's; NULL at the end. One
					* that cannot be read is left out. */
	const char *password;	    /* of a store among these, or NULL */
};

struct bridge_target {
	const char *name;    /* the server's, as the program sent it (SNI); "": it sent none */
	const char *address; /* of the peer, in figures */
	uint16_t port;
};

struct bridge_api {
	uint32_t version;

	/* NULL with a reason, which is a constant: the authority cannot be read, no memory. */
	struct bridge_maker *(*make)(const struct bridge_settings *settings, const char **reason);
	void (*unmake)(struct bridge_maker *maker);

	/* The program believes the authorities in this file, too, whose content stays as long as the maker. For any
	 * thread, and while there are bridges: those that begin afterwards. */
	void (*believe)(struct bridge_maker *maker, struct span content);

	/* May this ClientHello be answered by us: whole, TLS 1.2 or later, http/1.1 or no ALPN at all? If
	 * not, *reason is a constant ("offers h2 alone", …) and the bytes are to pass. */
	bool (*takes)(const char *hello, size_t len, const char **reason);

	/* May the authority vouch for a server of this name? If not, a bridge to it would be refused. */
	bool (*permits)(const struct bridge_maker *maker, const char *name);

	/* Begins with the program's ClientHello: what waits for the server then is ours. NULL: no memory. */
	struct bridge *(*open)(struct bridge_maker *maker, const struct bridge_target *target,
		const char *hello, size_t len);
	void (*close)(struct bridge *bridge);

	/* Ciphertext that came. Always takes all. An error is told by the state. */
	void (*from_program)(struct bridge *bridge, const char *data, size_t len);
	void (*from_server)(struct bridge *bridge, const char *data, size_t len);
	/* The server ended its side of the socket. Without a goodbye before, that is a failure. */
	void (*server_ended)(struct bridge *bridge);
	/* The program did: in its handshake, after our certificate, that is a refusal. */
	void (*program_ended)(struct bridge *bridge);

	/* Plaintext that came, at most `cap` bytes of it; 0: none at the moment, -1: that side has said
	 * goodbye (close_notify) or has failed, and nothing more comes. */
	long (*read_program)(struct bridge *bridge, char *data, size_t cap);
	long (*read_server)(struct bridge *bridge, char *data, size_t cap);

	/* Plaintext to be sent: in state BRIDGE_OPEN, all of it. False: that side is over. */
	bool (*to_server)(struct bridge *bridge, const char *data, size_t len);
	bool (*to_program)(struct bridge *bridge, const char *data, size_t len);
	/* How much plaintext for the server is kept, since that one shakes hands anew: nothing limits it, and
	 * only what comes from the server ends it. */
	size_t (*unsent)(const struct bridge *bridge);
	/* Says goodbye there. */
	void (*end_server)(struct bridge *bridge);
	void (*end_program)(struct bridge *bridge);

	/* Ciphertext that waits to be sent, and how much of it was. A span is good until the next call. */
	struct span (*for_server)(struct bridge *bridge);
	void (*sent_to_server)(struct bridge *bridge, size_t len);
	struct span (*for_program)(struct bridge *bridge);
	void (*sent_to_program)(struct bridge *bridge, size_t len);

	enum bridge_state (*state)(const struct bridge *bridge);
	enum bridge_failure (*failure)(const struct bridge *bridge);
	enum bridge_server (*server)(const struct bridge *bridge);
	/* What went wrong, for people: "" if nothing did, or of the verification of the server, which is
	 * told in state BRIDGE_OPEN, too, since a program may have taken the leaf that nobody vouches for. */
	const char *(*reason)(const struct bridge *bridge);
};

/* The only symbol. NULL: of another version. */
const struct bridge_api *bridge_api(uint32_t version);

#endif

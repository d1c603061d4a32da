/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_BRIDGE_PEERS_H
#define CHAOS_TESTS_BRIDGE_PEERS_H

/* What stands on both sides of a bridge in its tests: a client and a server of OpenSSL, in memory. */

#include <openssl/ssl.h>

#include "shim/bridge/bridge.h"
#include "suite.h"

/* A certificate and its key. */
struct identity {
	X509 *certificate;
	EVP_PKEY *key;
};

/* What a certificate is made of. */
struct wish {
	const char *name;	 /* its common name; NULL: none */
	const char *names;	 /* subjectAltName as of OpenSSL's configuration; NULL: none */
	const char *constraints; /* nameConstraints; NULL: none */
	const char *use;	 /* extendedKeyUsage; NULL: none */
	bool authority;
	long begins, ends;	       /* in days from now */
	const struct identity *issuer; /* NULL: itself */
};

struct identity identity_make(const struct wish *wish);
void identity_free(struct identity *identity);
/* Writes PEM files; a NULL path: not. */
void identity_write(const struct identity *identity, const char *certificate, const char *key);

/* All that a test needs. It is begun with a good server, a client that trusts the bridge's authority,
 * and bundles that hold the server's. */
struct peers {
	char folder[64];
	const struct bridge_api *api;
	struct bridge_maker *maker;
	struct identity ours;	/* the authority of the bridge */
	struct identity theirs; /* that of the server */
	SSL_CTX *client_context, *server_context;

	/* Of one connection. */
	struct bridge_target target;
	struct bridge *bridge;
	SSL *client, *server;
	SSL_SESSION *session;	    /* the client's newest; kept over connections */
	const char *early;	    /* early data that the client sends */
	size_t step;		    /* at most so many bytes are moved at once; 0: all */
	size_t damage;		    /* of all bytes that are moved this one is changed; 0: none */
	size_t moved;		    /* in all */
	bool deaf;		    /* the client gets nothing more */
	unsigned long client_error; /* the client's first, as ERR_get_error() */
	bool client_down, server_down;
};

void peers_begin(struct peers *peers);
/* A maker with these bundles, NULL at the end, instead. */
void peers_trust(struct peers *peers, const char *const *bundles);
/* Of this file in the folder; valid until the next call. */
const char *peers_path(const struct peers *peers, const char *name);
void peers_end(struct peers *peers);

/* The server shows itself so, signed by `theirs` unless the wish names an issuer. */
void peers_server_is(struct peers *peers, const struct wish *wish);

/* Begins a connection to localhost up to the ClientHello; then the bridge is opened. */
void peers_connect(struct peers *peers);
/* The same, and both handshakes. */
void peers_shake(struct peers *peers);
void peers_disconnect(struct peers *peers);

/* The server reads what waits for it, and its answer is left in its BIO. */
void peers_server_step(struct peers *peers);
/* Moves bytes and plaintext until nothing moves. */
void peers_move(struct peers *peers);
/* One request and one answer through the open bridge. */
void peers_exchange(struct peers *peers);
/* Whoever is made of it speaks this version alone. */
void peers_speak(SSL_CTX *context, int version);
/* What the client was shown; no reference of its own. */
X509 *peers_leaf(const struct peers *peers);

#endif

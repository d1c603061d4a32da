/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_PEER_H
#define CHAOS_PEER_H

#include <arpa/inet.h>

#include "shim/memory/journal.h"
#include "socket.h"

/* Who the server of a connection is. */
struct peer {
	char address[INET6_ADDRSTRLEN]; /* "" if it has none */
	uint16_t port;
	const char *
		name; /* as its user calls it: what was said in TLS, the address of a host that was named, or "" */
	bool is_aws;
};

/* Fills *peer, and returns it. `said`: the name in the ClientHello, or "". Its strings are of *peer, and `said`. */
const struct peer *peer_of(const struct socket_id *socket, const char *said, struct peer *peer);

/* How the journal is to name it: of a server that may be AWS to its user without our knowing, what
 * --intercept takes. */
const char *peer_describe(const struct peer *peer, char text[JOURNAL_HOST_MAX]);

#endif

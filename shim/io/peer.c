/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <stdio.h>

#include "shim/process/shim.h"

/* Clients say no name that is an address, and some say none without a dot. */
const struct peer *peer_of(const struct socket_id *socket, const char *said, struct peer *peer)
{
	peer->port = ntohs(socket->peer.sin6_port);
	if (!socket_peer(socket, peer->address))
		*peer->address = '\0';
	peer->is_aws = *peer->address && endpoints_is_localstack(said, peer->address, peer->port);
	if (*said)
		peer->is_aws |= shim_is_aws(said);
	else if (*peer->address)
		peer->is_aws |= endpoints_has_address(&shim.endpoints, peer->address, peer->port);
	peer->name = !*said && peer->is_aws ? peer->address : said;
	return peer;
}

const char *peer_describe(const struct peer *peer, char text[JOURNAL_HOST_MAX])
{
	const char *host = *peer->name ? peer->name : peer->address;
	bool is_v6 = strchr(host, ':');

	if (peer->is_aws || !*host)
		return peer->name;
	snprintf(text, JOURNAL_HOST_MAX, "%s%.64s%s:%u", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
		peer->port);
	return text;
}

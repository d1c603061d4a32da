/* SPDX-License-Identifier: Apache-2.0 */

/* A bridge between a good client and whatever a server sends. The first byte says of what kind the
 * client is. */

#include <openssl/err.h>

#include "peers.h"

static void carry(struct peers *peers)
{
	const struct bridge_api *api = peers->api;
	struct span out;
	char data[1024];
	long len;

	for (int turns = 0; turns < 4; turns++) {
		out = api->for_program(peers->bridge);
		BIO_write(SSL_get_rbio(peers->client), out.at, (int)out.len);
		api->sent_to_program(peers->bridge, out.len);
		SSL_do_handshake(peers->client);
		ERR_clear_error();
		len = BIO_read(SSL_get_wbio(peers->client), data, sizeof(data));
		if (len > 0)
			api->from_program(peers->bridge, data, (size_t)len);
		check_bridge(peers);
	}
	len = api->read_server(peers->bridge, data, sizeof(data));
	check(len >= -1 && len <= (long)sizeof(data));
	api->sent_to_server(peers->bridge, api->for_server(peers->bridge).len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cuts cuts = cuts_of(data, size);
	struct peers *peers;
	size_t from = 1;

	if (size < 1)
		return 0;
	peers = peers_of(data[0]);
	peers_connect(peers);
	for (int i = 0; i < cuts.count; i++) {
		char *block;

		if (cuts.at[i] < from)
			continue;
		block = block_of(data + from, cuts.at[i] - from);
		peers->api->from_server(peers->bridge, block, cuts.at[i] - from);
		free(block);
		from = cuts.at[i];
		check_bridge(peers);
		carry(peers);
	}
	peers->api->server_ended(peers->bridge);
	check_bridge(peers);
	carry(peers);
	check(peers->api->read_server(peers->bridge, (char[1]){0}, 1) == -1);
	peers_leave(peers);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */

/* A bridge between a good server and whatever a program sends: the first byte says of what kind the
 * server is, two more how long the first flight is. */

#include <openssl/err.h>

#include "peers.h"

static void serve(struct peers *peers)
{
	const struct bridge_api *api = peers->api;
	char data[4096];
	long len;

	for (int turns = 0; turns < 8; turns++) {
		peers_server_step(peers);
		len = BIO_read(SSL_get_wbio(peers->server), data, sizeof(data));
		if (len > 0)
			api->from_server(peers->bridge, data, (size_t)len);
		check_bridge(peers);
	}
}

/* What came through goes on, both ways; what waits for the program is forgotten. */
static void carry(struct peers *peers)
{
	const struct bridge_api *api = peers->api;
	char data[1024];
	long len;

	len = api->read_program(peers->bridge, data, sizeof(data));
	check(len >= -1 && len <= (long)sizeof(data));
	if (len > 0)
		api->to_server(peers->bridge, data, (size_t)len);
	if (api->read_server(peers->bridge, data, sizeof(data)) > 0)
		api->to_program(peers->bridge, data, 1);
	api->sent_to_program(peers->bridge, api->for_program(peers->bridge).len);
	check_bridge(peers);
}

static void open_with(struct peers *peers, const uint8_t *hello, size_t len)
{
	char *block = block_of(hello, len);

	peers->bridge = peers->api->open(peers->maker, &peers->target, block, len);
	check(peers->bridge != NULL);
	free(block);
	peers->server = make_server(peers);
	check_bridge(peers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cuts cuts = cuts_of(data, size);
	struct peers *peers;
	size_t hello, from;

	if (size < 3)
		return 0;
	peers = peers_of(data[0]);
	hello = (size_t)data[1] << 8 | data[2];
	from = 3 + (hello < size - 3 ? hello : size - 3);
	open_with(peers, data + 3, from - 3);
	serve(peers);
	for (int i = 0; i < cuts.count; i++) {
		if (cuts.at[i] < from)
			continue;
		peers->api->from_program(
			peers->bridge, (const char *)data + from, cuts.at[i] - from);
		from = cuts.at[i];
		check_bridge(peers);
		serve(peers);
		carry(peers);
	}
	peers->api->program_ended(peers->bridge);
	carry(peers);
	check(peers->api->read_program(peers->bridge, (char[1]){0}, 1) == -1);
	peers_leave(peers);
	return 0;
}

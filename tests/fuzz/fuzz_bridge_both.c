/* SPDX-License-Identifier: Apache-2.0 */

/* A good client, a good server and a bridge, between which bytes go in pieces, one of which may be
 * damaged: kind, step, damage (two bytes), then what the two do, a byte each. As long as nothing is
 * damaged, all plaintext arrives as it was sent. */

#include <openssl/err.h>

#include "peers.h"

enum action { CLIENT_WRITES, SERVER_WRITES, KEYS, AGAIN, CLIENT_ENDS, SERVER_ENDS, ACTIONS };

/* Plaintext that an end has sent and its peer has not yet read. */
struct sent {
	uint8_t next, read;
	size_t waits;
};

static void write_some(struct sent *sent, SSL *end, size_t len)
{
	char data[64 * 300];

	if (!SSL_is_init_finished(end) || (SSL_get_shutdown(end) & SSL_SENT_SHUTDOWN))
		return;
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(sent->next + i);
	if (len && SSL_write(end, data, (int)len) == (int)len) {
		sent->next = (uint8_t)(sent->next + len);
		sent->waits += len;
	}
	ERR_clear_error();
}

static void read_all(struct sent *sent, SSL *end)
{
	char data[4096];
	int len;

	while ((len = SSL_read(end, data, sizeof(data))) > 0) {
		check((size_t)len <= sent->waits);
		sent->waits -= (size_t)len;
		for (int i = 0; i < len; i++)
			check((uint8_t)data[i] == sent->read++);
	}
	ERR_clear_error();
}

static void act(struct peers *peers, uint8_t byte, struct sent *up, struct sent *down)
{
	const size_t len = (size_t)(byte / ACTIONS) * 300;
	SSL *one = byte / ACTIONS & 1 ? peers->client : peers->server;

	switch ((enum action)(byte % ACTIONS)) {
	case CLIENT_WRITES:
		write_some(up, peers->client, len);
		break;
	case SERVER_WRITES:
		write_some(down, peers->server, len);
		break;
	case KEYS:
		SSL_key_update(
			one, byte & 64 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
		break;
	case AGAIN:
		SSL_renegotiate(one);
		break;
	case CLIENT_ENDS:
		SSL_shutdown(peers->client);
		break;
	default:
		SSL_shutdown(peers->server);
	}
	ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sent up = {0}, down = {0};
	struct peers *peers;

	if (size < 4)
		return 0;
	peers = peers_of(data[0]);
	peers->step = data[1] ? (size_t)data[1] * 4 : 0;
	peers->damage = (size_t)data[2] << 8 | data[3];
	peers_shake(peers);
	check_bridge(peers);
	check(peers->damage || (data[0] & KIND_STRANGER) ||
		peers->api->state(peers->bridge) == BRIDGE_OPEN);
	for (size_t i = 4; i < size && i < 64; i++) {
		act(peers, data[i], &up, &down);
		peers_move(peers);
		read_all(&up, peers->server);
		read_all(&down, peers->client);
		check_bridge(peers);
	}
	peers_leave(peers);
	return 0;
}

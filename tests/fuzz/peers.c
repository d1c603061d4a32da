/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_set_rand_method() has no successor that is as short */

#include "peers.h"

#include <openssl/rand.h>

#include "tests/unit/bridge_peers.c"

static uint64_t drawn;

static int draw(unsigned char *to, int len)
{
	for (int i = 0; i < len; i++) {
		drawn = drawn * 6364136223846793005u + 1442695040888963407u;
		to[i] = (unsigned char)(drawn >> 56);
	}
	return 1;
}

static int is_drawn(void)
{
	return 1;
}

void draw_anew(void)
{
	static const RAND_METHOD method = {.bytes = draw, .pseudorand = draw, .status = is_drawn};

	drawn = 1;
	RAND_set_rand_method(&method);
}

static void serve_as(struct peers *peers, bool is_believed)
{
	static struct identity stranger;
	struct wish wish = {.name = "localhost",
		.names = "DNS:localhost,IP:127.0.0.1",
		.begins = -10,
		.ends = 10};

	if (!stranger.certificate)
		stranger = identity_make(
			&(struct wish){.name = "Nobody", .authority = true, .ends = 100});
	if (!is_believed)
		wish.issuer = &stranger;
	peers_server_is(peers, &wish);
}

struct peers *peers_of(uint8_t kind)
{
	static struct peers peers;
	static uint8_t now;
	const int version = kind & KIND_TLS12 ? TLS1_2_VERSION : TLS1_3_VERSION;

	draw_anew();
	if (!peers.maker)
		peers_begin(&peers);
	if ((kind ^ now) & KIND_STRANGER)
		serve_as(&peers, !(kind & KIND_STRANGER));
	now = kind;
	peers_speak(peers.client_context, version);
	peers_speak(peers.server_context, version);
	peers.target.name = kind & KIND_ADDRESS ? "" : "localhost";
	peers.step = peers.damage = peers.moved = 0;
	peers.deaf = false;
	peers.client_error = 0;
	peers.target.port++; /* of other inputs nothing is known */
	draw_anew();
	if (kind & KIND_AGAIN) {
		peers_shake(&peers);
		peers_disconnect(&peers);
	}
	return &peers;
}

SSL *make_server(struct peers *peers)
{
	SSL *server = make_end(peers->server_context);

	SSL_set_accept_state(server);
	return server;
}

void peers_leave(struct peers *peers)
{
	peers_disconnect(peers);
	SSL_SESSION_free(peers->session);
	peers->session = NULL;
	ERR_clear_error();
}

void check_bridge(const struct peers *peers)
{
	const struct bridge_api *api = peers->api;
	const enum bridge_state state = api->state(peers->bridge);

	check(state <= BRIDGE_FAILED);
	check((state == BRIDGE_FAILED) == (api->failure(peers->bridge) != BRIDGE_NO_FAILURE));
	check(state != BRIDGE_FAILED || *api->reason(peers->bridge));
	check(ERR_peek_error() == 0);
}

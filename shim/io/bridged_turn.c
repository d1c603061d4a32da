/* SPDX-License-Identifier: Apache-2.0 */
#include "bridged_turn.h"

#include "ask.h"
#include "deliver.h"

/* Puts what waits for the server on its way. */
static void send_on(struct conn *conn, uint64_t due)
{
	struct bridge *bridge = conn->bridge.bridge;
	struct span cipher;

	while ((cipher = bridged_api()->for_server(bridge)).len) {
		deliver_send(conn, cipher.at, cipher.len, due);
		bridged_api()->sent_to_server(bridge, cipher.len);
	}
}

static void seal(void *user, const char *data, size_t len, uint64_t due)
{
	struct conn *conn = ((struct ask_teller *)user)->conn;

	/* What was said in the handshake goes first, and at once. */
	send_on(conn, 0);
	if (bridged_api()->to_server(conn->bridge.bridge, data, len))
		send_on(conn, due);
}

static const struct exchange_host bridged_host = ASK_HOST(seal);

/* The exchange says what is to be done with plaintext of the program's. */
static void offer_plaintext(struct conn *conn, int fd, char *data, size_t len)
{
	struct ask_teller teller = {.conn = conn};
	struct exchange_env env = {&bridged_host, &teller, &shim.dice};
	struct iovec iov = {data, len};

	if (ask(conn, fd, &env, &iov, 1))
		seal(&teller, data, len, 0);
}

/* Where the program does not take what we say, or says what we do not take, that is told, and the next connection
 * left alone. */
static void note_failure(struct conn *conn)
{
	enum bridge_failure failure = bridged_api()->failure(conn->bridge.bridge);

	if (bridged_api()->state(conn->bridge.bridge) == BRIDGE_FAILED &&
		(failure == BRIDGE_PROGRAM_RENEGOTIATES ||
			(!conn->bridge.spoke && failure != BRIDGE_SERVER_FAILED)))
		conn_note_refusal(conn);
}

/* Plaintext of the program's, to the exchange. True: there was some. */
static bool move_from_program(struct conn *conn, int fd)
{
	long got = bridged_api()->read_program(
		conn->bridge.bridge, conn->bridge.scratch, BRIDGED_SCRATCH);

	if (got > 0) {
		conn_note_spoke(conn);
		offer_plaintext(conn, fd, conn->bridge.scratch, (size_t)got);
	}
	if (got < 0 && !conn->bridge.program_ended) {
		conn->bridge.program_ended = true;
		bridged_api()->end_server(conn->bridge.bridge);
	}
	return got > 0;
}

/* Plaintext of the server's, to the program. True: there was some. */
static bool move_from_server(struct conn *conn)
{
	struct conn_bridge *state = &conn->bridge;
	long got = bridged_api()->read_server(state->bridge, state->scratch, BRIDGED_SCRATCH);

	if (got > 0 && !conn->exchange.ended) {
		atomic_store_explicit(&conn->exchange.unanswered, false, memory_order_relaxed);
		exchange_answered(&conn->exchange, state->scratch, (size_t)got);
		bridged_api()->to_program(state->bridge, state->scratch, (size_t)got);
	}
	if (got < 0 && !state->server_ended) {
		state->server_ended = true;
		bridged_api()->end_program(state->bridge);
	}
	return got > 0;
}

/* Moves all that can be moved. */
void bridged_turn(struct conn *conn, int fd)
{
	bool moved;

	do {
		send_on(conn, 0);
		moved = false;
		if (bridged_api()->state(conn->bridge.bridge) != BRIDGE_OPEN)
			continue;
		moved |= move_from_server(conn);
		moved |= move_from_program(conn, fd);
	} while (moved);
	send_on(conn, 0);
	note_failure(conn);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <stdio.h>
#include <stdlib.h>

#include "hello.h"
#include "maker.h"
#include "side.h"
#include "verdict.h"

#define REASON_MAX 160
#define FLIGHT_MAX (64 << 10) /* of what the server first sent, kept for the program */

struct bridge {
	struct bridge_maker *maker;
	struct maker_target target;
	struct side program, server;
	struct bytes flight; /* what the server has sent in its handshake */
	X509 *mirrored;	     /* the server's certificate */
	enum bridge_state state;
	enum bridge_failure failure;
	char reason[REASON_MAX];
};

static void fail(struct bridge *bridge, enum bridge_failure failure, const char *reason)
{
	bridge->state = BRIDGE_FAILED;
	bridge->failure = failure;
	snprintf(bridge->reason, sizeof(bridge->reason), "%s", reason);
	bytes_free(&bridge->flight);
}

/* An alert as it is before there are keys, to a program that waits for a ServerHello. */
static void alert_program(struct bridge *bridge, int description)
{
	const char alert[] = {SSL3_RT_ALERT, 3, 3, 0, 2, SSL3_AL_FATAL, (char)description};

	bytes_add(&bridge->program.out, alert, sizeof(alert));
}

/* The program is to fail as it would have: by the server's own bytes, as long as they do not depend on
 * whose ClientHello they answer; later by the same alert. */
static void fail_server(struct bridge *bridge, const char *reason)
{
	struct side *server = &bridge->server;
	struct span flight = bytes_all(&bridge->flight);
	int alert = server->received != SIDE_ALERT_NONE ? server->received : server->sent;

	if (server->heard <= 1)
		bytes_add(&bridge->program.out, flight.at, flight.len);
	else
		alert_program(bridge, alert != SIDE_ALERT_NONE ? alert : SSL_AD_HANDSHAKE_FAILURE);
	fail(bridge, BRIDGE_SERVER_FAILED, reason);
}

/* Does this alert say that it is our certificate which the program does not take? */
static bool is_refusal(int alert)
{
	switch (alert) {
	case SSL_AD_CLOSE_NOTIFY:
	case SSL_AD_USER_CANCELLED:
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
		return true;
	default:
		return false;
	}
}

static void fail_program(struct bridge *bridge, const char *reason)
{
	bool refused = is_refusal(bridge->program.received);

	fail(bridge, refused ? BRIDGE_PROGRAM_REFUSED : BRIDGE_PROGRAM_FAILED, reason);
	side_end(&bridge->server);
}

static void want_certificate(struct bridge *bridge)
{
	bridge->server.over = bridge->server.broken = true;
	if (bridge->state == BRIDGE_CONNECTING)
		alert_program(bridge, SSL_AD_HANDSHAKE_FAILURE);
	fail(bridge, BRIDGE_WANTS_CERTIFICATE, "the server asks for a certificate of the program");
}

static void begin_program(struct bridge *bridge)
{
	struct bridge_maker *maker = bridge->maker;
	long error = SSL_get_verify_result(bridge->server.ssl);
	SSL *ssl = maker_to_program(maker, bridge->server.ssl);

	bytes_free(&bridge->flight);
	bridge->mirrored = SSL_get1_peer_certificate(bridge->server.ssl);
	if (!ssl || !side_begin(&bridge->program, ssl, maker->method)) {
		alert_program(bridge, SSL_AD_INTERNAL_ERROR);
		fail_program(bridge, "no certificate for the program");
		return;
	}
	bridge->state = BRIDGE_ACCEPTING;
	if (error != X509_V_OK)
		snprintf(bridge->reason, sizeof(bridge->reason), "%s",
			X509_verify_cert_error_string(error));
}

static void shake_server(struct bridge *bridge)
{
	switch (side_shake(&bridge->server)) {
	case SIDE_WAITS:
		break;
	case SIDE_DONE:
		begin_program(bridge);
		break;
	case SIDE_WANTS_CERTIFICATE:
		want_certificate(bridge);
		break;
	case SIDE_BROKEN:
		fail_server(bridge, side_error());
		break;
	}
}

static void shake_program(struct bridge *bridge)
{
	switch (side_shake(&bridge->program)) {
	case SIDE_WAITS:
		break;
	case SIDE_DONE:
		bridge->state = BRIDGE_OPEN;
		break;
	default:
		fail_program(bridge, side_error());
	}
}

static void go_on(struct bridge *bridge)
{
	if (bridge->state == BRIDGE_CONNECTING)
		shake_server(bridge);
	if (bridge->state == BRIDGE_ACCEPTING)
		shake_program(bridge);
	side_forget_errors();
}

/* Sessions of a server are kept by its name, or by its address if it goes without, and by what it was
 * offered: it may not be resumed by whom it would have to show another certificate. */
static bool name_target(
	struct maker_target *to, const struct bridge_target *target, const struct hello *offers)
{
	const char *host = target->name && *target->name ? target->name : target->address;
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	char text[300];
	int len = snprintf(text, sizeof(text), "%s:%u", host ? host : "", target->port);
	bool done = digest && len > 0 && (size_t)len < sizeof(text) &&
		    EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
		    EVP_DigestUpdate(digest, text, (size_t)len + 1) == 1 &&
		    EVP_DigestUpdate(digest, offers, sizeof(*offers)) == 1 &&
		    EVP_DigestFinal_ex(digest, to->key, NULL) == 1;

	EVP_MD_CTX_free(digest);
	return done;
}

static bool begin_server(
	struct bridge *bridge, const struct bridge_target *target, const struct hello *offers)
{
	struct bridge_maker *maker = bridge->maker;
	SSL *ssl;

	if (!name_target(&bridge->target, target, offers))
		return false;
	ssl = maker_to_server(maker, &bridge->target, target->name ? target->name : "", offers);
	return ssl && side_begin(&bridge->server, ssl, maker->method);
}

struct bridge *connection_open(struct bridge_maker *maker, const struct bridge_target *target,
	const char *hello, size_t len)
{
	struct bridge *bridge = calloc(1, sizeof(*bridge));
	struct hello offers;

	if (!bridge)
		return NULL;
	bridge->maker = maker;
	hello_read(&offers, hello, len);
	if (!begin_server(bridge, target, &offers) || !bytes_add(&bridge->program.in, hello, len)) {
		connection_close(bridge);
		side_forget_errors();
		return NULL;
	}
	go_on(bridge);
	return bridge;
}

void connection_close(struct bridge *bridge)
{
	if (!bridge)
		return;
	X509_free(bridge->mirrored);
	side_free(&bridge->program);
	side_free(&bridge->server);
	bytes_free(&bridge->flight);
	free(bridge);
}

void connection_from_program(struct bridge *bridge, const char *data, size_t len)
{
	if (bridge->state == BRIDGE_FAILED)
		return;
	if (!bytes_add(&bridge->program.in, data, len)) {
		fail(bridge, BRIDGE_PROGRAM_FAILED, "no memory");
		return;
	}
	go_on(bridge);
}

void connection_from_server(struct bridge *bridge, const char *data, size_t len)
{
	if (bridge->state == BRIDGE_FAILED)
		return;
	if (!bytes_add(&bridge->server.in, data, len)) {
		fail(bridge, BRIDGE_SERVER_FAILED, "no memory");
		return;
	}
	if (bridge->state == BRIDGE_CONNECTING && bytes_all(&bridge->flight).len < FLIGHT_MAX)
		bytes_add(&bridge->flight, data, len);
	go_on(bridge);
}

void connection_server_ended(struct bridge *bridge)
{
	bridge->server.ended = true;
	if (bridge->state == BRIDGE_CONNECTING)
		fail_server(bridge, "the server ended in its handshake");
}

void connection_program_ended(struct bridge *bridge)
{
	static const char reason[] = "the program ended in its handshake";
	bool shown = bridge->state == BRIDGE_ACCEPTING && !bytes_all(&bridge->program.out).len;

	bridge->program.ended = true;
	if (bridge->state == BRIDGE_CONNECTING || bridge->state == BRIDGE_ACCEPTING) {
		fail(bridge, shown ? BRIDGE_PROGRAM_REFUSED : BRIDGE_PROGRAM_FAILED, reason);
		side_end(&bridge->server);
		side_forget_errors();
	}
}

/* It may wait for the answer by the kernel alone, which has nothing for it: the server, whose goodbye it gets then,
 * wakes it. */
static void end_renegotiation(struct bridge *bridge)
{
	fail(bridge, BRIDGE_PROGRAM_RENEGOTIATES, "the program asks for another handshake");
	side_end(&bridge->server);
}

long connection_read_program(struct bridge *bridge, char *data, size_t cap)
{
	long len;

	if (bridge->state != BRIDGE_OPEN)
		return bridge->state == BRIDGE_FAILED ? -1 : 0;
	len = side_read(&bridge->program, data, cap);
	if (bridge->program.broken)
		fail_program(bridge, side_error());
	else if (bridge->program.sent == SSL_AD_NO_RENEGOTIATION)
		end_renegotiation(bridge);
	side_forget_errors();
	return len;
}

/* By a renegotiation. The program has been told of another. */
static bool is_another(const struct bridge *bridge)
{
	X509 *now = SSL_get0_peer_certificate(bridge->server.ssl);

	return now && now != bridge->mirrored && X509_cmp(now, bridge->mirrored) != 0;
}

long connection_read_server(struct bridge *bridge, char *data, size_t cap)
{
	long len;

	if (bridge->state == BRIDGE_CONNECTING)
		return 0;
	if (bridge->state == BRIDGE_FAILED)
		return -1;
	len = side_read(&bridge->server, data, cap);
	if (SSL_want_x509_lookup(bridge->server.ssl))
		want_certificate(bridge);
	else if (bridge->server.broken)
		fail(bridge, BRIDGE_SERVER_FAILED, side_error());
	else if (is_another(bridge))
		fail(bridge, BRIDGE_SERVER_FAILED, "the server has another certificate now");
	side_forget_errors();
	return bridge->state == BRIDGE_FAILED ? -1 : len;
}

bool connection_to_server(struct bridge *bridge, const char *data, size_t len)
{
	bool done = bridge->state == BRIDGE_OPEN && side_write(&bridge->server, data, len);

	side_forget_errors();
	return done;
}

bool connection_to_program(struct bridge *bridge, const char *data, size_t len)
{
	bool done = bridge->state == BRIDGE_OPEN && side_write(&bridge->program, data, len);

	side_forget_errors();
	return done;
}

size_t connection_unsent(const struct bridge *bridge)
{
	return bridge->state == BRIDGE_OPEN ? side_unsent(&bridge->server) : 0;
}

void connection_end_server(struct bridge *bridge)
{
	if (bridge->state != BRIDGE_CONNECTING)
		side_end(&bridge->server);
	side_forget_errors();
}

void connection_end_program(struct bridge *bridge)
{
	if (bridge->state == BRIDGE_OPEN)
		side_end(&bridge->program);
	side_forget_errors();
}

struct span connection_for_server(struct bridge *bridge)
{
	return bytes_all(&bridge->server.out);
}

void connection_sent_to_server(struct bridge *bridge, size_t len)
{
	bytes_drop(&bridge->server.out, len);
}

struct span connection_for_program(struct bridge *bridge)
{
	return bytes_all(&bridge->program.out);
}

void connection_sent_to_program(struct bridge *bridge, size_t len)
{
	bytes_drop(&bridge->program.out, len);
}

enum bridge_state connection_state(const struct bridge *bridge)
{
	return bridge->state;
}

enum bridge_failure connection_failure(const struct bridge *bridge)
{
	return bridge->failure;
}

enum bridge_server connection_server(const struct bridge *bridge)
{
	return bridge->mirrored ? verdict_of(bridge->mirrored, bridge->server.ssl)
				: BRIDGE_SERVER_NOT_SEEN;
}

const char *connection_reason(const struct bridge *bridge)
{
	return bridge->reason;
}

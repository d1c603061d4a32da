/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_MAKER_H
#define CHAOS_BRIDGE_MAKER_H

/* What all bridges of a process share. */

#include <openssl/ssl.h>

#include "authority.h"
#include "bridge.h"
#include "hello.h"
#include "leaves.h"
#include "sessions.h"
#include "side.h"
#include "trust.h"

struct bridge_maker {
	struct authority authority;
	struct trust trust;
	struct leaves leaves;
	struct sessions sessions;
	BIO_METHOD *method;
	SSL_CTX *to_server, *to_program;
};

/* What the connection to a server belongs to, as its SSL_get_app_data(). */
struct maker_target {
	struct sessions *sessions;
	uint8_t key[SESSIONS_KEY_LEN];
};

struct bridge_maker *maker_make(const struct bridge_settings *settings, const char **reason);
void maker_free(struct bridge_maker *maker);

/* A connection to a server, not begun, which is offered what the program offers. `name` may be "". The
 * target must live as long. NULL: no memory. */
SSL *maker_to_server(struct bridge_maker *maker, struct maker_target *target, const char *name,
	const struct hello *offers);
/* One to the program, which is shown the mirror of that server. NULL: it cannot be made. */
SSL *maker_to_program(struct bridge_maker *maker, SSL *server);

#endif

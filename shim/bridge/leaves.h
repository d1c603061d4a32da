/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_LEAVES_H
#define CHAOS_BRIDGE_LEAVES_H

/* The leaves that were made, by server certificate, by whether it was asked for by
 * name, and by what its verification found. */

#include <openssl/x509.h>
#include <pthread.h>
#include <stdint.h>

#include "authority.h"

#define LEAVES_MAX     64
#define LEAVES_KEY_LEN 32

struct leaf {
	uint8_t key[LEAVES_KEY_LEN]; /* of what it is the mirror */
	X509 *certificate;
	X509 *chain; /* goes with it; NULL: nothing does */
};

struct leaves {
	pthread_mutex_t lock;
	const struct authority *authority;
	EVP_PKEY *key; /* of all leaves */
	unsigned next; /* is replaced next */
	struct leaf made[LEAVES_MAX];
};

bool leaves_begin(struct leaves *leaves, const struct authority *authority);
void leaves_free(struct leaves *leaves);

/* The leaf for a server that the program asks for by name or by address, and whose verification ended
 * with `error`; for leaf_release(). False: it cannot be made. */
bool leaves_find(struct leaves *leaves, X509 *server, bool by_name, long error, struct leaf *leaf);
void leaf_release(struct leaf *leaf);

#endif

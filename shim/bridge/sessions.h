/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_SESSIONS_H
#define CHAOS_BRIDGE_SESSIONS_H

/* The sessions that servers gave us, to be resumed. Each holds the server's certificate and what its
 * verification found. */

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdint.h>

#define SESSIONS_MAX	 128
#define SESSIONS_OF_ONE	 4 /* of one target: TLS 1.3 takes each but once */
#define SESSIONS_KEY_LEN 32

struct sessions {
	pthread_mutex_t lock;
	unsigned next; /* is replaced next */
	struct {
		uint8_t key[SESSIONS_KEY_LEN];
		SSL_SESSION *session;
	} kept[SESSIONS_MAX];
};

void sessions_begin(struct sessions *sessions);
void sessions_free(struct sessions *sessions);

/* The caller's to free; NULL: none. */
SSL_SESSION *sessions_take(struct sessions *sessions, const uint8_t key[SESSIONS_KEY_LEN]);
/* Takes the session over. */
void sessions_keep(
	struct sessions *sessions, const uint8_t key[SESSIONS_KEY_LEN], SSL_SESSION *session);

#endif

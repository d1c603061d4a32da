/* SPDX-License-Identifier: Apache-2.0 */
#include "sessions.h"

#include <stdbool.h>
#include <string.h>

void sessions_begin(struct sessions *sessions)
{
	pthread_mutex_init(&sessions->lock, NULL);
}

void sessions_free(struct sessions *sessions)
{
	for (unsigned i = 0; i < SESSIONS_MAX; i++)
		SSL_SESSION_free(sessions->kept[i].session);
	pthread_mutex_destroy(&sessions->lock);
}

static bool is_of(const struct sessions *sessions, unsigned i, const uint8_t *key)
{
	return sessions->kept[i].session &&
	       memcmp(sessions->kept[i].key, key, SESSIONS_KEY_LEN) == 0;
}

/* Nobody waits for the lock: after a fork its holder may be gone. Who does not get it does without. */
SSL_SESSION *sessions_take(struct sessions *sessions, const uint8_t key[SESSIONS_KEY_LEN])
{
	SSL_SESSION *session = NULL;

	if (pthread_mutex_trylock(&sessions->lock) != 0)
		return NULL;
	for (unsigned i = 0; !session && i < SESSIONS_MAX; i++) {
		if (!is_of(sessions, i, key))
			continue;
		session = sessions->kept[i].session;
		if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
			sessions->kept[i].session = NULL;
		else
			SSL_SESSION_up_ref(session);
	}
	pthread_mutex_unlock(&sessions->lock);
	return session;
}

/* Where the next of this target goes: to a free place, unless it has enough of them. */
static unsigned place_for(const struct sessions *sessions, const uint8_t *key)
{
	unsigned place = sessions->next, of_one = 0;

	for (unsigned i = 0; i < SESSIONS_MAX; i++)
		if (is_of(sessions, i, key) && ++of_one == SESSIONS_OF_ONE)
			return i;
	for (unsigned i = 0; i < SESSIONS_MAX; i++)
		if (!sessions->kept[(place + i) % SESSIONS_MAX].session)
			return (place + i) % SESSIONS_MAX;
	return place;
}

void sessions_keep(
	struct sessions *sessions, const uint8_t key[SESSIONS_KEY_LEN], SSL_SESSION *session)
{
	unsigned place;
	SSL_SESSION *old;

	if (pthread_mutex_trylock(&sessions->lock) != 0) {
		SSL_SESSION_free(session);
		return;
	}
	place = place_for(sessions, key);
	old = sessions->kept[place].session;
	memcpy(sessions->kept[place].key, key, SESSIONS_KEY_LEN);
	sessions->kept[place].session = session;
	sessions->next = (place + 1) % SESSIONS_MAX;
	pthread_mutex_unlock(&sessions->lock);
	SSL_SESSION_free(old);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "leaves.h"

#include <openssl/evp.h>
#include <string.h>

#include "key.h"
#include "leaf.h"

bool leaves_begin(struct leaves *leaves, const struct authority *authority)
{
	pthread_mutex_init(&leaves->lock, NULL);
	leaves->authority = authority;
	leaves->key = key_make();
	return leaves->key;
}

void leaf_release(struct leaf *leaf)
{
	X509_free(leaf->certificate);
	X509_free(leaf->chain);
	*leaf = (struct leaf){0};
}

void leaves_free(struct leaves *leaves)
{
	for (unsigned i = 0; i < LEAVES_MAX; i++)
		leaf_release(&leaves->made[i]);
	EVP_PKEY_free(leaves->key);
	pthread_mutex_destroy(&leaves->lock);
}

static bool make_key(uint8_t key[LEAVES_KEY_LEN], X509 *server, bool by_name, long error)
{
	unsigned len;

	if (X509_digest(server, EVP_sha256(), key, &len) != 1)
		return false;
	for (size_t i = 0; i < sizeof(error); i++)
		key[i] ^= (uint8_t)((unsigned long)error >> 8 * i);
	key[LEAVES_KEY_LEN - 1] ^= by_name;
	return true;
}

static void hold(struct leaf *to, const struct leaf *from)
{
	*to = *from;
	X509_up_ref(to->certificate);
	if (to->chain)
		X509_up_ref(to->chain);
}

/* Nobody waits for the lock: after a fork its holder may be gone. Who does not get it makes a leaf. */
static bool look_up(struct leaves *leaves, struct leaf *leaf)
{
	bool found = false;

	if (pthread_mutex_trylock(&leaves->lock) != 0)
		return false;
	for (unsigned i = 0; !found && i < LEAVES_MAX; i++) {
		found = leaves->made[i].certificate &&
			memcmp(leaves->made[i].key, leaf->key, LEAVES_KEY_LEN) == 0;
		if (found)
			hold(leaf, &leaves->made[i]);
	}
	pthread_mutex_unlock(&leaves->lock);
	return found;
}

static void keep(struct leaves *leaves, const struct leaf *leaf)
{
	struct leaf old;

	if (pthread_mutex_trylock(&leaves->lock) != 0)
		return;
	old = leaves->made[leaves->next];
	hold(&leaves->made[leaves->next], leaf);
	leaves->next = (leaves->next + 1) % LEAVES_MAX;
	pthread_mutex_unlock(&leaves->lock);
	leaf_release(&old);
}

/* The leaf is shown with who has signed it, unless that is a root. */
static bool make_leaf(
	struct leaves *leaves, X509 *server, bool by_name, long error, struct leaf *leaf)
{
	X509 *signer = leaves->authority->certificate;

	if (error != X509_V_OK) {
		leaf->certificate = leaf_make_refused(server, leaves->key, error, &leaf->chain);
		return leaf->certificate;
	}
	leaf->certificate = leaf_make(leaves->authority, server, leaves->key, by_name);
	if (leaf->certificate && leaves->authority->is_intermediate && X509_up_ref(signer))
		leaf->chain = signer;
	return leaf->certificate;
}

bool leaves_find(struct leaves *leaves, X509 *server, bool by_name, long error, struct leaf *leaf)
{
	*leaf = (struct leaf){0};
	if (!make_key(leaf->key, server, by_name, error))
		return false;
	if (look_up(leaves, leaf))
		return true;
	if (!make_leaf(leaves, server, by_name, error, leaf))
		return false;
	keep(leaves, leaf);
	return true;
}

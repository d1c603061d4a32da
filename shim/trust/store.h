/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TRUST_STORE_H
#define CHAOS_TRUST_STORE_H

/* Java's trust stores, by the bridge's library: their checksums need cryptography. */

#include <stdbool.h>

#include "shim/bridge/store.h"

/* Is it one, by its first bytes? */
bool store_is_one(struct span bytes);

/* As add() of struct store_api. Loads the library, at the first time; 0 without it, too. */
size_t store_add(struct span store, const char *const *passwords, struct span authority, char *out,
	size_t cap);

/* As lists_authorities() of struct store_api; false without the library. */
bool store_lists_authorities(struct span content);

/* As hash() of struct store_api; false without the library. */
bool store_hash(struct span authority, uint32_t *hash);

#endif

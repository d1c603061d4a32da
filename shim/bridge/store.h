/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_STORE_H
#define CHAOS_BRIDGE_STORE_H

/* What is to be known of files of certificates that needs cryptography: Java's trust stores with one more
 * certificate, and names in hashed folders. Bytes in, bytes out. */

#include <stdint.h>

#include "shim/base/span.h"

#define STORE_VERSION 2

/* What a certificate (PEM) of this length may add to a store. */
static inline size_t store_room(size_t certificate)
{
	return certificate + 4096;
}

struct store_api {
	uint32_t version;

	/*
	 * Writes the store, a JKS or PKCS12, with the certificate (PEM) as one more that is trusted to
	 * `out`, which has room for it. Of the passwords, a list with NULL at its end, one is to fit
	 * the checksum, if there is one: the new checksum is by the same. Returns the new length. 0:
	 * the store is neither, is damaged, has the certificate already, or no password fits; or there
	 * is no memory.
	 */
	size_t (*add)(struct span store, const char *const *passwords, struct span certificate,
		char *out, size_t cap);

	/* Is it a list of authorities, in any of the formats of stores.h? Not with a private key, or
	 * with the certificate of a server: that may be what the program shows itself. */
	bool (*lists_authorities)(struct span content);

	/* By which OpenSSL looks for a certificate (PEM) in a folder. False: it is none. */
	bool (*hash)(struct span certificate, uint32_t *hash);
};

/* The other symbol. NULL: of another version. */
const struct store_api *bridge_store_api(uint32_t version);

#endif

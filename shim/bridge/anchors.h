/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_ANCHORS_H
#define CHAOS_BRIDGE_ANCHORS_H

/* Certificates that are trusted, as they are encoded: one that is not needed is never decoded, which
 * for a system's bundle would take longer than a handshake. */

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/base/span.h"

struct anchor {
	uint8_t *encoded;
	size_t len;
	struct span subject; /* within it, encoded, too */
};

struct anchors {
	struct anchor *all;
	size_t count, cap;
	const char *
		password; /* of a store that is read, besides the usual ones; NULL: none is known */
};

/* Copies a certificate. False: it is none, or no memory. */
bool anchors_add(struct anchors *anchors, const void *encoded, size_t len);
bool anchors_add_certificate(struct anchors *anchors, X509 *certificate);
void anchors_free(struct anchors *anchors);

/* Those that `name` names, put into the store. With `loosely`, names that differ in spelling alone are
 * the same, which takes longer. False: no memory. */
bool anchors_put(const struct anchors *anchors, X509_NAME *name, bool loosely, X509_STORE *store);

#endif

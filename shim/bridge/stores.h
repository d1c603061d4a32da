/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_STORES_H
#define CHAOS_BRIDGE_STORES_H

/* The formats in which trusted certificates are kept. */

#include "anchors.h"

/* Adds what a file holds: certificates in PEM, a store of Java's (JKS), or one of PKCS #12 without a
 * password, or with that of the anchors or Java's own, "changeit". What cannot be read is left out. */
void stores_read(struct anchors *anchors, struct span content);

/* Is there a private key in it, as far as it can be read? */
bool stores_has_key(struct span content);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_LEAF_H
#define CHAOS_BRIDGE_LEAF_H

/* Makes the certificate that the program is shown: the mirror of the server's. */

#include <openssl/x509.h>
#include <stdbool.h>

#include "authority.h"

/* The public part of `key` under the server's names and dates, as far as the authority may vouch for
 * them; without its addresses if the program asks for it `by_name`. NULL: it cannot be made. */
X509 *leaf_make(const struct authority *authority, X509 *server, EVP_PKEY *key, bool by_name);

/* May the authority vouch for a server of this name? */
bool leaf_permits(const struct authority *authority, const char *name);

/* The same of an authority that nobody trusts; its name tells `error`, an X509_V_ERR. The chain that goes with the leaf is put into *chain, NULL: none does. */
X509 *leaf_make_refused(X509 *server, EVP_PKEY *key, long error, X509 **chain);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_AUTHORITY_H
#define CHAOS_BRIDGE_AUTHORITY_H

/* Who signs the leaves: a certificate with its key, and what it may vouch for. */

#include <openssl/x509v3.h>
#include <stdbool.h>

struct authority {
	X509 *certificate;
	EVP_PKEY *key;
	NAME_CONSTRAINTS *constraints; /* NULL: none */
	bool is_intermediate;	       /* programs trust who has signed it, and are shown it */
};

/* From PEM files. NULL if it could; else why not, a constant. */
const char *authority_read(struct authority *authority, const char *certificate, const char *key);
void authority_free(struct authority *authority);

#endif

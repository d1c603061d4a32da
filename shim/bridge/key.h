/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_KEY_H
#define CHAOS_BRIDGE_KEY_H

/* Private keys on P-256 as structures of OpenSSL's own, not as those of a provider: to read or write one of
 * these OpenSSL looks through all of its encoders or decoders, for more than a millisecond at the first time. */

#include <openssl/pem.h>

/* Both are for EVP_PKEY_free(). NULL: it cannot be made, or read. */
EVP_PKEY *key_make(void);
/* Also one of another kind, and more slowly. */
EVP_PKEY *key_read(BIO *pem, pem_password_cb *password);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_POLICY_H
#define CHAOS_BRIDGE_POLICY_H

/* What a program would have of its server: versions, ciphers, signatures, groups. */

#include <openssl/ssl.h>
#include <stdbool.h>

#include "hello.h"

/* The connection offers the server what the program offers, as far as OpenSSL has it, and nothing
 * else. False: there is nothing that both have, or no memory. */
bool policy_apply(SSL *ssl, const struct hello *hello);

#endif

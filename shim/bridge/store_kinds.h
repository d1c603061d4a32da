/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_STORE_KINDS_H
#define CHAOS_BRIDGE_STORE_KINDS_H

#include <openssl/x509.h>

#include "shim/base/span.h"

/* Under which the certificate is listed. */
#define STORE_ALIAS "chaos-run"

/* As add() of struct store_api, for each kind. */
size_t store_jks_add(
	struct span store, const char *const *passwords, X509 *certificate, char *out, size_t cap);
size_t store_pkcs12_add(
	struct span store, const char *const *passwords, X509 *certificate, char *out, size_t cap);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_VERDICT_H
#define CHAOS_VERDICT_H

/* What a server's certificate is worth, once its chain was looked at. */

#include <openssl/ssl.h>

#include "bridge.h"

enum bridge_server verdict_of(const X509 *certificate, const SSL *ssl);

#endif

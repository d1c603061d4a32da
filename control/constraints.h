/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_CONSTRAINTS_H
#define CHAOS_CONTROL_CONSTRAINTS_H

/* The servers that an authority is good for, as the name constraints of its certificate (RFC 5280,
 * 4.2.1.10). */

#include <openssl/x509v3.h>

#include "shim/engine/endpoints.h"

/* The domains of AWS that the model knows, localhost, loopback addresses, and these hosts. The same for
 * the same hosts, in whatever order. The caller frees it; NULL: no memory. */
NAME_CONSTRAINTS *constraints_make(const struct endpoints *hosts);

/* Is this name or address (as in struct endpoint) within them? */
bool constraints_permit(const NAME_CONSTRAINTS *constraints, const char *host);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_PEM_H
#define CHAOS_PEM_H

/* Bundles of certificates as text. */

#include "shim/base/span.h"

/* What an authority of this length may add to a bundle. */
static inline size_t pem_room(size_t authority)
{
	return authority + 2;
}

/*
 * Appends the authority to the `len` bytes of a bundle, behind which there is room for it; in front of the first
 * certificate that is broken, if one is. Returns the
 * new length; `len` if this is no bundle, if it has that authority already, or if that is none.
 */
size_t pem_append(char *bundle, size_t len, struct span authority);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_VECTOR_H
#define CHAOS_BRIDGE_VECTOR_H

/* Numbers and vectors as TLS (RFC 8446, 3.4) and Java's key stores write them: big-endian. */

#include <stdint.h>

#include "shim/base/span.h"

/* Takes a number of `width` bytes off the beginning. False: there are fewer. */
static inline bool take_number(struct span *from, size_t width, size_t *number)
{
	if (from->len < width)
		return false;
	*number = 0;
	for (size_t i = 0; i < width; i++)
		*number = *number << 8 | (uint8_t)from->at[i];
	*from = span_from(*from, width);
	return true;
}

/* Takes a vector, before which its length stands in `width` bytes. */
static inline bool take_vector(struct span *from, size_t width, struct span *vector)
{
	size_t len;

	if (!take_number(from, width, &len) || from->len < len)
		return false;
	*vector = (struct span){from->at, len};
	*from = span_from(*from, len);
	return true;
}

#endif

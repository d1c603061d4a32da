/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_BYTES_H
#define CHAOS_BRIDGE_BYTES_H

/* A queue of bytes that grows at its end and is taken from at its beginning. All zero: empty. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/base/span.h"

struct bytes {
	char *data;
	size_t begin, end, cap;
};

/* False: no memory; nothing was added then. */
bool bytes_add(struct bytes *bytes, const void *data, size_t len);
/* What is in it, until it is next changed. */
struct span bytes_all(const struct bytes *bytes);
void bytes_drop(struct bytes *bytes, size_t len);
void bytes_free(struct bytes *bytes);

#endif

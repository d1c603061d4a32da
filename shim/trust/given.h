/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_GIVEN_H
#define CHAOS_GIVEN_H

/* Stores that a program names by itself: in its code, or by an option of its own. */

#include <stdbool.h>

/* May the file at this path be one: by how it is called, and since the code that returns to `caller` has a TLS
 * of its own? Makes no system call; nearly all paths fail by their last bytes. */
bool given_may_be(const char *path, const void *caller);

/* Is it called like a file of certificates, or a store of them? */
bool given_is_name(const char *path);

#endif

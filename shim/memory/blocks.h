/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BLOCKS_H
#define CHAOS_BLOCKS_H

/* Memory in place of malloc(). A signal handler may send or close where it has interrupted malloc(),
 * and may fork where it has interrupted us. Lock-free; used only once a rule has something to do. */

#include <stdbool.h>
#include <stddef.h>

/* At least `size` bytes, which are not cleared. NULL: no memory. The caller gives them back. */
void *blocks_take(size_t size);

/* The same; without `may_map` no system call is made: only what blocks_reserve() has seen to, and what was
 * given back, is there to be had. */
void *blocks_take_if(size_t size, bool may_map);

/* Some blocks of that size, of which a few dozen are made, are there from now on. False: no memory. */
bool blocks_reserve(size_t size);

/* `bytes` may be NULL. */
void blocks_give(void *bytes);

#endif

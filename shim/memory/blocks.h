/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BLOCKS_H
#define CHAOS_BLOCKS_H

/* Memory in place of malloc(). A signal handler may send or close where it has interrupted malloc(),
 * and may fork where it has interrupted us. Lock-free; used only once a rule has something to do. */

#include <stddef.h>

/* At least `size` bytes, which are not cleared. NULL: no memory. The caller gives them back. */
void *blocks_take(size_t size);

/* `bytes` may be NULL. */
void blocks_give(void *bytes);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_DRAFTS_H
#define CHAOS_DRAFTS_H

/* Memory for the beginnings of requests that come in pieces. Neither malloc(), since a signal handler
 * may be sending, nor, as long as few are needed at a time, a system call. */

#include "shim/engine/exchange.h"

bool drafts_grow(struct draft *draft, size_t cap);
void drafts_release(struct draft *draft);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_STEPS_H
#define CHAOS_STEPS_H

/* Memory for the steps of offers under way: too large for the stack of a signal handler, and needed by
 * few threads at a time. */

#include "shim/engine/exchange.h"

/* Never fails: waits for another thread's, if need be. No system call as long as there are some. */
struct exchange_step *steps_take(void);
void steps_give_back(struct exchange_step *step);

#endif

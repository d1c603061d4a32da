/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_LIVING_H
#define CHAOS_CONTROL_LIVING_H

/* Which of the processes that the journal lists are still there, and not just waiting to be reaped. */

#include <stdbool.h>

#include "shim/memory/journal.h"

bool living_pid(uint32_t pid, uint64_t start);
bool living_process(const struct journal_process *process);

/* Is any of them? */
bool living_any(const struct journal *journal);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_PROCESS_LINE_H
#define CHAOS_PROCESS_LINE_H

#include "shim/memory/journal.h"

/* This process's line in the journal; NULL when the list is full (which is counted). The line stays
 * when the process ends, and is given to another when it is needed. */
struct journal_process *process_register(struct journal *journal);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ENTRY_H
#define CHAOS_ENTRY_H

#include "journal.h"

/* The line of a process in its group of the journal (see JOURNAL_GROUP), `pid` and `start` being for this
 * one what journal_self() says; NULL when that is full (which is counted). The line stays when the process
 * ends, and is given to another when it is needed. */
struct journal_process *process_register(struct journal *journal,
	struct journal_process group[JOURNAL_GROUP], uint32_t pid, uint64_t start);

/* Notes a server that the process was blind to, if it is a new one and there is room, and why in words
 * (NULL: the reason says it). From several threads and signal handlers. */
void process_note_blind(
	struct journal_process *line, int reason, const char *host, const char *words);

#endif

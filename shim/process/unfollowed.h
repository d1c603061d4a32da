/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_UNFOLLOWED_H
#define CHAOS_UNFOLLOWED_H

#include "shim/memory/journal.h"

/* Counts that this program is begun, and cannot be followed for this reason (of enum binary_obstacle).
 * Returns its place in the list; NULL: that is full. Writes to the journal alone: it may be called by a
 * vfork child. */
struct journal_program *unfollowed_add(struct journal *journal, uint32_t reason, const char *path);

/* It was not begun after all. */
void unfollowed_remove(struct journal *journal, struct journal_program *place);

#endif

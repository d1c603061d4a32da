/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_PROCESSES_H
#define CHAOS_CONTROL_PROCESSES_H

/* The processes that carry the shim, as the journal lists them. */

#include <stdbool.h>

#include "guests.h"
#include "shim/memory/journal.h"

/* Does any of them live? Here and below, `guests` may have no journal. */
bool processes_any(const struct journal *journal, const struct guests *guests);

/* How many live? */
unsigned processes_count(const struct journal *journal, const struct guests *guests);

/* What the API calls a reason to be blind (enum journal_blind); NULL: there is no such. */
const char *processes_blind_name(unsigned reason);

/* A JSON array of those that live, and of those that have ended and had connections, until their places
 * are needed; the caller frees it. `redact`: their programs stand in the place of their commands. */
char *processes_json(const struct journal *journal, const struct guests *guests, bool redact);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_GUEST_H
#define CHAOS_GUEST_H

/* A program of another user than the runtime folder's: it has table and journal from the daemon. */

#include <stdbool.h>

#include "shim/memory/table.h"

/* Does it know what to say to the daemon? */
bool guest_may_be(void);

/* Asks the daemon for its files, which takes a second at most, and attaches to the journal among them. Returns
 * the table, or NULL with errno: EACCES, this is no guest; EBUSY, the daemon was asked a moment ago. */
struct table *guest_attach(void);

/* In a guest, before something is counted: attaches to the journal of a daemon that has come meanwhile. No
 * system call where none has. */
void guest_follow(void);

#endif

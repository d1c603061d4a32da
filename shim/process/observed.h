/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_OBSERVED_H
#define CHAOS_OBSERVED_H

/* The part of the journal that is mapped only while somebody observes. */

#include <stddef.h>

#include "shim/memory/journal.h"

struct observed {
	struct operation operations[OPERATIONS];
	struct event_slot events[JOURNAL_EVENTS];
};

_Static_assert(offsetof(struct journal, events) - offsetof(struct journal, operations) ==
			       offsetof(struct observed, events) &&
		       offsetof(struct journal, operations) % 4096 == 0,
	"it is mapped as one");

/* journal.c: maps it. False: it cannot be, and for a while it is not tried again. */
bool observed_map(void);

#endif

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

/* It stays, like its mappings, when another journal takes the place of this: what has begun here ends here. */
struct observer {
	struct journal *journal; /* its header alone */
	struct observed *map;
};

/* journal.c: maps it. NULL: it cannot be mapped, and for a while it is not tried again. */
struct observer *observed_map(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_OBSERVE_H
#define CHAOS_REPORT_OBSERVE_H

/*
 * Has a daemon's programs tell of their calls for as long as somebody looks. Who is first turns that on,
 * who is last turns it off again, unless it was on before: the kernel's locks on the journal tell who
 * is left, so that one that is killed is forgotten.
 */

#include <stdbool.h>

#include "shim/memory/journal.h"

#define OBSERVE_REASON_MAX 512

struct observe {
	const char *folder;
	const struct journal *journal; /* whole, mapped for reading */
	int fd;			       /* of the journal */
	bool is_ours;		       /* it was off before the first of us */
};

/* Returns 0, or -errno with the reason, which names the folder. */
int observe_begin(struct observe *observe, const char *folder, char reason[OBSERVE_REASON_MAX]);

/* Has the daemon put what programs of other users tell among the events; where there can be none, does nothing. */
void observe_guests(const struct observe *observe);

void observe_end(struct observe *observe);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_OBSERVE_H
#define CHAOS_REPORT_OBSERVE_H

/*
 * Has a daemon's programs tell of their calls for as long as somebody looks, and renews that. Who is last ends
 * it, unless it was on before or somebody has asked to keep it: the kernel's locks on the journal tell who
 * is left. After one that is killed it ends by itself within a minute.
 */

#include <stdbool.h>

#include "shim/memory/journal.h"

#define OBSERVE_REASON_MAX 512

struct observe {
	const char *folder;
	const struct journal *journal; /* whole, mapped for reading */
	int fd;			       /* of the journal */
	bool is_ours;		       /* it was off before the first of us */
	uint64_t renewed;	       /* CLOCK_MONOTONIC, nanoseconds */
};

/* Returns 0, or -errno with the reason, which names the folder. */
int observe_begin(struct observe *observe, const char *folder, char reason[OBSERVE_REASON_MAX]);

/* To be called every few seconds at least, and cheap: goes on observing. A daemon that does not answer is
 * asked again the next time. */
#define OBSERVE_RENEW_MS 5000
void observe_continue(struct observe *observe);

/* Has the daemon put what programs of other users tell among the events; where there can be none, does nothing. */
void observe_guests(const struct observe *observe);

void observe_end(struct observe *observe);

#endif

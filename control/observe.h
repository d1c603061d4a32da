/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_OBSERVE_H
#define CHAOS_CONTROL_OBSERVE_H

/*
 * Who observes. As long as nobody does, programs tell of no call, and no call costs more for it. Kept: by
 * POST /_chaos/observe, which is saved, or by --observe, until DELETE. Leased: by whoever reads
 * events, counts or metrics, for as long as that lasts and a minute more.
 */

#include "held.h"

#define OBSERVE_LEASE_SECONDS 60
#define OBSERVE_READERS	      64 /* of events, at the same time */

/* The caller of this and of all up to observe_reader_ends() holds the lock. Takes or renews the lease. Returns 0, or -EINVAL with 507 where the journal has no room for
 * events: then nothing has changed. */
int observe_renew(struct api *api, struct refusal *why);

/* Before anything is published: what a daemon that was killed has left observed is leased once more, for who
 * reads may be there still. */
void observe_take_over(struct api *api);

/* The same, for a reader that stays until observe_reader_ends(). 503: there are too many. */
int observe_reader_begins(struct api *api, struct refusal *why);

/* Ends what is not saved; the lease only if nobody reads. */
void observe_forget(struct api *api);

/* Takes the lock. */
void observe_reader_ends(struct api *api);

/* Takes over what guests tell. Takes the lock. */
void observe_guests(struct api *api);

/* Ends a lease that is over. Returns whether there is one still. Takes the lock. */
bool observe_expire(struct api *api);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_GUARD_H
#define CHAOS_TOOLS_GUARD_H

/*
 * What happens when the supervisor is killed. The kernel would fail every connect() of its programs with
 * ENOSYS from then on; so another process holds their listeners, too, and lets the calls go.
 */

#include <stdatomic.h>
#include <stdint.h>

#include "bundles.h"
#include "shim/memory/journal.h"

#define GUARD_LISTENERS 1024u
#define GUARD_CALLS	8192u

/* A call that waits for the supervisor's answer. */
struct guard_call {
	_Atomic uint64_t notice; /* its id; 0: free */
	_Atomic uint32_t listener;
};

/* What both processes share. */
struct guard {
	struct bundles bundles;	 /* of the guard's copy the folder alone counts */
	struct journal *journal; /* its header alone; NULL: there is none */
	struct guard_call *calls;
	int socket; /* between the two */
};

/* Forks. Returns 1 in the supervisor, which goes on; in the guard, returns 0 when there is nothing
 * left to do; or -errno. */
int guard_begin(struct guard *guard, const char *folder);

/* In the supervisor: here is a listener; it is of no use any more. */
void guard_add(struct guard *guard, uint32_t number, int listener);
void guard_remove(struct guard *guard, uint32_t number);

/* Counts for --strict that a program's calls could not be looked at. */
void guard_count_lost(struct guard *guard);

#endif

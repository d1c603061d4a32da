/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_GUESTS_H
#define CHAOS_CONTROL_GUESTS_H

/*
 * Programs that root has handed over to another user, who cannot open root's runtime folder. Who knows the
 * secret is given the table, to be read alone, and a journal that is theirs: a file without a name, which
 * nobody can shrink. What stands in it is any guest's to write, and harms the counts of guests alone.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/memory/journal.h"
#include "shim/memory/table.h"

#define GUESTS_USERS 64

struct guests {
	struct journal *journal; /* theirs; NULL: there can be no guests */
	int journal_fd, listener, folder_fd;
	char entry[GUESTS_ENTRY_MAX];	       /* of the environment */
	_Atomic(uint32_t) users[GUESTS_USERS]; /* who has been given the journal; 0: nobody yet */
	pthread_t thread;
	_Atomic bool stops;
};

/*
 * Makes their journal and listens for them, if this is root's daemon. What a guest is to say stays the same
 * over a restart: it stands in `own`, the journal of the folder. Where it cannot be done there are none, and
 * programs of other users get no rules, which is told.
 */
void guests_open(struct guests *guests, const struct journal *own, int folder_fd);

/* Answers them from now on. The library finds in `own` what a guest is to say; those that attached to the
 * journal of an earlier daemon come again. The guests stay the caller's, at their place. */
void guests_start(struct guests *guests, struct journal *own, struct table_file *table);

void guests_close(struct guests *guests);

/* Has anybody been given the journal? As long as nobody has, a look at it would only take up memory. */
bool guests_any(const struct guests *guests);

/* Does that process run as a user who has been given the journal? */
bool guests_has_user_of(const struct guests *guests, uint32_t pid);

#endif

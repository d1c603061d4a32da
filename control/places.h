/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_PLACES_H
#define CHAOS_CONTROL_PLACES_H

/* The clients at a listening socket, by when they were last heard. Where they are too many, the one
 * that has been silent the longest has to go, so that there is always a place for the next. */

struct place;

struct places {
	struct place *oldest, *newest;
	unsigned count, most;
};

/* `fd` stays the caller's, and open until places_leave(). Shuts another client's connection down if
 * there are more than `most` now; that one leaves later. Never NULL. */
struct place *places_take(struct places *places, int fd);

/* It was heard just now. */
void places_touch(struct places *places, struct place *place);

/* Frees the place. */
void places_leave(struct places *places, struct place *place);

#endif

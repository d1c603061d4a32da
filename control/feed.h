/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_FEED_H
#define CHAOS_CONTROL_FEED_H

/* Events of a journal as a text that is made piece by piece, as its reader takes it. Knows nothing of
 * sockets. */

#include <sys/types.h>

#include "query.h"
#include "shim/memory/journal.h"

enum feed_format {
	FEED_LINES,  /* one JSON object on each line, up to the events that there are now */
	FEED_ARRAY,  /* the same as the elements of an array, between two texts */
	FEED_STREAM, /* server-sent events, without an end */
};

struct feed;

/*
 * The events that the query asks for: from `since` on, and at most `limit` of them. Where it does not
 * say since when, lines are the last `limit` ones, and a stream begins with the next one. `before` is
 * the caller's, or NULL: FEED_ARRAY begins with a copy of it, and ends with "]}". The journal must
 * stay mapped.
 */
struct feed *feed_open(const struct journal *journal, const struct query *query,
	enum feed_format format, const char *before);

/* Goes on behind the event of that number, or with the oldest one there is if it is of another journal. */
void feed_resume(struct feed *feed, uint64_t number);

/* Bytes of the text that were put into `to`; 0: there is nothing now; -1: the text is at its end. */
ssize_t feed_read(struct feed *feed, char *to, size_t room);

/* Is it worth while to read again? */
bool feed_is_ready(const struct feed *feed);

/* A stream says at once that it goes on. */
void feed_hurry(struct feed *feed);

/* Has it no end? */
bool feed_is_stream(const struct feed *feed);

void feed_close(struct feed *feed);

#endif

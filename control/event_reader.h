/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_EVENT_READER_H
#define CHAOS_CONTROL_EVENT_READER_H

/* Reads the events of a journal one after the other, while programs write them. */

#include "shim/memory/journal.h"

struct event_reader {
	const struct journal *journal;
	uint64_t next;	 /* number of the event to be read next */
	uint64_t lost;	 /* events that were overwritten before they were read, or never written */
	uint64_t since;	 /* when it began to wait for unfinished events, CLOCK_MONOTONIC ns */
	uint64_t waited; /* for those before this number; a wait for later ones is another one */
};

/* Begins with event `number`, or with the oldest that is there. */
void event_reader_begin(
	struct event_reader *reader, const struct journal *journal, uint64_t number);

/* Fills *event and *number with the next one. False: there is none for now. */
bool event_reader_next(struct event_reader *reader, struct event *event, uint64_t *number);

#endif

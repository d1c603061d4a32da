/* SPDX-License-Identifier: Apache-2.0 */
#include "event_reader.h"

#include "monotonic.h"

/* A writer that has taken its place is done by then, or dead. */
#define PATIENCE_NS 200000000ull

static void skip_to(struct event_reader *reader, uint64_t number)
{
	reader->lost += number - reader->next;
	reader->next = number;
}

/* Nothing older is in the ring. */
static void skip_overwritten(struct event_reader *reader, uint64_t head)
{
	if (head > reader->next && head - reader->next > JOURNAL_EVENTS)
		skip_to(reader, head - JOURNAL_EVENTS);
}

void event_reader_begin(struct event_reader *reader, const struct journal *journal, uint64_t number)
{
	uint64_t head = atomic_load(&journal->event_head);

	*reader = (struct event_reader){.journal = journal, .next = number};
	skip_overwritten(reader, head);
	reader->lost = 0;
}

/* The writer of the next event is not done. False: it is waited for. Whoever had taken a place when
 * the wait began has been waited for with it: however many there are, it is one wait. */
static bool give_up(struct event_reader *reader, uint64_t head)
{
	if (!reader->since || reader->next >= reader->waited) {
		reader->since = monotonic_now();
		reader->waited = head;
	}
	if (monotonic_now() - reader->since < PATIENCE_NS)
		return false;
	skip_to(reader, reader->next + 1);
	return true;
}

bool event_reader_next(struct event_reader *reader, struct event *event, uint64_t *number)
{
	const struct journal *journal = reader->journal;
	uint64_t head = atomic_load(&journal->event_head);

	/* The head is any program's to write. */
	while (reader->next < head) {
		skip_overwritten(reader, head);
		switch (event_read(journal->events, JOURNAL_EVENTS, reader->next, event)) {
		case EVENT_READ:
			*number = reader->next++;
			return true;
		case EVENT_TOO_OLD:
			skip_to(reader, reader->next + 1);
			break;
		case EVENT_LATER:
			if (!give_up(reader, head))
				return false;
		}
	}
	return false;
}

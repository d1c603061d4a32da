/* SPDX-License-Identifier: Apache-2.0 */
#include "together.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "utf8.h"

/* Of events at one look: most of the ring stays with what the folder's own programs tell. */
#define LOOK_EVENTS (JOURNAL_EVENTS / 4)

static void add(_Atomic uint64_t *to, const _Atomic uint64_t *from)
{
	atomic_store(to, counters_sum(atomic_load(to), atomic_load(from)));
}

static void add_small(_Atomic uint32_t *to, uint32_t count)
{
	uint64_t sum = (uint64_t)atomic_load(to) + count;

	atomic_store(to, sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX);
}

static void add_statuses(struct operation *to, const struct operation *from)
{
	for (int i = 0; i < OPERATION_STATUSES; i++) {
		uint32_t status = atomic_load(&from->statuses[i].status);
		int place = 0;

		while (place < OPERATION_STATUSES - 1 &&
			(!status || (atomic_load(&to->statuses[place].status) &&
					    atomic_load(&to->statuses[place].status) != status)))
			place++;
		if (place < OPERATION_STATUSES - 1)
			atomic_store(&to->statuses[place].status, status);
		add_small(&to->statuses[place].count, atomic_load(&from->statuses[i].count));
	}
}

/* What ends is read before what begins: there is never more of it. */
static void add_operation(struct operation *to, const struct operation *from)
{
	add(&to->succeeded, &from->succeeded);
	add(&to->recovered, &from->recovered);
	add(&to->unanswered, &from->unanswered);
	add(&to->faults, &from->faults);
	add(&to->delayed, &from->delayed);
	add(&to->duration, &from->duration);
	add(&to->ended, &from->ended);
	add(&to->attempts, &from->attempts);
	add(&to->calls, &from->calls);
	add_statuses(to, from);
	for (int i = 0; i < OPERATION_BUCKETS; i++)
		add_small(&to->durations[i], atomic_load(&from->durations[i]));
}

/* As it is told: what looks the same is counted as one. Its length may be anything. */
static struct span name_of(const char *name, size_t len, size_t room, char *to)
{
	if (len > room)
		len = room;
	memcpy(to, name, len);
	to[len] = '\0';
	utf8_tidy(to);
	return span_of(to);
}

/* The lines without a name are the others'. */
static uint32_t place_of(struct operation *lines, const struct operation *from)
{
	char names[2][OPERATION_NAME_MAX + 1];
	struct span service, operation;

	if (!atomic_load(&from->named))
		return OPERATION_OTHERS;
	service = name_of(from->service, from->service_len, sizeof(from->service), names[0]);
	operation =
		name_of(from->operation, from->operation_len, sizeof(from->operation), names[1]);
	if (!service.len && !operation.len)
		return OPERATION_OTHERS;
	return operations_find(lines, service, operation);
}

static void add_all(struct operation *lines, const struct journal *journal)
{
	for (uint32_t i = 0; i < OPERATIONS; i++) {
		const struct operation *from = &journal->operations[i];

		if (atomic_load(&from->attempts))
			add_operation(&lines[place_of(lines, from)], from);
	}
}

struct operation *together_operations(const struct writer *writer)
{
	struct operation *lines = sure(calloc(OPERATIONS, sizeof(*lines)));

	add_all(lines, writer->journal);
	if (guests_any(&writer->guests))
		add_all(lines, writer->guests.journal);
	return lines;
}

void together_events(struct writer *writer, struct event_reader *reader)
{
	struct journal *own = writer->journal;
	struct event event;
	uint64_t number, before;

	if (!writer->has_events || !guests_any(&writer->guests))
		return;
	if (!reader->journal)
		event_reader_begin(reader, writer->guests.journal, 0);
	before = reader->lost;
	for (unsigned i = 0; i < LOOK_EVENTS && event_reader_next(reader, &event, &number); i++) {
		/* Nothing but its texts follows it into another ring. */
		event.used = event.used < EVENT_ROOM ? event.used : EVENT_ROOM;
		if (!event_write(own->events, JOURNAL_EVENTS, &own->event_head, &event))
			atomic_fetch_add(&own->events_lost, 1);
	}
	/* Their head is any guest's to write. */
	if (reader->lost - before > JOURNAL_EVENTS)
		reader->lost = before + JOURNAL_EVENTS;
}

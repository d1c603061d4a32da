/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of each attempt while somebody observes. */

#include <errno.h>
#include <sys/mman.h>

#include "cancel.h"
#include "observed.h"
#include "shim.h"
#include "shim/libc/clock.h"
#include "shim/memory/blocks.h"

bool shim_records(void)
{
	const struct table *table = shim_table();
	struct table_view view;

	if (!table)
		return false;
	view = table_look(table);
	return view.slot && table_load(view.slot->head->flags) & TABLE_OBSERVED;
}

static struct observer *observer(void)
{
	struct observer *there = atomic_load_explicit(&shim.observer, memory_order_acquire);

	return __builtin_expect(there != NULL, 1) ? there : observed_map();
}

void shim_prepare_events(void)
{
	if (shim_records())
		observer();
}

uint64_t shim_event_time(void)
{
	return atomic_load_explicit(&shim.timeless, memory_order_relaxed) ? 0 : clock_now();
}

/* A sandbox may not know of the call that maps more. */
void *shim_take_for_event(size_t size)
{
	if (atomic_load_explicit(&shim.timeless, memory_order_relaxed))
		return NULL;
	return blocks_take_if(size, !atomic_load_explicit(&shim.sandboxed, memory_order_relaxed));
}

/* As the process list calls it; a relay speaks for the program that it serves. */
static struct span command_of(const struct journal_process *process)
{
	if (!process || !*process->command)
		return span_of(program_invocation_short_name);
	return (struct span){process->command, strnlen(process->command, sizeof(process->command))};
}

void *shim_begin_event(struct event *event)
{
	struct journal_process *process = atomic_load(&shim.process);
	struct observer *place = observer();
	struct operation *lines;

	if (!place)
		return NULL;
	event->pid = process ? atomic_load(&process->pid) : (uint32_t)atomic_load(&shim.pid);
	event->run = shim.run;
	if (shim.is_relay)
		event->lane = JOURNAL_LANE_RELAY + 1;
	event_add(event, EVENT_PROCESS, command_of(process));
	event_add(event, EVENT_LABEL, span_of(shim.label));
	lines = place->map->operations;
	event->operation = (uint16_t)operations_find(
		lines, event_text(event, EVENT_SERVICE), event_text(event, EVENT_OPERATION));
	operations_begin(&lines[event->operation], event);
	atomic_fetch_add_explicit(&place->journal->observed, 1, memory_order_relaxed);
	return place;
}

void shim_end_event(void *where, const struct event *event)
{
	struct observer *place = where;

	operations_end(&place->map->operations[event->operation], event);
	if (!event_write(place->map->events, JOURNAL_EVENTS, &place->journal->event_head, event))
		atomic_fetch_add(&place->journal->events_lost, 1);
}

/* Once. In a sandbox nothing can be said. */
static void warn_of_misses(void)
{
	int error = errno;

	if (!atomic_load(&shim.sandboxed) && !atomic_exchange(&shim.unobserved_said, true))
		shim_say("chaos-run: pid %d: its calls are not observed: it has too little memory "
			 "or address space left\n",
			(int)atomic_load(&shim.pid));
	errno = error;
}

void shim_miss_event(void)
{
	struct journal *journal = atomic_load(&shim.journal);

	if (journal)
		atomic_fetch_add(&journal->unobserved, 1);
	warn_of_misses();
}

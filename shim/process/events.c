/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of each attempt while somebody observes. */

#include <errno.h>
#include <sys/mman.h>

#include "cancel.h"
#include "observed.h"
#include "shim.h"

static bool is_wanted(void)
{
	const struct table *table = shim_table();
	struct table_view view;

	if (!table)
		return false;
	view = table_look(table);
	return view.slot && table_load(view.slot->head->flags) & TABLE_OBSERVED;
}

bool shim_records(void)
{
	return is_wanted() &&
	       (atomic_load_explicit(&shim.observed, memory_order_acquire) || observed_map());
}

/* As the process list calls it; a relay speaks for the program that it serves. */
static struct span command_of(const struct journal_process *process)
{
	if (!process || !*process->command)
		return span_of(program_invocation_short_name);
	return (struct span){process->command, strnlen(process->command, sizeof(process->command))};
}

void shim_begin_event(struct event *event)
{
	struct journal *journal = shim_journal();
	struct journal_process *process = atomic_load(&shim.process);
	struct observed *observed = atomic_load(&shim.observed);

	event->pid = process ? atomic_load(&process->pid) : (uint32_t)atomic_load(&shim.pid);
	event->run = shim.run;
	if (shim.is_relay)
		event->lane = JOURNAL_LANE_RELAY + 1;
	event_add(event, EVENT_PROCESS, command_of(process));
	event_add(event, EVENT_LABEL, span_of(shim.label));
	/* Another journal has taken the place of the one that was mapped. */
	if (!observed || !journal)
		return;
	event->operation = (uint16_t)operations_find(observed->operations,
		event_text(event, EVENT_SERVICE), event_text(event, EVENT_OPERATION));
	operations_begin(&observed->operations[event->operation], event);
	atomic_fetch_add_explicit(&journal->observed, 1, memory_order_relaxed);
}

void shim_end_event(const struct event *event)
{
	struct journal *journal = atomic_load(&shim.journal);
	struct observed *observed = atomic_load(&shim.observed);

	if (!observed || !journal)
		return;
	operations_end(&observed->operations[event->operation], event);
	if (!event_write(observed->events, JOURNAL_EVENTS, &journal->event_head, event))
		atomic_fetch_add(&journal->events_lost, 1);
}

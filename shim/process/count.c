/* SPDX-License-Identifier: Apache-2.0 */
/* What the journal counts. */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "guest.h"
#include "shim.h"
#include "shim/engine/aws/host.h"
#include "shim/memory/entry.h"

static void count(_Atomic uint64_t *total, _Atomic uint64_t *own)
{
	atomic_fetch_add_explicit(total, 1, memory_order_relaxed);
	if (own)
		atomic_fetch_add_explicit(own, 1, memory_order_relaxed);
}

struct journal *shim_journal(void)
{
	if (atomic_load_explicit(&shim.guests, memory_order_relaxed))
		guest_follow();
	return atomic_load(&shim.journal);
}

void shim_count_lane(enum journal_lane lane)
{
	struct journal_process *process = atomic_load(&shim.process);

	if (process)
		atomic_fetch_add_explicit(&process->lanes[lane], 1, memory_order_relaxed);
}

void shim_count_connection(void)
{
	struct journal *journal = shim_journal();
	struct journal_process *process = atomic_load(&shim.process);

	if (journal)
		count(&journal->connections, process ? &process->connections : NULL);
	if (shim.is_relay)
		shim_count_lane(JOURNAL_LANE_RELAY);
}

void shim_count_call(const struct rules_verdict *verdict)
{
	struct journal *journal = shim_journal();
	struct journal_process *process = atomic_load(&shim.process);
	struct journal_counter *counter;

	if (!journal)
		return;
	count(&journal->calls, process ? &process->calls : NULL);
	if (verdict->latency_ns)
		count(&journal->delayed, process ? &process->delayed : NULL);
	if (!verdict->is_fault)
		return;
	count(&journal->faults, process ? &process->faults : NULL);
	counter = shim_counter(verdict->counter);
	if (counter && atomic_load(&counter->rule) == verdict->rule)
		count(&counter->fired, NULL);
}

void shim_count_unnamed(void)
{
	struct journal *journal = shim_journal();
	struct journal_process *process = atomic_load(&shim.process);

	if (journal)
		count(&journal->unnamed, process ? &process->unnamed : NULL);
}

bool shim_observes(void)
{
	return atomic_load_explicit(&shim.named, memory_order_relaxed) < SHIM_NAMED &&
	       atomic_fetch_add_explicit(&shim.named, 1, memory_order_relaxed) < SHIM_NAMED;
}

static const char *const blind_reasons[JOURNAL_BLIND_REASONS] = {
	[JOURNAL_BLIND_TLS] = "its TLS cannot be looked into",
	[JOURNAL_BLIND_HTTP2] = "it speaks HTTP/2",
	[JOURNAL_BLIND_FRAMING] = "its HTTP framing makes no sense",
	[JOURNAL_BLIND_PIPELINED] = "a call was pipelined",
	[JOURNAL_BLIND_FD] = "it is past the descriptors that are watched",
	[JOURNAL_BLIND_STREAM] = "it was given to stdio",
	[JOURNAL_BLIND_REFUSED] = "it would not be bridged",
	[JOURNAL_BLIND_PORT] = "its port is not led",
};

bool shim_is_aws(const char *name)
{
	struct aws_host host;

	aws_host_read(&host, span_of(name));
	return host.is_aws || endpoints_has_name(&shim.endpoints, name);
}

/* Once for each reason, so that nobody trusts a test that could not see its calls. */
static void warn_of_blindness(int reason, const char *host, const char *why)
{
	uint32_t bit = 1u << reason;

	if (atomic_fetch_or(&shim.blind_said, bit) & bit)
		return;
	shim_say_of_program(
		"calls to %s get no faults: %s\n", host, why ? why : blind_reasons[reason]);
}

void shim_count_blind(int reason, const char *host, bool is_aws, const char *why)
{
	struct journal *journal = shim_journal();
	struct journal_process *process = atomic_load(&shim.process);
	int error = errno;

	if (journal)
		count(&journal->blind[reason], process ? &process->blind[reason] : NULL);
	if (is_aws) {
		if (journal)
			count(&journal->blind_aws, process ? &process->blind_aws : NULL);
		warn_of_blindness(reason, host, why);
	}
	if (process && *host)
		process_note_blind(process, reason, host, why);
	errno = error;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "gather.h"

#include <stdlib.h>
#include <time.h>

#include "base.h"
#include "calls.h"
#include "control/event_json.h"
#include "control/memory.h"
#include "control/living.h"
#include "control/monotonic.h"
#include "rules_seen.h"

/* So long it is waited for calls that are about to end, and for events that are about to be written. */
#define LAST_CALLS_NS  1000000000ull
#define LAST_EVENTS_NS 300000000ull

/* Programs of other users have a journal of their own, of which the daemon takes the events over; and lines of
 * the process list are taken by others. */
#define LOOK_NS 1000000000ull

/* Of those that only look, and keep no attempts. */
#define TEXTS_MAX 65536u

static void pause_shortly(void)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	nanosleep(&pause, NULL);
}

void gather_begin(struct gather *gather, struct report *report, struct observe *observe)
{
	const struct journal *journal = observe->journal;

	gather->report = report;
	gather->observe = observe;
	gather->journal = journal;
	observe_guests(observe);
	gather->asked = monotonic_now();
	report->begun = monotonic_now();
	gather->base = base_note(journal);
	gather->rules = rules_seen_begin(report, journal);
	event_reader_begin(&gather->reader, journal, atomic_load(&journal->event_head));
}

/* The arguments of a program name resources, too. */
static size_t first_word(struct span text)
{
	const char *blank = span_find(text, ' ');

	return blank ? (size_t)(blank - text.at) : text.len;
}

static void take_texts(
	struct report *report, struct report_attempt *attempt, const struct event *event)
{
	char hash[EVENT_REDACTED];

	for (int i = 0; i < EVENT_TEXTS; i++) {
		struct span text = event_text(event, i);

		if (i == EVENT_RESOURCE && text.len && report->is_redacted)
			text = event_redact(text, hash);
		if (i == EVENT_PROCESS && report->is_redacted)
			text.len = first_word(text);
		attempt->texts[i] = texts_put(&report->texts, text);
	}
}

static void take_event(struct report *report, struct report_attempt *attempt,
	const struct event *event, uint64_t number)
{
	*attempt = (struct report_attempt){.number = number,
		.started = event->started,
		.first = event->first,
		.ended = event->ended,
		.delayed = event->delayed,
		.rule = event->rule,
		.sent = event->sent,
		.received = event->received,
		.connection = event->connection,
		.pid = event->pid,
		.next = REPORT_NONE,
		.status = event->status,
		.attempt = event->attempt,
		.token = event->token,
		.body = event->body,
		.attempts_max = event->attempts_max,
		.action = event->action,
		.taken = event->taken,
		.end = event->end,
		.lane = event->lane,
		.is_reused = event->is_reused};
	take_texts(report, attempt, event);
}

static bool has_room(struct report *report)
{
	uint32_t room = report->attempt_room ? 2 * report->attempt_room : 256;

	if (report->attempt_count < report->attempt_room)
		return true;
	if (report->attempt_count >= REPORT_ATTEMPTS_MAX)
		return false;
	report->attempts = sure(reallocarray(report->attempts, room, sizeof(*report->attempts)));
	report->attempt_room = room;
	return true;
}

static void take(struct gather *gather, const struct event *event, uint64_t number)
{
	struct report *report = gather->report;
	struct report_attempt attempt;

	if (gather->keeps_nothing && report->texts.count > TEXTS_MAX)
		texts_free(&report->texts);
	take_event(report, &attempt, event, number);
	if (gather->told)
		gather->told(gather->context, report, &attempt, event);
	if (gather->keeps_nothing)
		return;
	if (has_room(report))
		report->attempts[report->attempt_count++] = attempt;
	else
		report->unkept++;
}

/* As many as the ring holds at most: where each is told of slowly, new ones come without an end, and
 * the caller has more to look after. */
static uint32_t take_events(struct gather *gather)
{
	struct report *report = gather->report;
	struct event event;
	uint32_t count = 0;
	uint64_t number;

	for (uint32_t i = 0; i < JOURNAL_EVENTS; i++) {
		if (!event_reader_next(&gather->reader, &event, &number))
			break;
		if (!report->is_private && event.run != report->run) {
			report->foreign++;
			report->is_shared = true;
			continue;
		}
		take(gather, &event, number);
		count++;
	}
	return count;
}

uint32_t gather_more(struct gather *gather)
{
	rules_seen_look(gather->rules, false);
	observe_continue(gather->observe);
	if (monotonic_now() - gather->asked > LOOK_NS) {
		observe_guests(gather->observe);
		base_look(gather->base, gather->journal);
		gather->asked = monotonic_now();
	}
	return take_events(gather);
}

static bool any_lives(const struct gather *gather)
{
	for (uint32_t i = 0; i < JOURNAL_PROCESSES; i++) {
		const struct journal_process *process = &gather->journal->processes[i];
		uint32_t pid = atomic_load(&process->pid);

		if (pid &&
			(gather->report->is_private ||
				atomic_load(&process->run) == gather->report->run) &&
			living_pid(pid, atomic_load(&process->start)))
			return true;
	}
	return false;
}

static uint64_t events_known(const struct gather *gather)
{
	const struct report *report = gather->report;

	return report->attempt_count + report->unkept + report->foreign + gather->reader.lost;
}

void gather_end(struct gather *gather)
{
	struct report *report = gather->report;
	uint64_t began = monotonic_now();

	take_events(gather);
	while (monotonic_now() - began < LAST_CALLS_NS &&
		base_under_way(gather->base, gather->journal) && any_lives(gather)) {
		pause_shortly();
		take_events(gather);
	}
	began = monotonic_now();
	while (monotonic_now() - began < LAST_EVENTS_NS &&
		events_known(gather) < base_ended(gather->base, gather->journal)) {
		pause_shortly();
		take_events(gather);
	}
	observe_guests(gather->observe);
	take_events(gather);
	report->over = monotonic_now();
	report->lost = gather->reader.lost;
	/* What guests have done the counters of the journal do not tell. */
	if (events_known(gather) > base_ended(gather->base, gather->journal))
		report->is_shared = true;
	if (base_ended(gather->base, gather->journal) > events_known(gather))
		report->lost += base_ended(gather->base, gather->journal) - events_known(gather);
	calls_find(report);
	base_compare(gather->base, gather->journal, report);
	calls_count(report);
	rules_seen_end(gather->rules);
	base_free(gather->base);
}

void gather_drop(struct gather *gather)
{
	rules_seen_end(gather->rules);
	base_free(gather->base);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base.h"

#include <stdlib.h>

#include "control/memory.h"
#include "control/living.h"
#include "shim/program/obstacle.h"
#include "tools/blind.h"

/* As many as Linux can have: proc(5), pid_max. */
#define PIDS_MAX (1u << 22)

/* Of a line of the process list. */
struct earlier {
	uint32_t pid;
	uint64_t start, blind, calls, connections;
};

/* A process with blind connections; another one may have its line since. */
struct noted {
	uint64_t blind; /* since the run began */
	struct journal_process process;
};

struct base {
	uint64_t blind_aws, unfollowed, unattached, unnamed, calls, observed;
	uint64_t programs[JOURNAL_PROGRAMS]; /* how often each was begun */
	struct earlier processes[JOURNAL_PROCESSES];
	struct operation operations[OPERATIONS];
	struct noted *noted;
	uint32_t noted_count;
	uint32_t last[JOURNAL_PROCESSES]; /* of each line, a number from 1 in `noted`; 0: none */
};

static bool is_used(const struct operation *line)
{
	return atomic_load(&line->attempts) != 0;
}

struct base *base_note(const struct journal *journal)
{
	struct base *base = sure(calloc(1, sizeof(*base)));

	base->blind_aws = atomic_load(&journal->blind_aws);
	base->unfollowed = atomic_load(&journal->unfollowed);
	base->unattached = atomic_load(&journal->unattached);
	base->unnamed = atomic_load(&journal->unnamed);
	base->calls = atomic_load(&journal->calls);
	base->observed = atomic_load(&journal->observed);
	for (int i = 0; i < JOURNAL_PROGRAMS; i++)
		base->programs[i] = atomic_load(&journal->programs[i].count);
	for (uint32_t i = 0; i < JOURNAL_PROCESSES; i++) {
		const struct journal_process *process = &journal->processes[i];

		base->processes[i] = (struct earlier){atomic_load(&process->pid),
			atomic_load(&process->start), atomic_load(&process->blind_aws),
			atomic_load(&process->calls), atomic_load(&process->connections)};
	}
	for (uint32_t i = 0; i < OPERATIONS; i++)
		if (is_used(&journal->operations[i]))
			base->operations[i] = journal->operations[i];
	return base;
}

/* ---- operations ---- */

static uint64_t more(_Atomic uint64_t *now, const _Atomic uint64_t *before)
{
	uint64_t there = atomic_load(now), earlier = atomic_load(before);

	return there > earlier ? there - earlier : 0;
}

static void subtract_statuses(struct operation *line, const struct operation *before)
{
	/* A status keeps its place. */
	for (int i = 0; i < OPERATION_STATUSES; i++)
		line->statuses[i].count -= before->statuses[i].count;
	for (int i = 0; i < OPERATION_BUCKETS; i++)
		line->durations[i] -= before->durations[i];
}

static void subtract(struct operation *line, const struct operation *before)
{
	_Atomic uint64_t *const now[] = {&line->calls, &line->attempts, &line->ended, &line->faults,
		&line->delayed, &line->succeeded, &line->recovered, &line->unanswered};
	const _Atomic uint64_t *const then[] = {&before->calls, &before->attempts, &before->ended,
		&before->faults, &before->delayed, &before->succeeded, &before->recovered,
		&before->unanswered};

	for (size_t i = 0; i < sizeof(now) / sizeof(*now); i++)
		*now[i] = more(now[i], then[i]);
	subtract_statuses(line, before);
}

static void count_by_journal(
	const struct base *base, const struct journal *journal, struct report *report)
{
	for (uint32_t i = 0; i < OPERATIONS; i++) {
		if (!is_used(&journal->operations[i]))
			continue;
		report->counted->operations[i] = journal->operations[i];
		subtract(&report->counted->operations[i], &base->operations[i]);
	}
}

/* With others' calls among what the journal counts, the attempts tell. */
static void count_by_attempts(struct report *report)
{
	for (uint32_t i = 0; i < report->attempt_count; i++) {
		const struct report_attempt *attempt = &report->attempts[i];
		const struct event event = {.attempt = attempt->attempt,
			.action = attempt->action,
			.status = attempt->status,
			.ended = attempt->ended,
			.end = attempt->end};
		uint32_t place = operations_find(report->counted->operations,
			span_of(report_text(report, attempt, EVENT_SERVICE)),
			span_of(report_text(report, attempt, EVENT_OPERATION)));

		operations_begin(&report->counted->operations[place], &event);
		operations_end(&report->counted->operations[place], &event);
	}
}

uint64_t base_ended(const struct base *base, const struct journal *journal)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < OPERATIONS; i++)
		sum += atomic_load(&journal->operations[i].ended) -
		       atomic_load(&base->operations[i].ended);
	return sum;
}

uint64_t base_under_way(const struct base *base, const struct journal *journal)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < OPERATIONS; i++) {
		uint64_t ended = atomic_load(&journal->operations[i].ended) -
				 atomic_load(&base->operations[i].ended);
		uint64_t begun = atomic_load(&journal->operations[i].attempts) -
				 atomic_load(&base->operations[i].attempts);

		sum += begun > ended ? begun - ended : 0;
	}
	return sum;
}

/* ---- processes and programs ---- */

static bool is_own(const struct report *report, const struct journal_process *process)
{
	return report->is_private || atomic_load(&process->run) == report->run;
}

/* The arguments of a program name resources, too. */
static size_t command_room(const struct report *report, const struct journal_process *process)
{
	const char *blank = memchr(process->command, ' ', sizeof(process->command));

	return report->is_redacted && blank ? (size_t)(blank - process->command)
					    : sizeof(process->command);
}

static void add_blind(struct report *report, const struct journal_process *process)
{
	for (int i = 0; i < JOURNAL_HOSTS; i++) {
		const struct journal_host *host = &process->blind_hosts[i];
		uint32_t reason = atomic_load(&host->reason);
		struct report_blind *blind;

		if (reason == 0 || reason > BLIND_REASONS)
			continue;
		report->blind = sure(reallocarray(
			report->blind, report->blind_count + 1, sizeof(*report->blind)));
		blind = &report->blind[report->blind_count++];
		*blind = (struct report_blind){.pid = atomic_load(&process->pid),
			.process = texts_put(&report->texts,
				(struct span){process->command,
					strnlen(process->command, command_room(report, process))}),
			.host = texts_put(&report->texts,
				(struct span){host->host, strnlen(host->host, sizeof(host->host))}),
			.reason = texts_put(&report->texts, span_of(blind_reasons[reason - 1]))};
	}
}

static bool is_line_of(const struct journal_process *process, uint32_t pid, uint64_t start)
{
	return atomic_load(&process->pid) == pid && atomic_load(&process->start) == start;
}

/* What `noted` says of the process that has line `i` now; a new one if need be. */
static struct noted *noted_of(struct base *base, uint32_t i, uint32_t pid, uint64_t start)
{
	struct noted *last = base->last[i] ? &base->noted[base->last[i] - 1] : NULL;

	if (last && is_line_of(&last->process, pid, start))
		return last;
	base->noted = sure(reallocarray(base->noted, base->noted_count + 1, sizeof(*base->noted)));
	last = &base->noted[base->noted_count++];
	*last = (struct noted){.blind = 0};
	base->last[i] = base->noted_count;
	return last;
}

static void note_line(struct base *base, const struct journal_process *process, uint32_t i)
{
	const struct earlier *before = &base->processes[i];
	uint32_t pid = atomic_load(&process->pid);
	uint64_t start = atomic_load(&process->start);
	bool is_same = pid == before->pid && start == before->start;
	struct journal_process copy = *process;
	uint64_t blind = atomic_load(&copy.blind_aws) - (is_same ? before->blind : 0);
	struct noted *noted;

	/* While it is read, another process may take it. */
	if (!pid || !blind || !is_line_of(&copy, pid, start) || !is_line_of(process, pid, start))
		return;
	noted = noted_of(base, i, pid, start);
	noted->blind = blind;
	noted->process = copy;
}

void base_look(struct base *base, const struct journal *journal)
{
	for (uint32_t i = 0; i < JOURNAL_PROCESSES; i++)
		note_line(base, &journal->processes[i], i);
}

/* Lines that were taken before anybody looked are in the journal's sum alone, and name no host. */
static void count_blind(
	const struct base *base, const struct journal *journal, struct report *report)
{
	uint64_t all = atomic_load(&journal->blind_aws) - base->blind_aws, others = 0;

	for (uint32_t i = 0; i < base->noted_count; i++) {
		const struct noted *noted = &base->noted[i];

		if (!is_own(report, &noted->process)) {
			others += noted->blind;
			continue;
		}
		report->blind_aws += noted->blind;
		add_blind(report, &noted->process);
	}
	if (!report->is_shared && all > others + report->blind_aws)
		report->blind_aws = all - others;
}

static void compare_process(
	const struct journal_process *process, const struct earlier *before, struct report *report)
{
	uint32_t pid = atomic_load(&process->pid);
	uint64_t start = atomic_load(&process->start);
	bool is_same = pid == before->pid && start == before->start;

	if (!pid || !is_own(report, process))
		return;
	report->is_alive |= living_pid(pid, start);
	report->processes += atomic_load(&process->calls) != (is_same ? before->calls : 0);
	atomic_fetch_add(&report->counted->connections,
		atomic_load(&process->connections) - (is_same ? before->connections : 0));
}

static void add_programs(
	const struct base *base, const struct journal *journal, struct report *report)
{
	report->programs = sure(calloc(JOURNAL_PROGRAMS, sizeof(*report->programs)));
	for (int i = 0; i < JOURNAL_PROGRAMS; i++) {
		const struct journal_program *program = &journal->programs[i];
		uint64_t count = atomic_load(&program->count) - base->programs[i];
		uint32_t reason = atomic_load(&program->reason);

		if (!count || reason == BINARY_NONE || reason >= BINARY_OBSTACLES)
			continue;
		report->programs[report->program_count++] = (struct report_program){
			.path = texts_put(&report->texts,
				(struct span){program->path,
					strnlen(program->path, sizeof(program->path))}),
			.reason = texts_put(&report->texts, span_of(binary_reason(reason))),
			.count = count};
	}
}

/* Every call is counted, whether somebody observes or not. */
static void note_unobserved(
	const struct base *base, const struct journal *journal, struct report *report)
{
	uint64_t calls = atomic_load(&journal->calls) - base->calls,
		 observed = atomic_load(&journal->observed) - base->observed;

	report->unobserved = calls > observed ? calls - observed : 0;
}

/* Has a program of nobody's, or of another run, made calls since? They may not have ended yet. */
static bool have_others_called(
	const struct base *base, const struct journal *journal, const struct report *report)
{
	for (uint32_t i = 0; i < JOURNAL_PROCESSES; i++) {
		const struct journal_process *process = &journal->processes[i];
		const struct earlier *before = &base->processes[i];
		uint32_t pid = atomic_load(&process->pid);
		bool is_same = pid == before->pid && atomic_load(&process->start) == before->start;

		if (pid && !is_own(report, process) &&
			atomic_load(&process->calls) != (is_same ? before->calls : 0))
			return true;
	}
	return false;
}

/* Guests are in another list of processes. */
static void count_programs(struct report *report)
{
	uint8_t *seen = sure(calloc(PIDS_MAX / 8, 1));
	uint32_t count = 0;

	for (uint32_t i = 0; i < report->attempt_count; i++) {
		uint32_t pid = report->attempts[i].pid % PIDS_MAX;

		count += !(seen[pid / 8] >> pid % 8 & 1);
		seen[pid / 8] |= (uint8_t)(1u << pid % 8);
	}
	if (report->processes < count)
		report->processes = count;
	free(seen);
}

void base_compare(struct base *base, const struct journal *journal, struct report *report)
{
	report->counted = sure(calloc(1, sizeof(*report->counted)));
	report->is_shared |= have_others_called(base, journal, report);
	report->is_counted = !report->is_shared;
	if (report->is_counted)
		count_by_journal(base, journal, report);
	else
		count_by_attempts(report);
	for (uint32_t i = 0; i < JOURNAL_PROCESSES; i++)
		compare_process(&journal->processes[i], &base->processes[i], report);
	base_look(base, journal);
	count_blind(base, journal, report);
	count_programs(report);
	report->unfollowed = atomic_load(&journal->unfollowed) - base->unfollowed;
	report->unattached = atomic_load(&journal->unattached) - base->unattached;
	report->unnamed = atomic_load(&journal->unnamed) - base->unnamed;
	note_unobserved(base, journal, report);
	add_programs(base, journal, report);
}

void base_free(struct base *base)
{
	free(base->noted);
	free(base);
}

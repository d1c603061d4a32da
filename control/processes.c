/* SPDX-License-Identifier: Apache-2.0 */
#include "processes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "event_json.h"
#include "json.h"
#include "living.h"
#include "memory.h"
#include "utf8.h"

#define TEXT_MAX JOURNAL_HOST_MAX /* the longest text of the journal */

#define FIRST_BLIND_UNKNOWN (JOURNAL_BLIND_PORT + 1)

static const char *const blind_names[FIRST_BLIND_UNKNOWN] = {
	[JOURNAL_BLIND_TLS] = "tls",
	[JOURNAL_BLIND_HTTP2] = "http2",
	[JOURNAL_BLIND_FRAMING] = "framing",
	[JOURNAL_BLIND_PIPELINED] = "pipelined",
	[JOURNAL_BLIND_FD] = "fd",
	[JOURNAL_BLIND_STREAM] = "stream",
	[JOURNAL_BLIND_REFUSED] = "refused",
	[JOURNAL_BLIND_PORT] = "port",
};

static const char *const lane_names[] = {
	[JOURNAL_LANE_INSIDE] = "inside",
	[JOURNAL_LANE_BRIDGE] = "bridge",
	[JOURNAL_LANE_RELAY] = "relay",
};

/* A guest may say of any process that it is one: only those of a guest's user are. `guests` NULL: it is the
 * folder's own. */
static bool lives(const struct journal_process *process, const struct guests *guests)
{
	uint32_t pid = atomic_load(&process->pid);

	return living_process(process) && (!guests || guests_has_user_of(guests, pid));
}

static bool any_lives(const struct guests *guests)
{
	for (size_t i = 0; i < JOURNAL_PROCESSES; i++)
		if (lives(&guests->journal->processes[i], guests))
			return true;
	return false;
}

bool processes_any(const struct journal *journal, const struct guests *guests)
{
	return living_any(journal) || (guests_any(guests) && any_lives(guests));
}

static unsigned count_living(const struct journal *journal, const struct guests *guests)
{
	unsigned count = 0;

	for (size_t i = 0; i < JOURNAL_PROCESSES; i++)
		count += lives(&journal->processes[i], guests);
	return count;
}

unsigned processes_count(const struct journal *journal, const struct guests *guests)
{
	return count_living(journal, NULL) +
	       (guests_any(guests) ? count_living(guests->journal, guests) : 0);
}

const char *processes_blind_name(unsigned reason)
{
	return reason < FIRST_BLIND_UNKNOWN ? blind_names[reason] : NULL;
}

/* Of those that have ended, only such as had something to do with the network are of interest. */
static bool is_listed(const struct journal_process *process, bool running)
{
	return running ||
	       (atomic_load(&process->pid) &&
		       (atomic_load(&process->connections) || atomic_load(&process->calls) ||
			       atomic_load(&process->blind[JOURNAL_BLIND_PORT])));
}

static void add_number(cJSON *object, const char *name, uint64_t value)
{
	sure(cJSON_AddNumberToObject(object, name, (double)value));
}

/* A text out of the journal: maybe not terminated, not UTF-8, or meant for a terminal. */
static void add_text(cJSON *object, const char *name, const char *text, size_t cap)
{
	char copy[TEXT_MAX + 1];

	memcpy(copy, text, cap);
	copy[cap] = '\0';
	utf8_tidy(copy);
	sure(cJSON_AddStringToObject(object, name, copy));
}

/* In the order in which they were met. */
static void add_hosts(cJSON *object, const struct journal_process *process)
{
	cJSON *hosts = sure(cJSON_AddArrayToObject(object, "blind_hosts"));

	for (int i = 0; i < JOURNAL_HOSTS; i++) {
		const struct journal_host *from = &process->blind_hosts[i];
		uint32_t reason = atomic_load(&from->reason);
		cJSON *host;

		if (reason == 0 || reason > FIRST_BLIND_UNKNOWN)
			continue;
		host = sure(cJSON_CreateObject());
		sure(cJSON_AddStringToObject(host, "reason", blind_names[reason - 1]));
		add_text(host, "host", from->host, sizeof(from->host));
		cJSON_AddItemToArray(hosts, host);
	}
}

/* Without the arguments, which name resources. */
static void add_program(cJSON *object, const struct journal_process *process)
{
	struct span command = {
		process->command, strnlen(process->command, sizeof(process->command))};

	add_text(object, "command", process->command, event_program_length(command));
}

static cJSON *process_json(const struct journal_process *process, bool running, bool redact)
{
	cJSON *object = sure(cJSON_CreateObject());
	cJSON *lanes, *blind;

	add_number(object, "pid", atomic_load(&process->pid));
	sure(cJSON_AddBoolToObject(object, "running", running));
	if (redact)
		add_program(object, process);
	else
		add_text(object, "command", process->command, sizeof(process->command));
	add_number(object, "since", process->since);
	add_number(object, "connections", atomic_load(&process->connections));
	add_number(object, "calls", atomic_load(&process->calls));
	add_number(object, "faults", atomic_load(&process->faults));
	add_number(object, "delayed", atomic_load(&process->delayed));
	add_number(object, "unnamed", atomic_load(&process->unnamed));
	lanes = sure(cJSON_AddObjectToObject(object, "lanes"));
	for (size_t lane = 0; lane < sizeof(lane_names) / sizeof(*lane_names); lane++)
		add_number(lanes, lane_names[lane], atomic_load(&process->lanes[lane]));
	blind = sure(cJSON_AddObjectToObject(object, "blind"));
	for (int reason = 0; reason < FIRST_BLIND_UNKNOWN; reason++)
		add_number(blind, blind_names[reason], atomic_load(&process->blind[reason]));
	add_number(object, "blind_aws", atomic_load(&process->blind_aws));
	add_hosts(object, process);
	return object;
}

/* A process that was root's before it executed what it is now has a line in both journals. Unless it had
 * something to do then, the one of now tells all. */
static bool is_superseded(const struct journal_process *process, const struct guests *guests)
{
	uint32_t pid = atomic_load(&process->pid);
	const struct journal_process *group =
		&guests->journal->processes[pid % JOURNAL_GROUPS * JOURNAL_GROUP];

	if (is_listed(process, false))
		return false;
	for (size_t i = 0; i < JOURNAL_GROUP; i++)
		if (atomic_load(&group[i].pid) == pid && lives(&group[i], guests))
			return true;
	return false;
}

static void add_own(
	cJSON *array, const struct journal *journal, const struct guests *guests, bool redact)
{
	for (size_t i = 0; i < JOURNAL_PROCESSES; i++) {
		const struct journal_process *process = &journal->processes[i];
		bool running = lives(process, NULL);

		if (!is_listed(process, running) ||
			(running && guests_any(guests) && is_superseded(process, guests)))
			continue;
		cJSON_AddItemToArray(array, process_json(process, running, redact));
	}
}

static void add_guests(cJSON *array, const struct guests *guests, bool redact)
{
	for (size_t i = 0; i < JOURNAL_PROCESSES; i++) {
		const struct journal_process *process = &guests->journal->processes[i];
		bool running = lives(process, guests);

		if (is_listed(process, running))
			cJSON_AddItemToArray(array, process_json(process, running, redact));
	}
}

char *processes_json(const struct journal *journal, const struct guests *guests, bool redact)
{
	cJSON *array = sure(cJSON_CreateArray());
	char *text;

	add_own(array, journal, guests, redact);
	if (guests_any(guests))
		add_guests(array, guests, redact);
	text = json_print(array);
	cJSON_Delete(array);
	return text;
}

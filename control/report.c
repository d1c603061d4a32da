/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "memory.h"
#include "shim/engine/aws/model.h"
#include "shim/program/obstacle.h"
#include "utf8.h"

static void add_number(cJSON *object, const char *name, uint64_t value)
{
	sure(cJSON_AddNumberToObject(object, name, (double)value));
}

static void add_text(cJSON *object, const char *name, const char *text)
{
	sure(text ? cJSON_AddStringToObject(object, name, text)
		  : cJSON_AddNullToObject(object, name));
}

cJSON *report_totals(const struct writer *writer)
{
	cJSON *totals = sure(cJSON_CreateObject());
	uint64_t blind = 0;

	for (int reason = 0; reason < JOURNAL_BLIND_REASONS; reason++)
		blind = counters_sum(blind, WRITER_TOTAL(writer, blind[reason]));
	add_number(totals, "connections", WRITER_TOTAL(writer, connections));
	add_number(totals, "calls", WRITER_TOTAL(writer, calls));
	add_number(totals, "faults", WRITER_TOTAL(writer, faults));
	add_number(totals, "delayed", WRITER_TOTAL(writer, delayed));
	add_number(totals, "unnamed", WRITER_TOTAL(writer, unnamed));
	add_number(totals, "blind", blind);
	add_number(totals, "blind_aws", WRITER_TOTAL(writer, blind_aws));
	add_number(totals, "unfollowed", WRITER_TOTAL(writer, unfollowed));
	return totals;
}

/* Which programs were begun and could not be followed. */
static void add_unfollowed(cJSON *programs, const struct journal *journal)
{
	for (int i = 0; i < JOURNAL_PROGRAMS; i++) {
		const struct journal_program *from = &journal->programs[i];
		uint32_t reason = atomic_load(&from->reason);
		uint64_t times = atomic_load(&from->count);
		char path[JOURNAL_PROGRAM_MAX + 1] = "";
		cJSON *program;

		if (!times || reason == BINARY_NONE || reason >= BINARY_OBSTACLES)
			continue;
		memcpy(path, from->path, JOURNAL_PROGRAM_MAX);
		utf8_tidy(path);
		program = sure(cJSON_CreateObject());
		add_number(program, "times", times);
		add_text(program, "program", path);
		add_text(program, "reason", binary_reason(reason));
		cJSON_AddItemToArray(programs, program);
	}
}

static void add_fired(
	cJSON *fired, const char *name, const struct config_list *list, const struct writer *writer)
{
	cJSON *counts = sure(cJSON_AddArrayToObject(fired, name));

	for (size_t i = 0; i < list->count; i++) {
		uint64_t count = writer_fired(writer, list->rules[i]->rule.id);

		cJSON_AddItemToArray(counts, sure(cJSON_CreateNumber((double)count)));
	}
}

char *report_status(const struct api *api)
{
	const struct config_list *outages = &api->config.lists[TABLE_OUTAGES];
	const struct config_list *faults = &api->config.lists[TABLE_FAULTS];
	cJSON *status = sure(cJSON_CreateObject());
	cJSON *part;
	char *text;

	add_text(status, "version", CHAOS_VERSION);
	add_text(status, "model", aws_model_version());
	add_number(status, "pid", (uint64_t)getpid());
	add_text(status, "folder", api->folder);
	add_text(status, "listening", api->listening);
	add_number(status, "generation", atomic_load(&api->writer->table->file.generation));
	part = sure(cJSON_AddObjectToObject(status, "rules"));
	add_number(part, "outages", outages->count);
	add_number(part, "faults", faults->count);
	add_number(status, "latency", (uint64_t)api->config.latency_ms);
	sure(cJSON_AddBoolToObject(status, "paused", api->config.flags & TABLE_PAUSED));
	sure(cJSON_AddBoolToObject(status, "observed", held_is_observed(api)));
	cJSON_AddItemToObject(status, "totals", report_totals(api->writer));
	part = sure(cJSON_AddArrayToObject(status, "unfollowed"));
	add_unfollowed(part, api->writer->journal);
	if (api->writer->guests.journal)
		add_unfollowed(part, api->writer->guests.journal);
	part = sure(cJSON_AddObjectToObject(status, "fired"));
	add_fired(part, "outages", outages, api->writer);
	add_fired(part, "faults", faults, api->writer);
	text = json_print(status);
	cJSON_Delete(status);
	return text;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"
#include "processes.h"
#include "shim/engine/aws/model.h"
#include "stats.h"
#include "summary.h"
#include "together.h"

/* Bounds of durations: each is twice the one before it, and one of a bucket of the journal's. */
#define FIRST_BOUND_BITS 20 /* 1.05 ms */
#define LAST_BOUND_BITS	 36 /* 68.7 s */

/* What is told of operations. */
struct told {
	struct stats_operation *operations;
	uint32_t *places; /* of each, in the journal */
	size_t count;
};

static void begin(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
	begin(out, name, type, help);
	fprintf(out, "%s %" PRIu64 "\n", name, value);
}

/* The texts are tidy: of what has to be escaped, a line feed is not among them. */
static void print_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++)
		fprintf(out, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
	fputc('"', out);
}

static void print_operation(FILE *out, const struct stats_operation *operation)
{
	print_label(out, "service", operation->service);
	fputc(',', out);
	print_label(out, "operation", operation->operation);
}

static void print_seconds(FILE *out, uint64_t ns)
{
	fprintf(out, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
}

static const struct column {
	const char *name, *help;
	size_t at;
} columns[] = {
	{"chaos_calls_total", "Calls while somebody observed, by their first attempts.",
		offsetof(struct stats_operation, calls)},
	{"chaos_attempts_total", "Requests of these calls.",
		offsetof(struct stats_operation, attempts)},
	{"chaos_faults_total", "Attempts that a rule has answered.",
		offsetof(struct stats_operation, faults)},
	{"chaos_delayed_total", "Attempts that were delayed.",
		offsetof(struct stats_operation, delayed)},
	{"chaos_succeeded_total", "Attempts that were answered with less than 400.",
		offsetof(struct stats_operation, succeeded)},
	{"chaos_recovered_total", "Attempts that succeeded and were not the first of their call.",
		offsetof(struct stats_operation, recovered)},
	{"chaos_unanswered_total",
		"Attempts that ended without a status, or before their answer did.",
		offsetof(struct stats_operation, unanswered)},
};

static void print_column(FILE *out, const struct told *told, const struct column *column)
{
	begin(out, column->name, "counter", column->help);
	for (size_t i = 0; i < told->count; i++) {
		const char *at = (const char *)&told->operations[i] + column->at;

		fprintf(out, "%s{", column->name);
		print_operation(out, &told->operations[i]);
		fprintf(out, "} %" PRIu64 "\n", *(const uint64_t *)(const void *)at);
	}
}

static void print_statuses(FILE *out, const struct stats_operation *operation)
{
	for (int i = 0; i < OPERATION_STATUSES && operation->statuses[i].count; i++) {
		char status[16] = "other";

		if (operation->statuses[i].status)
			snprintf(status, sizeof(status), "%" PRIu32, operation->statuses[i].status);
		fputs("chaos_answers_total{", out);
		print_operation(out, operation);
		fputc(',', out);
		print_label(out, "status", status);
		fprintf(out, "} %" PRIu32 "\n", operation->statuses[i].count);
	}
}

static void print_bucket(
	FILE *out, const struct stats_operation *operation, uint64_t bound, uint64_t count)
{
	fputs("chaos_duration_seconds_bucket{", out);
	print_operation(out, operation);
	fputs(",le=\"", out);
	if (bound)
		print_seconds(out, bound);
	else
		fputs("+Inf", out);
	fprintf(out, "\"} %" PRIu64 "\n", count);
}

/* A bucket of the journal ends before the next one begins, and that of Prometheus with its bound. */
static void print_durations(
	FILE *out, const struct stats_operation *operation, const struct operation *line)
{
	uint64_t count = 0;
	uint32_t bucket = 0;

	for (int bits = FIRST_BOUND_BITS; bits <= LAST_BOUND_BITS; bits++) {
		for (; bucket < operations_bucket(1ull << bits); bucket++)
			count += atomic_load(&line->durations[bucket]);
		print_bucket(out, operation, (1ull << bits) - 1, count);
	}
	for (; bucket < OPERATION_BUCKETS; bucket++)
		count += atomic_load(&line->durations[bucket]);
	print_bucket(out, operation, 0, count);
	fputs("chaos_duration_seconds_sum{", out);
	print_operation(out, operation);
	fputs("} ", out);
	print_seconds(out, atomic_load(&line->duration));
	fputs("\nchaos_duration_seconds_count{", out);
	print_operation(out, operation);
	fprintf(out, "} %" PRIu64 "\n", count);
}

static void print_operations(FILE *out, const struct operation *lines)
{
	struct told told = {.operations = sure(calloc(OPERATIONS, sizeof(struct stats_operation))),
		.places = sure(calloc(OPERATIONS, sizeof(uint32_t)))};

	for (uint32_t place = 0; place < OPERATIONS; place++)
		if (stats_of(&lines[place], &told.operations[told.count]))
			told.places[told.count++] = place;
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		print_column(out, &told, &columns[i]);
	begin(out, "chaos_answers_total", "counter",
		"Answers to attempts, the service's and rules'.");
	for (size_t i = 0; i < told.count; i++)
		print_statuses(out, &told.operations[i]);
	begin(out, "chaos_duration_seconds", "histogram",
		"From the first byte of an attempt to the end of its answer.");
	for (size_t i = 0; i < told.count; i++)
		print_durations(out, &told.operations[i], &lines[told.places[i]]);
	free(told.operations);
	free(told.places);
}

static void print_rule(FILE *out, const struct api *api, const char *name, size_t at,
	enum table_list list, uint64_t id)
{
	static const char *const names[] = {[TABLE_OUTAGES] = "outages", [TABLE_FAULTS] = "faults"};
	struct journal_counter counter;
	const void *count = (const char *)&counter + at;

	if (!writer_count(api->writer, id, &counter))
		return;
	fprintf(out, "%s{rule=\"%" PRIu64 "\",list=\"%s\"} %" PRIu64 "\n", name, id, names[list],
		atomic_load((const _Atomic uint64_t *)count));
}

static void print_rule_column(
	FILE *out, const struct api *api, const char *name, const char *help, size_t at)
{
	begin(out, name, "counter", help);
	for (int list = TABLE_OUTAGES; list <= TABLE_FAULTS; list++)
		for (size_t i = 0; i < api->config.lists[list].count; i++)
			print_rule(out, api, name, at, (enum table_list)list,
				api->config.lists[list].rules[i]->rule.id);
}

static void print_rules(FILE *out, const struct api *api)
{
	print_rule_column(out, api, "chaos_rule_matched_total",
		"Attempts that the rule was about, whatever its dice said.",
		offsetof(struct journal_counter, matched));
	print_rule_column(out, api, "chaos_rule_fired_total",
		"Attempts that were decided to be answered by the rule.",
		offsetof(struct journal_counter, fired));
	print_rule_column(out, api, "chaos_rule_delivered_total",
		"Answers of the rule of which the program has read something.",
		offsetof(struct journal_counter, delivered));
	print_rule_column(out, api, "chaos_rule_taken_total",
		"Answers of the rule that the program has read to their end.",
		offsetof(struct journal_counter, taken));
}

/* These are always counted. */
static void print_totals(FILE *out, const struct api *api)
{
	const struct writer *writer = api->writer;
	struct summary_events events = summary_events(writer->journal);

	one(out, "chaos_connections_total", "counter", "Connections with HTTP or TLS on them.",
		WRITER_TOTAL(writer, connections));
	one(out, "chaos_requests_total", "counter", "Requests that are calls to AWS.",
		WRITER_TOTAL(writer, calls));
	one(out, "chaos_requests_faulted_total", "counter", "Requests that a rule has answered.",
		WRITER_TOTAL(writer, faults));
	one(out, "chaos_requests_delayed_total", "counter", "Requests that were delayed.",
		WRITER_TOTAL(writer, delayed));
	one(out, "chaos_delivered_total", "counter",
		"Answers of rules of which a program has read something.",
		WRITER_TOTAL(writer, delivered));
	one(out, "chaos_taken_total", "counter", "Answers of rules that were read to their end.",
		WRITER_TOTAL(writer, taken));
	one(out, "chaos_unnamed_total", "counter", "Calls that the model has no name for.",
		WRITER_TOTAL(writer, unnamed));
	one(out, "chaos_unfollowed_total", "counter",
		"Programs that were begun and cannot be followed.",
		WRITER_TOTAL(writer, unfollowed));
	one(out, "chaos_observed_total", "counter", "Attempts while somebody observed.",
		WRITER_TOTAL(writer, observed));
	one(out, "chaos_unobserved_total", "counter",
		"Attempts that could not be told of, for want of memory.",
		WRITER_TOTAL(writer, unobserved));
	one(out, "chaos_events_total", "counter", "Events.", events.events);
	one(out, "chaos_events_lost_total", "counter", "Events that could not be written.",
		events.lost);
	one(out, "chaos_guests_events_lost_total", "counter",
		"Events of other users' programs that were overwritten before they were read.",
		api->guests.lost);
}

static void print_blind(FILE *out, const struct writer *writer)
{
	const char *name;

	begin(out, "chaos_blind_total", "counter",
		"Connections and requests that could not be looked into.");
	for (unsigned reason = 0; (name = processes_blind_name(reason)); reason++)
		fprintf(out, "chaos_blind_total{reason=\"%s\"} %" PRIu64 "\n", name,
			WRITER_TOTAL(writer, blind[reason]));
	one(out, "chaos_blind_aws_total", "counter", "Of these, on connections to AWS.",
		WRITER_TOTAL(writer, blind_aws));
}

static void print_state(FILE *out, const struct api *api)
{
	const struct config *config = &api->config;

	begin(out, "chaos_info", "gauge", "The daemon.");
	fputs("chaos_info{", out);
	print_label(out, "version", CHAOS_VERSION);
	fputc(',', out);
	print_label(out, "model", aws_model_version());
	fputs("} 1\n", out);
	one(out, "chaos_processes", "gauge", "Processes under the library that live.",
		processes_count(api->writer->journal, &api->writer->guests));
	begin(out, "chaos_rules", "gauge", "Rules of the configuration.");
	fprintf(out, "chaos_rules{list=\"outages\"} %zu\nchaos_rules{list=\"faults\"} %zu\n",
		config->lists[TABLE_OUTAGES].count, config->lists[TABLE_FAULTS].count);
	begin(out, "chaos_latency_seconds", "gauge", "What is added to each call.");
	fputs("chaos_latency_seconds ", out);
	print_seconds(out, (uint64_t)config->latency_ms * 1000000);
	fputc('\n', out);
	one(out, "chaos_paused", "gauge", "1: no rule is tried.",
		(config->flags & TABLE_PAUSED) != 0);
	one(out, "chaos_observed", "gauge", "1: programs tell of each call.",
		held_is_observed(api));
}

char *metrics_text(const struct api *api)
{
	struct operation *lines = together_operations(api->writer);
	char *text = NULL;
	size_t len;
	FILE *out = sure(open_memstream(&text, &len));

	print_state(out, api);
	print_totals(out, api);
	print_blind(out, api->writer);
	print_rules(out, api);
	print_operations(out, lines);
	fclose(out);
	free(lines);
	return sure(text);
}

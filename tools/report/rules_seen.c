/* SPDX-License-Identifier: Apache-2.0 */
#include "rules_seen.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "control/json.h"
#include "control/memory.h"
#include "control/monotonic.h"
#include "control/utf8.h"
#include "shim/memory/runtime.h"
#include "shim/memory/table.h"
#include "tools/client.h"
#include "tools/table_file.h"

/* So long nobody asks the daemon again how its rules are written, however often they change. */
#define PATIENCE_NS 1000000000ull

struct rules_seen {
	struct report *report;
	const struct journal *journal;
	const struct table *table; /* NULL: there is none */
	uint64_t generation;	   /* the rules of which are known */
	uint64_t asked_generation; /* of which it is known how they are written */
	uint64_t asked;		   /* when */
	uint64_t forgotten;	   /* by the daemon, before the run */
	uint64_t newest;	   /* the highest id of a rule before the run */
};

/* ---- the table ---- */

/* A larger table takes the place of one that is full. */
static void map_table(struct rules_seen *seen)
{
	char path[PATH_MAX + 16];
	const struct table *next = NULL;

	if (seen->table && !atomic_load(&seen->table->file.retired))
		return;
	snprintf(path, sizeof(path), "%s/" RUNTIME_TABLE, seen->report->folder);
	if (table_file_map(path, &next) || !next)
		return;
	if (seen->table)
		table_unmap((struct table *)seen->table);
	seen->table = next;
}

static char *copy_text(const struct table_slot *slot, const struct table_text *text)
{
	char *copy = sure(calloc(1, TABLE_MESSAGE_MAX + 1));

	table_copy(slot, text, copy, TABLE_MESSAGE_MAX);
	utf8_tidy(copy);
	return copy;
}

static char *copy_name(const struct table_slot *slot, uint32_t id)
{
	if (!id || id > slot->capacity.names)
		return NULL;
	return copy_text(slot, &slot->names[id - 1].text);
}

static void add_text(cJSON *object, const char *name, const char *text)
{
	if (text)
		sure(cJSON_AddStringToObject(object, name, text));
}

/* What the table says of a rule, until it is known how it was written. */
static char *describe(const struct table_slot *slot, const struct table_rule *from,
	const struct report_rule *rule)
{
	cJSON *object = sure(cJSON_CreateObject()), *error;
	uint64_t threshold = table_load(from->threshold);
	char *code = copy_text(slot, &from->code), *text;

	add_text(object, "service", rule->service);
	add_text(object, "region", rule->region);
	add_text(object, "operation", rule->operation);
	if (threshold < TABLE_CERTAIN)
		cJSON_AddNumberToObject(object, "probability", (double)threshold / TABLE_CERTAIN);
	if (rule->list == REPORT_FAULTS) {
		error = sure(cJSON_AddObjectToObject(object, "error"));
		if (table_load(from->status))
			cJSON_AddNumberToObject(error, "statusCode", table_load(from->status));
		add_text(error, "code", code);
	}
	text = json_print(object);
	cJSON_Delete(object);
	free(code);
	return text;
}

static const char *list_name(enum report_list list)
{
	return list == REPORT_OUTAGES ? "outages" : "faults";
}

static void count_base(struct rules_seen *seen, struct report_rule *rule)
{
	const struct journal_counter *counter = &seen->journal->counters[rule->counter];

	if (atomic_load(&counter->rule) != rule->id)
		return;
	rule->base_matched = atomic_load(&counter->matched);
	rule->base_fired = atomic_load(&counter->fired);
	rule->base_delivered = atomic_load(&counter->delivered);
	rule->base_taken = atomic_load(&counter->taken);
}

static void fill(struct report_rule *rule, const struct table_slot *slot,
	const struct table_rule *from, uint64_t id)
{
	*rule = (struct report_rule){.id = id,
		.list = table_load(from->list) == TABLE_OUTAGES ? REPORT_OUTAGES : REPORT_FAULTS,
		.number = table_load(from->position) + 1,
		.counter = table_load(from->counter) % JOURNAL_COUNTERS,
		.service = copy_name(slot, table_load(from->service)),
		.region = copy_name(slot, table_load(from->region)),
		.operation = copy_name(slot, table_load(from->operation))};
	rule->json = describe(slot, from, rule);
	if (asprintf(&rule->name, "%s %u", list_name(rule->list), rule->number) < 0)
		sure(NULL);
}

static struct report_rule *find(struct report *report, uint64_t id)
{
	/* The newest are looked for most. */
	for (uint32_t i = report->rule_count; i--;)
		if (report->rules[i].id == id)
			return &report->rules[i];
	return NULL;
}

static void drop(struct report_rule *rule)
{
	free(rule->name);
	free(rule->json);
	free(rule->service);
	free(rule->region);
	free(rule->operation);
}

static void add_new(struct rules_seen *seen, const struct table_slot *slot, bool is_first)
{
	struct report *report = seen->report;
	uint32_t count = table_load(slot->head->rule_count);

	for (uint32_t i = 0; i < count && i < slot->capacity.rules; i++) {
		uint64_t id = table_load(slot->rules[i].id);

		if (!id || find(report, id))
			continue;
		report->rules = sure(reallocarray(
			report->rules, report->rule_count + 1, sizeof(*report->rules)));
		fill(&report->rules[report->rule_count], slot, &slot->rules[i], id);
		if (is_first)
			count_base(seen, &report->rules[report->rule_count]);
		report->rule_count++;
	}
}

/* A look that the daemon has overtaken is forgotten. */
static void read_table(struct rules_seen *seen)
{
	bool is_first = seen->generation == 0;
	uint32_t known = seen->report->rule_count;
	struct table_view view;

	for (int tries = 0; tries < 3; tries++) {
		view = table_look(seen->table);
		if (!view.slot || view.generation == seen->generation)
			return;
		seen->report->was_paused |=
			(table_load(view.slot->head->flags) & TABLE_PAUSED) != 0;
		add_new(seen, view.slot, is_first);
		if (table_still(&view)) {
			seen->generation = view.generation;
			return;
		}
		while (seen->report->rule_count > known)
			drop(&seen->report->rules[--seen->report->rule_count]);
	}
}

/* ---- as they were written ---- */

static const char *name_in(const cJSON *object)
{
	static const char *const members[] = {"name", "id", "description"};
	const char *name = NULL;

	for (size_t i = 0; !name && i < sizeof(members) / sizeof(*members); i++)
		name = cJSON_GetStringValue(cJSON_GetObjectItem(object, members[i]));
	return name && *name ? name : NULL;
}

static cJSON *ask(const struct rules_seen *seen, const char *path)
{
	const struct client_request request = {
		.folder = seen->report->folder, .method = "GET", .path = path};
	struct client_answer answer;
	char reason[256];
	cJSON *body;

	if (client_call(&request, &answer, reason))
		return NULL;
	body = answer.status == 200 ? cJSON_Parse(answer.body) : NULL;
	client_free(&answer);
	return body;
}

static void take_written(struct report_rule *rule, const cJSON *written)
{
	const char *name = name_in(written);

	free(rule->json);
	rule->json = json_print(written);
	if (!name)
		return;
	free(rule->name);
	rule->name = sure(strdup(name));
	utf8_tidy(rule->name);
}

static void match_written(
	struct rules_seen *seen, const struct table_slot *slot, cJSON *const lists[2])
{
	uint32_t count = table_load(slot->head->rule_count);

	for (uint32_t i = 0; i < count && i < slot->capacity.rules; i++) {
		struct report_rule *rule = find(seen->report, table_load(slot->rules[i].id));
		const cJSON *written = NULL;

		if (rule)
			written = cJSON_GetArrayItem(
				lists[rule->list], (int)table_load(slot->rules[i].position));
		if (written)
			take_written(rule, written);
	}
}

/* The lists belong to a generation that has neither come nor gone while they were fetched. */
static void read_written(struct rules_seen *seen)
{
	struct table_view view = table_look(seen->table);
	cJSON *lists[2];

	seen->asked = monotonic_now();
	if (!view.slot || view.generation != seen->generation)
		return;
	lists[REPORT_OUTAGES] = ask(seen, "/outages");
	lists[REPORT_FAULTS] = ask(seen, "/_localstack/chaos/faults");
	if (lists[REPORT_OUTAGES] && lists[REPORT_FAULTS] && table_still(&view)) {
		match_written(seen, view.slot, lists);
		seen->asked_generation = view.generation;
	}
	cJSON_Delete(lists[REPORT_OUTAGES]);
	cJSON_Delete(lists[REPORT_FAULTS]);
}

/* ---- rules that went ---- */

static uint64_t more(uint64_t there, uint64_t before)
{
	return there > before ? there - before : 0;
}

static uint64_t number_in(const cJSON *object, const char *name)
{
	double number = cJSON_GetNumberValue(cJSON_GetObjectItem(object, name));

	return number > 0 ? (uint64_t)number : 0;
}

static uint64_t id_in(const cJSON *object)
{
	const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(object, "id"));

	return id ? strtoull(id, NULL, 10) : 0;
}

/* NULL: any. */
static char *glob_in(const cJSON *written, const char *name)
{
	const char *glob = cJSON_GetStringValue(cJSON_GetObjectItem(written, name));

	return glob && strcmp(glob, "*") != 0 ? sure(strdup(glob)) : NULL;
}

static struct report_rule *add_gone(struct report *report, const cJSON *one)
{
	const char *list = cJSON_GetStringValue(cJSON_GetObjectItem(one, "list"));
	const cJSON *written = cJSON_GetObjectItem(one, "rule");
	struct report_rule *rule;

	report->rules =
		sure(reallocarray(report->rules, report->rule_count + 1, sizeof(*report->rules)));
	rule = &report->rules[report->rule_count++];
	*rule = (struct report_rule){.id = id_in(one),
		.list = list && strcmp(list, "outages") == 0 ? REPORT_OUTAGES : REPORT_FAULTS,
		.number = (uint32_t)number_in(one, "number"),
		.service = glob_in(written, "service"),
		.region = glob_in(written, "region"),
		.operation = glob_in(written, "operation")};
	if (asprintf(&rule->name, "%s %u", list_name(rule->list), rule->number) < 0)
		sure(NULL);
	return rule;
}

static void take_gone(struct rules_seen *seen, const cJSON *one)
{
	uint64_t id = id_in(one);
	struct report_rule *rule = find(seen->report, id);

	if (!rule && id <= seen->newest)
		return;
	if (!rule)
		rule = add_gone(seen->report, one);
	take_written(rule, cJSON_GetObjectItem(one, "rule"));
	rule->matched = more(number_in(one, "matched"), rule->base_matched);
	rule->planned = more(number_in(one, "fired"), rule->base_fired);
	rule->delivered = more(number_in(one, "delivered"), rule->base_delivered);
	rule->taken = more(number_in(one, "taken"), rule->base_taken);
}

/* What the daemon still knows of rules that came and went, however shortly they were there. It makes
 * nobody observe. */
static cJSON *ask_stats(const struct rules_seen *seen)
{
	cJSON *snapshot = ask(seen, "/_chaos/snapshot?limit=1");
	cJSON *stats = cJSON_DetachItemFromObject(snapshot, "stats");

	cJSON_Delete(snapshot);
	return stats;
}

static void note_newest(struct rules_seen *seen)
{
	cJSON *stats = ask_stats(seen);
	static const char *const lists[] = {"rules", "removed"};
	const cJSON *one;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		cJSON_ArrayForEach(one, cJSON_GetObjectItem(stats, lists[i]))
		{
			if (id_in(one) > seen->newest)
				seen->newest = id_in(one);
		}
	}
	seen->forgotten = number_in(stats, "forgotten");
	cJSON_Delete(stats);
}

static void read_gone(struct rules_seen *seen)
{
	cJSON *stats = ask_stats(seen);
	const cJSON *one;

	cJSON_ArrayForEach(one, cJSON_GetObjectItem(stats, "removed"))
	{
		take_gone(seen, one);
	}
	seen->report->rules_forgotten = more(number_in(stats, "forgotten"), seen->forgotten);
	cJSON_Delete(stats);
}

/* ---- counters ---- */

/* The counter of a rule that has gone is somebody else's before long: what it said last holds. */
static void read_counters(struct rules_seen *seen)
{
	for (uint32_t i = 0; i < seen->report->rule_count; i++) {
		struct report_rule *rule = &seen->report->rules[i];
		const struct journal_counter *counter = &seen->journal->counters[rule->counter];

		if (atomic_load(&counter->rule) != rule->id)
			continue;
		rule->matched = more(atomic_load(&counter->matched), rule->base_matched);
		rule->planned = more(atomic_load(&counter->fired), rule->base_fired);
		rule->delivered = more(atomic_load(&counter->delivered), rule->base_delivered);
		rule->taken = more(atomic_load(&counter->taken), rule->base_taken);
	}
}

struct rules_seen *rules_seen_begin(struct report *report, const struct journal *journal)
{
	struct rules_seen *seen = sure(calloc(1, sizeof(*seen)));

	seen->report = report;
	seen->journal = journal;
	note_newest(seen);
	rules_seen_look(seen, true);
	return seen;
}

void rules_seen_look(struct rules_seen *seen, bool final)
{
	map_table(seen);
	if (!seen->table)
		return;
	read_counters(seen);
	read_table(seen);
	if (seen->asked_generation != seen->generation &&
		(final || monotonic_now() - seen->asked > PATIENCE_NS))
		read_written(seen);
}

/* What the run's own attempts say of its rules. */
static void count_attempts(struct report *report)
{
	for (uint32_t i = 0; i < report->attempt_count; i++) {
		const struct report_attempt *attempt = &report->attempts[i];
		struct report_rule *rule =
			attempt->action & EVENT_ERROR ? find(report, attempt->rule) : NULL;

		if (!rule)
			continue;
		rule->planned++;
		rule->delivered += attempt->taken >= EVENT_PARTLY_READ;
		rule->taken += attempt->taken == EVENT_TAKEN;
	}
}

/* With others under the same daemon, its counters are theirs, too. */
static void count_own(struct report *report)
{
	for (uint32_t i = 0; i < report->rule_count; i++) {
		struct report_rule *rule = &report->rules[i];

		rule->planned = rule->delivered = rule->taken = 0;
	}
	count_attempts(report);
	for (uint32_t i = 0; i < report->rule_count; i++)
		report->rules[i].matched = report->rules[i].planned;
}

void rules_seen_end(struct rules_seen *seen)
{
	rules_seen_look(seen, true);
	read_counters(seen);
	read_gone(seen);
	if (seen->report->is_shared)
		count_own(seen->report);
	if (seen->table)
		table_unmap((struct table *)seen->table);
	free(seen);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include "aws/regions.h"
#include "aws/request.h"
#include "rule_match.h"
#include "shim/memory/journal.h"

const char *rules_differs(
	const struct table_slot *slot, const struct table_rule *rule, const struct aws_call *call)
{
	int candidate;

	return rule_differs(slot, rule, call, &candidate);
}

/* The name ids that a name of the call may stand under in a key. 0, any, is always the first. */
#define IDS_MAX 16
struct ids {
	uint32_t id[IDS_MAX];
	int count;
	bool overflown;
};

static void ids_begin(struct ids *ids)
{
	ids->id[0] = 0;
	ids->count = 1;
	ids->overflown = false;
}

static void add_id(struct ids *ids, uint32_t id)
{
	for (int i = 0; i < ids->count; i++)
		if (ids->id[i] == id)
			return;
	if (ids->count == IDS_MAX)
		ids->overflown = true;
	else
		ids->id[ids->count++] = id;
}

static void add_ids_of(
	struct ids *ids, const struct table_slot *slot, uint32_t dimension, struct span name)
{
	uint32_t globs = table_load(slot->head->glob_count), id = table_find_name(slot, name);
	uint8_t first = name.len ? (uint8_t)*name.at : 0;

	if (id)
		add_id(ids, id);
	for (uint32_t i = 0; i < globs && i < slot->capacity.globs; i++) {
		const struct table_glob *glob = &slot->globs[i];
		uint16_t begin = table_load(glob->first);

		/* That tells most apart. */
		if ((begin && begin != first) || !(table_load(glob->dimensions) & dimension))
			continue;
		id = table_load(glob->name);
		if (id && rule_name_matches(slot, id, name))
			add_id(ids, id);
	}
}

/* A run of rules with the same key that the call matches, and how far it has been tried. */
struct cursor {
	uint32_t at, end; /* in slot->order */
	uint32_t start;
	uint32_t rule; /* slot->order[at] */
	int candidate;
};

#define CURSORS_MAX 64
struct search {
	const struct table_slot *slot;
	const struct aws_call *call;
	uint32_t shapes; /* of the keys that the call may match */
	uint32_t rule_count;
	bool has_regions;
	struct ids regions;
	int count;
	struct cursor cursors[CURSORS_MAX];
};

/* Loads the rule under the cursor. A run goes upwards; one that does not is garbage and ends. */
static bool cursor_load(struct cursor *cursor, const struct search *search, uint32_t least)
{
	if (cursor->at == cursor->end)
		return false;
	cursor->rule = table_load(search->slot->order[cursor->at]);
	return cursor->rule >= least && cursor->rule < search->rule_count;
}

/* Returns false when there is no room. */
static bool add_cursor(struct search *search, struct cursor cursor)
{
	for (int i = 0; i < search->count; i++)
		if (search->cursors[i].start == cursor.start)
			return true; /* an earlier, likelier candidate has led here */
	if (!cursor_load(&cursor, search, 0))
		return true;
	if (search->count == CURSORS_MAX)
		return false;
	search->cursors[search->count++] = cursor;
	return true;
}

/* The sets of dimensions, as bits of key_shapes, that hold a certain one. */
static const uint32_t shapes_with[] = {
	[TABLE_SERVICE] = 0xaa, [TABLE_REGION] = 0xcc, [TABLE_OPERATION] = 0xf0};

/* The shapes that are left when the call has these ids in a dimension. */
static uint32_t shapes_left(uint32_t shapes, uint32_t dimension, const struct ids *ids)
{
	return ids->count > 1 ? shapes : shapes & ~shapes_with[dimension];
}

static bool probe(
	struct search *search, uint32_t service, uint32_t region, uint32_t operation, int candidate)
{
	uint32_t start, count = table_find_key(search->slot, service, region, operation, &start);

	return count == 0 || add_cursor(search, (struct cursor){.at = start,
							.end = start + count,
							.start = start,
							.candidate = candidate});
}

/* The ids of the call's regions, once for all candidates. False: they cannot be looked up. */
static bool search_regions(struct search *search)
{
	struct aws_regions walk = aws_regions_of(search->call);
	struct ids *ids = &search->regions;
	struct span region;

	if (search->has_regions)
		return true;
	search->has_regions = true;
	/* Nearly always it is one name. */
	if (aws_is_name(walk.list)) {
		add_ids_of(ids, search->slot, TABLE_REGION, walk.list);
		walk.list.len = 0;
	}
	while (aws_regions_next(&walk, &region)) {
		if (table_is_glob(region))
			return false; /* stands for names that cannot be looked up */
		add_ids_of(ids, search->slot, TABLE_REGION, region);
	}
	return !ids->overflown;
}

/* Of the ids in a dimension of a key: those that are tried. */
static inline int ids_first(uint32_t shape, uint32_t dimension)
{
	return shape & dimension ? 1 : 0;
}
static inline int ids_end(uint32_t shape, uint32_t dimension, const struct ids *ids)
{
	return shape & dimension ? ids->count : 1;
}

/* The ids of a candidate. */
struct names {
	struct ids services, operations;
	int candidate;
};

/* Looks up all keys of one shape that the ids make. False: no room. */
static bool probe_shape(struct search *search, const struct names *names, uint32_t shape)
{
	const struct ids *services = &names->services, *regions = &search->regions,
			 *operations = &names->operations;

	for (int s = ids_first(shape, TABLE_SERVICE); s < ids_end(shape, TABLE_SERVICE, services);
		s++)
		for (int r = ids_first(shape, TABLE_REGION);
			r < ids_end(shape, TABLE_REGION, regions); r++)
			for (int o = ids_first(shape, TABLE_OPERATION);
				o < ids_end(shape, TABLE_OPERATION, operations); o++)
				if (!probe(search, services->id[s], regions->id[r],
					    operations->id[o], names->candidate))
					return false;
	return true;
}

static bool search_candidate(struct search *search, int candidate)
{
	const struct aws_candidate *wire = &search->call->candidates[candidate];
	struct names names;
	uint32_t shapes = search->shapes;

	names.candidate = candidate;
	ids_begin(&names.services);
	ids_begin(&names.operations);
	if (shapes & shapes_with[TABLE_SERVICE])
		add_ids_of(&names.services, search->slot, TABLE_SERVICE, wire->service);
	shapes = shapes_left(shapes, TABLE_SERVICE, &names.services);
	if (shapes & shapes_with[TABLE_REGION]) {
		if (!search_regions(search))
			return false;
		shapes = shapes_left(shapes, TABLE_REGION, &search->regions);
	}
	if (shapes & shapes_with[TABLE_OPERATION])
		add_ids_of(&names.operations, search->slot, TABLE_OPERATION, wire->operation);
	shapes = shapes_left(shapes, TABLE_OPERATION, &names.operations) & 0xff;
	if (names.services.overflown || names.operations.overflown)
		return false;
	for (; shapes; shapes &= shapes - 1)
		if (!probe_shape(search, &names, (uint32_t)__builtin_ctz(shapes)))
			return false;
	return true;
}

/* Finds all runs of rules that the call matches. Returns false if they are too many to be kept, or
 * cannot be found by look-up. */
static bool search_runs(struct search *search)
{
	search->count = 0;
	search->has_regions = false;
	ids_begin(&search->regions);
	for (int c = 0; c < search->call->candidate_count; c++)
		if (!search_candidate(search, c))
			return false;
	return true;
}

static void decline(struct rules_verdict *verdict, const struct table_rule *rule)
{
	uint32_t place = verdict->declined_count;

	if (place == RULES_DECLINED)
		return;
	verdict->declined[place].rule = table_load(rule->id);
	verdict->declined[place].counter = table_load(rule->counter);
	verdict->declined_count = place + 1;
}

static bool fires(const struct table_rule *rule, struct dice *dice, struct rules_verdict *verdict)
{
	uint64_t threshold = table_load(rule->threshold);

	/* A rule that this build cannot carry out is left out. */
	if (table_load(rule->action) != TABLE_ERROR ||
		table_load(rule->counter) >= JOURNAL_COUNTERS)
		return false;
	if (threshold >= TABLE_CERTAIN ||
		(threshold && (!dice || dice_draw(dice) >> 11 < threshold)))
		return true;
	decline(verdict, rule);
	return false;
}

/* What fires, and for which candidate. */
struct hit {
	const struct table_rule *rule; /* NULL: nothing */
	int candidate;
};

/* Tries the rules of all runs in their order. A rule stands in one run alone, so it is tried once,
 * by however many names the run was reached. */
static struct hit try_runs(struct search *search, struct dice *dice, struct rules_verdict *verdict)
{
	while (search->count) {
		struct cursor *first = &search->cursors[0];
		const struct table_rule *rule;

		for (int i = 1; i < search->count; i++)
			if (search->cursors[i].rule < first->rule)
				first = &search->cursors[i];
		rule = &search->slot->rules[first->rule];
		if (fires(rule, dice, verdict))
			return (struct hit){rule, first->candidate};
		first->at++;
		if (!cursor_load(first, search, first->rule + 1))
			*first = search->cursors[--search->count];
	}
	return (struct hit){NULL, 0};
}

static struct hit try_all(
	const struct search *search, struct dice *dice, struct rules_verdict *verdict)
{
	for (uint32_t i = 0; i < search->rule_count; i++) {
		const struct table_rule *rule = &search->slot->rules[i];
		int candidate = 0;

		if (!rule_differs(search->slot, rule, search->call, &candidate) &&
			fires(rule, dice, verdict))
			return (struct hit){rule, candidate};
	}
	return (struct hit){NULL, 0};
}

static void fill(struct rules_verdict *verdict, struct hit hit, const struct search *search)
{
	verdict->is_fault = true;
	verdict->rule = table_load(hit.rule->id);
	verdict->place = (uint32_t)(hit.rule - search->slot->rules);
	verdict->counter = table_load(hit.rule->counter);
	verdict->candidate = hit.candidate;
}

static void match_slot(const struct table_slot *slot, const struct aws_call *call,
	struct dice *dice, struct rules_verdict *verdict)
{
	uint32_t rule_count = table_load(slot->head->rule_count);
	struct search search;
	struct hit hit;

	verdict->latency_ns = table_load(slot->head->latency_ns);
	verdict->is_fault = false;
	verdict->declined_count = 0;
	if (rule_count == 0 || table_load(slot->head->flags) & TABLE_PAUSED)
		return;
	search.slot = slot;
	search.call = call;
	search.shapes = table_load(slot->head->key_shapes);
	search.rule_count = rule_count < slot->capacity.rules ? rule_count : slot->capacity.rules;
	hit = search_runs(&search) ? try_runs(&search, dice, verdict)
				   : try_all(&search, dice, verdict);
	if (hit.rule)
		fill(verdict, hit, &search);
}

void rules_match(const struct table *table, const struct aws_call *call, struct dice *dice,
	struct rules_verdict *verdict)
{
	struct table_view view;

	verdict->latency_ns = 0;
	verdict->is_fault = false;
	verdict->declined_count = 0;
	verdict->generation = 0;
	if (!table)
		return;
	for (;;) {
		view = table_look(table);
		if (!view.slot)
			return;
		verdict->generation = view.generation;
		match_slot(view.slot, call, dice, verdict);
		if (table_still(&view))
			return;
	}
}

_Static_assert((int)TABLE_SERVICE == (int)AWS_WANT_SERVICE &&
		       (int)TABLE_REGION == (int)AWS_WANT_REGION &&
		       (int)TABLE_OPERATION == (int)AWS_WANT_OPERATION,
	"a dimension of a rule is what is wanted of a call");

unsigned rules_wanted(const struct table *table)
{
	while (table) {
		struct table_view view = table_look(table);
		const struct table_head *head = view.slot ? view.slot->head : NULL;
		uint32_t shapes =
			head && table_load(head->rule_count) ? table_load(head->key_shapes) : 0;

		if (table_still(&view))
			return (shapes & shapes_with[TABLE_SERVICE] ? TABLE_SERVICE : 0u) |
			       (shapes & shapes_with[TABLE_REGION] ? TABLE_REGION : 0u) |
			       (shapes & shapes_with[TABLE_OPERATION] ? TABLE_OPERATION : 0u);
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_TABLES_H
#define CHAOS_TESTS_TABLES_H

/* The tables that streams are fed under: the one place here that knows how a table is made. */

#include "control/compile.h"
#include "fuzz.h"
#include "tests/unit/table_in_memory.h"

/* Whatever the rules let through is late by as much. */
#define TABLES_LATENCY 5000

static struct rule tables_rules[] = {
	{.id = 1, .operation = (char *)"Get*"},
	{.id = 2, .operation = (char *)"*Object"},
	{.id = 3, .service = (char *)"sqs", .region = (char *)"us-*"},
	{.id = 4, .operation = (char *)"List*"},
	{.id = 5},
};

static inline const struct table *tables_make(int count, bool any, uint64_t latency_ns)
{
	const struct rule *pointers[5];
	struct table *table;
	struct compiled compiled;
	const char *reason;

	for (int i = 0; i < 5; i++) {
		tables_rules[i].probability = 1;
		tables_rules[i].status = 503;
		tables_rules[i].code = (char *)"ServiceUnavailable";
		pointers[i] = &tables_rules[any ? 4 - i : i];
	}
	check(compile_rules(&compiled, pointers, (size_t)count, latency_ns, &reason) == 0);
	table = table_of_compiled(&compiled);
	check(table != NULL);
	compiled_free(&compiled);
	return table;
}

/* One of them; NULL: no table. They stay. */
static inline const struct table *tables_pick(unsigned draw)
{
	static const struct table *tables[4];

	if (!tables[0]) {
		tables[0] = tables_make(4, false, 0);
		tables[1] = tables_make(1, true, 0);
		tables[2] = tables_make(0, false, TABLES_LATENCY);
		tables[3] = tables_make(4, false, TABLES_LATENCY);
	}
	return draw % 5 < 4 ? tables[draw % 5] : NULL;
}

#endif

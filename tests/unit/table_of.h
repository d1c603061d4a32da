/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_TABLE_OF_H
#define CHAOS_TESTS_TABLE_OF_H

/* Tables and rules for tests. */

#include <stdlib.h>

#include "control/compile.h"
#include "suite.h"

/* A rule for these names (NULL: any) that always fires. */
static inline struct rule rule_of(
	uint64_t id, const char *service, const char *region, const char *operation)
{
	return (struct rule){
		.id = id,
		.list = TABLE_FAULTS,
		.service = (char *)service,
		.region = (char *)region,
		.operation = (char *)operation,
		.probability = 1,
		.status = 503,
		.code = (char *)"ServiceUnavailable",
		.message_kind = TABLE_MESSAGE_OUTAGE,
	};
}

/* A table with these rules in force, in a block of its exact size; to be freed. */
static inline struct table *table_of(const struct rule *rules, size_t count)
{
	struct table *table = calloc(1, sizeof(*table));
	const struct rule **pointers = calloc(count + 1, sizeof(*pointers));
	struct compiled_part parts[COMPILED_PARTS];
	struct compiled compiled;
	const char *reason;

	ck_assert(table && pointers);
	for (size_t i = 0; i < count; i++)
		pointers[i] = &rules[i];
	ck_assert_int_eq(compile_rules(&compiled, pointers, count, 0, &reason), 0);
	compiled_parts(&compiled, parts);
	for (int i = 0; i < COMPILED_PARTS; i++)
		memcpy((char *)&table->slots[1] + parts[i].at, (char *)compiled.slot + parts[i].at,
			parts[i].len);
	table->magic = TABLE_MAGIC;
	table->version = TABLE_VERSION;
	table->header_size = offsetof(struct table, slots);
	table->size = sizeof(*table);
	table->generation = 1;
	compiled_free(&compiled);
	free(pointers);
	return table;
}

#endif

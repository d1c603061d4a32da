/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_TABLE_OF_H
#define CHAOS_TESTS_TABLE_OF_H

/* Tables and rules for tests. */

#include <stdlib.h>

#include "control/compile.h"
#include "suite.h"
#include "tests/unit/table_in_memory.h"

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

/* A table with these rules in force, with room for no more. */
static inline struct table *table_with(
	const struct rule *const *rules, size_t count, uint64_t latency_ns)
{
	struct compiled compiled;
	struct table *table;
	const char *reason;

	ck_assert_int_eq(compile_rules(&compiled, rules, count, latency_ns, &reason), 0);
	table = table_of_compiled(&compiled);
	ck_assert_ptr_nonnull(table);
	compiled_free(&compiled);
	return table;
}

static inline struct table *table_of(const struct rule *rules, size_t count)
{
	const struct rule **pointers = calloc(count + 1, sizeof(*pointers));
	struct table *table;

	ck_assert_ptr_nonnull(pointers);
	for (size_t i = 0; i < count; i++)
		pointers[i] = &rules[i];
	table = table_with(pointers, count, 0);
	free(pointers);
	return table;
}

#endif

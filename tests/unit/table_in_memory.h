/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_TABLE_IN_MEMORY_H
#define CHAOS_TESTS_TABLE_IN_MEMORY_H

#include <stdlib.h>

#include "control/compile.h"

/* An empty table of that capacity, in a block of its exact size; to be freed. NULL: over a limit. */
static inline struct table *table_in_memory(const struct table_capacity *capacity)
{
	struct table_layout layout;
	struct table *table;

	if (!table_lay_out(capacity, &layout))
		return NULL;
	table = calloc(1, offsetof(struct table, file) + table_file_size(&layout));
	if (table && compile_header(&table->file, capacity) &&
		table_attach(table, table_file_size(&layout)))
		return table;
	free(table);
	return NULL;
}

/* The same with these rules in force, and room for no more. */
static inline struct table *table_of_compiled(const struct compiled *compiled)
{
	struct table *table = table_in_memory(&compiled->need);

	if (!table)
		return NULL;
	compiled_store(compiled, &table->slots[1]);
	table->file.generation = 1;
	return table;
}

#endif

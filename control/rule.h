/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_RULE_H
#define CHAOS_CONTROL_RULE_H

#include <stdint.h>

#include "shim/memory/table.h"

/* One rule of the configuration, checked, defaults filled in. All strings are owned by it. */
struct rule {
	uint64_t id; /* stable while the rule is in the configuration; never 0, never used twice */
	enum table_list list;
	char *service, *region, *operation; /* NULL: any; may be globs */
	double probability;
	int status; /* 0: "modeled" */
	char *code;
	enum table_message message_kind;
	char *message; /* of TABLE_MESSAGE_TEXT, else NULL */
};

#endif

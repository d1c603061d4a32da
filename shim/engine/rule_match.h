/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_RULE_MATCH_H
#define CHAOS_RULE_MATCH_H

/* One rule and one call: for the matching alone. */

#include "aws/call.h"
#include "shim/memory/table.h"

/* Does the name of this id, 0 for any, stand for the text? */
bool rule_name_matches(const struct table_slot *slot, uint32_t id, struct span text);

/* As rules_differs(); *candidate is the first one that the rule is about. */
const char *rule_differs(const struct table_slot *slot, const struct table_rule *rule,
	const struct aws_call *call, int *candidate);

#endif

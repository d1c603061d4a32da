/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_match.h"

#include "aws/regions.h"

bool rule_name_matches(const struct table_slot *slot, uint32_t id, struct span text)
{
	struct span name;

	if (id == 0)
		return true;
	name = table_name(slot, id);
	return name.len && table_glob_matches(name, text);
}

static bool region_matches(const struct table_slot *slot, uint32_t id, const struct aws_call *call)
{
	struct aws_regions walk = aws_regions_of(call);
	struct span name, region;

	if (id == 0)
		return true;
	name = table_name(slot, id);
	if (name.len == 0)
		return false;
	while (aws_regions_next(&walk, &region)) {
		if (table_glob_matches(name, region))
			return true;
		/* A SigV4a region set may hold globs itself. */
		if (table_is_glob(region) && table_glob_matches(region, name))
			return true;
	}
	return false;
}

const char *rule_differs(const struct table_slot *slot, const struct table_rule *rule,
	const struct aws_call *call, int *candidate)
{
	uint32_t service = table_load(rule->service), operation = table_load(rule->operation);
	bool is_service = false, is_operation = false;

	for (int c = 0; c < call->candidate_count && !is_operation; c++) {
		if (!rule_name_matches(slot, service, call->candidates[c].service))
			continue;
		is_service = true;
		is_operation = rule_name_matches(slot, operation, call->candidates[c].operation);
		*candidate = c;
	}
	if (!is_service)
		return "service";
	if (!region_matches(slot, table_load(rule->region), call))
		return "region";
	return is_operation ? NULL : "operation";
}

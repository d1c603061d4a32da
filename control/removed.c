/* SPDX-License-Identifier: Apache-2.0 */
#include "removed.h"

#include <stdlib.h>

#include "memory.h"

uint64_t removed_forgotten(const struct removed *removed)
{
	return removed->count > REMOVED_MAX ? removed->count - REMOVED_MAX : 0;
}

static void count_one(struct removed_rule *one, const struct writer *writer)
{
	struct journal_counter counter;

	if (writer_count(writer, one->rule->rule.id, &counter))
		one->counter = counter;
}

static void add(struct removed *removed, const struct writer *writer, struct config_rule *rule,
	uint32_t number)
{
	struct removed_rule *one;

	if (!removed->rules)
		removed->rules = sure(calloc(REMOVED_MAX, sizeof(*removed->rules)));
	one = &removed->rules[removed->count++ % REMOVED_MAX];
	if (one->rule)
		config_rule_release(one->rule);
	*one = (struct removed_rule){
		.rule = rule, .number = number, .counter = {.rule = rule->rule.id}};
	rule->owners++;
	count_one(one, writer);
}

void removed_take(struct removed *removed, const struct writer *writer, const struct config *config)
{
	for (int list = TABLE_OUTAGES; list <= TABLE_FAULTS; list++)
		for (size_t i = 0; i < config->lists[list].count; i++)
			if (config->lists[list].rules[i]->owners == 1)
				add(removed, writer, config->lists[list].rules[i], (uint32_t)i + 1);
}

void removed_count(struct removed *removed, const struct writer *writer)
{
	for (uint64_t i = removed_forgotten(removed); i < removed->count; i++)
		count_one(&removed->rules[i % REMOVED_MAX], writer);
}

void removed_each(const struct removed *removed, const struct writer *writer, removed_told *told,
	void *context)
{
	for (uint64_t i = removed_forgotten(removed); i < removed->count; i++) {
		struct removed_rule one = removed->rules[i % REMOVED_MAX];

		count_one(&one, writer);
		told(context, &one);
	}
}

void removed_free(struct removed *removed)
{
	for (uint64_t i = removed_forgotten(removed); i < removed->count; i++)
		config_rule_release(removed->rules[i % REMOVED_MAX].rule);
	free(removed->rules);
	*removed = (struct removed){0};
}

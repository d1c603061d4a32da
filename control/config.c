/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "json.h"
#include "memory.h"

void config_rule_release(struct config_rule *rule)
{
	if (--rule->owners > 0)
		return;
	rule_clear(&rule->rule);
	free(rule->text);
	free(rule->canonical);
	free(rule);
}

static void list_room(struct config_list *list, size_t count)
{
	list->rules = sure(calloc(count + 1, sizeof(struct config_rule *)));
	list->count = 0;
}

static void list_add(struct config_list *list, struct config_rule *rule)
{
	rule->owners++;
	list->rules[list->count++] = rule;
}

void config_list_clear(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		config_rule_release(list->rules[i]);
	free(list->rules);
	*list = (struct config_list){0};
}

void config_clear(struct config *config)
{
	config_list_clear(&config->lists[TABLE_OUTAGES]);
	config_list_clear(&config->lists[TABLE_FAULTS]);
}

static int read_rule(
	const cJSON *sent, enum table_list list, struct config_list *rules, struct refusal *why)
{
	struct rule checked;
	struct config_rule *rule;
	int error = check_rule(sent, list, &checked, why);

	if (error)
		return error;
	rule = sure(calloc(1, sizeof(*rule)));
	rule->rule = checked;
	rule->text = json_print(sent);
	rule->canonical = json_canonical(sent);
	list_add(rules, rule);
	return 0;
}

/* A rule's place in a list that is sorted by canonical text. */
struct place {
	const char *canonical;
	size_t position;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a, *right = b;
	int order = strcmp(left->canonical, right->canonical);

	return order ? order
		     : (left->position > right->position) - (left->position < right->position);
}

static int compare_canonical(const void *a, const void *b)
{
	return strcmp(((const struct place *)a)->canonical, ((const struct place *)b)->canonical);
}

/* The places of a list, sorted; the caller frees them. */
static struct place *sort_list(const struct config_list *list)
{
	struct place *places = sure(calloc(list->count + 1, sizeof(*places)));

	for (size_t i = 0; i < list->count; i++)
		places[i] = (struct place){list->rules[i]->canonical, i};
	qsort(places, list->count, sizeof(*places), compare_places);
	return places;
}

static const struct place *find_place(
	const struct place *places, size_t count, const struct config_rule *rule)
{
	struct place key = {rule->canonical, 0};

	return bsearch(&key, places, count, sizeof(*places), compare_canonical);
}

static int check_unique(const struct config_list *rules, struct refusal *why)
{
	struct place *places = sort_list(rules);
	int error = 0;

	for (size_t i = 1; i < rules->count && !error; i++) {
		if (compare_canonical(&places[i - 1], &places[i]) != 0)
			continue;
		why->rule = (int)places[i].position + 1;
		error = refuse(
			why, 400, "is the same as rule %zu; keep one", places[i - 1].position + 1);
	}
	free(places);
	return error;
}

static int read_rules(
	const cJSON *body, enum table_list list, struct config_list *rules, struct refusal *why)
{
	const cJSON *sent;

	cJSON_ArrayForEach(sent, body)
	{
		why->rule++;
		if (read_rule(sent, list, rules, why))
			return -EINVAL;
	}
	why->rule = 0;
	return check_unique(rules, why);
}

int config_read(const cJSON *body, enum table_list list, enum config_change change,
	struct config_list *rules, struct refusal *why)
{
	int error;

	if (cJSON_IsObject(body) && change != CONFIG_REPLACE) {
		list_room(rules, 1);
		why->rule = 1;
		error = read_rule(body, list, rules, why);
	} else if (cJSON_IsArray(body)) {
		list_room(rules, (size_t)cJSON_GetArraySize(body));
		error = read_rules(body, list, rules, why);
	} else {
		return refuse(why, 400,
			"an array of rules is expected, such as "
			"[{\"service\": \"s3\", \"region\": \"us-east-1\"}]");
	}
	if (error)
		config_list_clear(rules);
	return error;
}

static void share_list(const struct config_list *from, struct config_list *to)
{
	list_room(to, from->count);
	for (size_t i = 0; i < from->count; i++)
		list_add(to, from->rules[i]);
}

static void add_new(struct config *next, struct config_list *list, struct config_rule *rule)
{
	rule->rule.id = next->next_id++;
	list_add(list, rule);
}

bool *config_find(const struct config_list *list, const struct config_list *rules)
{
	struct place *places = sort_list(list);
	bool *is_there = sure(calloc(rules->count + 1, sizeof(*is_there)));

	for (size_t i = 0; i < rules->count; i++)
		is_there[i] = find_place(places, list->count, rules->rules[i]) != NULL;
	free(places);
	return is_there;
}

static void append_rules(const struct config_list *now, const struct config_list *rules,
	struct config *next, struct config_list *list)
{
	bool *is_there = config_find(now, rules);

	list_room(list, now->count + rules->count);
	for (size_t i = 0; i < now->count; i++)
		list_add(list, now->rules[i]);
	for (size_t i = 0; i < rules->count; i++)
		if (!is_there[i])
			add_new(next, list, rules->rules[i]);
	free(is_there);
}

static void remove_rules(
	const struct config_list *now, const struct config_list *rules, struct config_list *list)
{
	struct place *places = sort_list(rules);

	list_room(list, now->count);
	for (size_t i = 0; i < now->count; i++)
		if (!find_place(places, rules->count, now->rules[i]))
			list_add(list, now->rules[i]);
	free(places);
}

/* All but the rules. */
static void copy_rest(const struct config *now, struct config *next)
{
	*next = *now;
	memset(next->lists, 0, sizeof(next->lists));
}

void config_change(const struct config *now, enum table_list list, enum config_change change,
	const struct config_list *rules, struct config *next)
{
	enum table_list other = list == TABLE_FAULTS ? TABLE_OUTAGES : TABLE_FAULTS;

	copy_rest(now, next);
	share_list(&now->lists[other], &next->lists[other]);
	switch (change) {
	case CONFIG_REPLACE:
		list_room(&next->lists[list], rules->count);
		for (size_t i = 0; i < rules->count; i++)
			add_new(next, &next->lists[list], rules->rules[i]);
		break;
	case CONFIG_APPEND:
		append_rules(&now->lists[list], rules, next, &next->lists[list]);
		break;
	case CONFIG_REMOVE:
		remove_rules(&now->lists[list], rules, &next->lists[list]);
		break;
	}
}

static void copy_all(const struct config *now, struct config *next)
{
	copy_rest(now, next);
	share_list(&now->lists[TABLE_OUTAGES], &next->lists[TABLE_OUTAGES]);
	share_list(&now->lists[TABLE_FAULTS], &next->lists[TABLE_FAULTS]);
}

void config_set_latency(const struct config *now, int latency_ms, struct config *next)
{
	copy_all(now, next);
	next->latency_ms = latency_ms;
}

void config_set_flags(const struct config *now, uint32_t flags, struct config *next)
{
	copy_all(now, next);
	next->flags = flags;
}

const struct rule **config_rules(const struct config *config, size_t *count)
{
	const struct config_list *outages = &config->lists[TABLE_OUTAGES];
	const struct config_list *faults = &config->lists[TABLE_FAULTS];
	const struct rule **rules;

	*count = 0;
	rules = sure(calloc(outages->count + faults->count + 1, sizeof(*rules)));
	for (size_t i = 0; i < outages->count; i++)
		rules[(*count)++] = &outages->rules[i]->rule;
	for (size_t i = 0; i < faults->count; i++)
		rules[(*count)++] = &faults->rules[i]->rule;
	return rules;
}

char *config_list_text(const struct config_list *list)
{
	char *text = NULL;
	size_t len;
	FILE *out = sure(open_memstream(&text, &len));

	fputc('[', out);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i ? ", " : "", list->rules[i]->text);
	fputc(']', out);
	fclose(out);
	return sure(text);
}

char *config_effects_text(const struct config *config)
{
	char *text;

	sure(asprintf(&text, "{\"latency\": %d}", config->latency_ms) < 0 ? NULL : text);
	return text;
}

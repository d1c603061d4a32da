/* SPDX-License-Identifier: Apache-2.0 */
#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "control/memory.h"

/* With more keys of a bucket than that, all of its keys are allowed. */
#define KEYS_MAX 10

/* An action on a resource. The texts are owned. */
struct grant {
	char *action, *resource;
};

struct grants {
	struct grant *all;
	uint32_t count, room;
};

static int compare(const void *left, const void *right)
{
	const struct grant *a = left, *b = right;
	int order = strcmp(a->action, b->action);

	return order ? order : strcmp(a->resource, b->resource);
}

/* Sorts, and keeps of equal ones the first. */
static void tidy(struct grants *grants)
{
	uint32_t count = 0;

	if (grants->count)
		qsort(grants->all, grants->count, sizeof(*grants->all), compare);
	for (uint32_t i = 0; i < grants->count; i++) {
		if (count && compare(&grants->all[count - 1], &grants->all[i]) == 0) {
			free(grants->all[i].action);
			free(grants->all[i].resource);
			continue;
		}
		grants->all[count++] = grants->all[i];
	}
	grants->count = count;
}

static void add(struct grants *grants, const char *action, const char *resource)
{
	if (grants->count == grants->room)
		tidy(grants);
	if (2 * grants->count >= grants->room) {
		grants->room = 2 * grants->room + 16;
		grants->all = sure(reallocarray(grants->all, grants->room, sizeof(*grants->all)));
	}
	grants->all[grants->count++] = (struct grant){sure(strdup(action)), sure(strdup(resource))};
}

static void take(
	struct grants *grants, const struct report *report, const struct report_attempt *attempt)
{
	const struct policy_call call = {
		.service = report_text(report, attempt, EVENT_SERVICE),
		.operation = report_text(report, attempt, EVENT_OPERATION),
		.region = report_text(report, attempt, EVENT_REGION),
		.resource = report_text(report, attempt, EVENT_RESOURCE),
	};
	char actions[POLICY_TEXT_MAX], arn[POLICY_TEXT_MAX], *rest = NULL;

	if (!*call.service || !*call.operation)
		return;
	policy_actions(call.service, call.operation, actions);
	policy_arn(&call, arn);
	for (char *action = strtok_r(actions, " ", &rest); action;
		action = strtok_r(NULL, " ", &rest))
		add(grants, action, arn);
}

/* ---- keys of a bucket ---- */

/* "arn:aws:s3:::bucket/" of an object; 0: it is none. */
static size_t bucket_len(const struct grant *grant)
{
	const char *name = strstr(grant->resource, ":s3:::"), *slash;

	slash = name ? strchr(name, '/') : NULL;
	return slash ? (size_t)(slash - grant->resource) + 1 : 0;
}

static bool are_of_one_bucket(const struct grant *a, const struct grant *b)
{
	size_t len = bucket_len(a);

	return len && strcmp(a->action, b->action) == 0 && bucket_len(b) == len &&
	       strncmp(a->resource, b->resource, len) == 0;
}

/* Of sorted grants those of one bucket stand together. */
static void join_keys(struct grants *grants)
{
	uint32_t from = 0;

	for (uint32_t i = 1; i <= grants->count; i++) {
		if (i < grants->count && are_of_one_bucket(&grants->all[from], &grants->all[i]))
			continue;
		for (uint32_t k = from; i - from > KEYS_MAX && k < i; k++) {
			struct grant *grant = &grants->all[k];
			size_t len = bucket_len(grant);

			grant->resource = sure(realloc(grant->resource, len + 2));
			memcpy(grant->resource + len, "*", 2);
		}
		from = i;
	}
	tidy(grants);
}

/* ---- statements ---- */

static bool have_same_resources(const struct grants *grants, uint32_t a, uint32_t b)
{
	const char *left = grants->all[a].action, *right = grants->all[b].action;

	while (a < grants->count && b < grants->count && !strcmp(grants->all[a].action, left) &&
		!strcmp(grants->all[b].action, right) &&
		!strcmp(grants->all[a].resource, grants->all[b].resource)) {
		a++;
		b++;
	}
	return (a == grants->count || strcmp(grants->all[a].action, left) != 0) &&
	       (b == grants->count || strcmp(grants->all[b].action, right) != 0);
}

static uint32_t next_action(const struct grants *grants, uint32_t i)
{
	uint32_t from = i;

	while (i < grants->count && !strcmp(grants->all[i].action, grants->all[from].action))
		i++;
	return i;
}

/* One for the actions, not told of yet, that have the same resources as that one. */
static void add_statement(
	cJSON *statements, const struct grants *grants, uint32_t first, bool *told)
{
	cJSON *statement = sure(cJSON_CreateObject()), *actions, *resources;

	cJSON_AddItemToArray(statements, statement);
	sure(cJSON_AddStringToObject(statement, "Effect", "Allow"));
	actions = sure(cJSON_AddArrayToObject(statement, "Action"));
	resources = sure(cJSON_AddArrayToObject(statement, "Resource"));
	for (uint32_t i = first; i < grants->count; i = next_action(grants, i)) {
		if (told[i] || !have_same_resources(grants, first, i))
			continue;
		told[i] = true;
		cJSON_AddItemToArray(actions, sure(cJSON_CreateString(grants->all[i].action)));
	}
	for (uint32_t i = first; i < next_action(grants, first); i++)
		cJSON_AddItemToArray(resources, sure(cJSON_CreateString(grants->all[i].resource)));
}

cJSON *policy_json(const struct report *report)
{
	struct grants grants = {0};
	cJSON *policy = sure(cJSON_CreateObject()), *statements;
	bool *told;

	for (uint32_t i = 0; i < report->attempt_count; i++)
		take(&grants, report, &report->attempts[i]);
	tidy(&grants);
	join_keys(&grants);
	told = sure(calloc(grants.count + 1, sizeof(*told)));
	sure(cJSON_AddStringToObject(policy, "Version", "2012-10-17"));
	statements = sure(cJSON_AddArrayToObject(policy, "Statement"));
	for (uint32_t i = 0; i < grants.count; i = next_action(&grants, i))
		if (!told[i])
			add_statement(statements, &grants, i, told);
	for (uint32_t i = 0; i < grants.count; i++) {
		free(grants.all[i].action);
		free(grants.all[i].resource);
	}
	free(grants.all);
	free(told);
	return policy;
}

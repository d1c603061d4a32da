/* SPDX-License-Identifier: Apache-2.0 */
#include "initial.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "given.h"
#include "json.h"
#include "memory.h"
#include "names.h"
#include "state.h"

int initial_read(
	struct initial_list *list, const char *option, const char *argument, struct refusal *why)
{
	size_t len;

	refusal_of_option(why, option, argument);
	list->argument = argument;
	free(list->text);
	list->text = given_read(argument, &len, why);
	if (!list->text)
		return -EINVAL;
	*why->source = '\0';
	return 0;
}

void initial_free(struct initial_options *options)
{
	free(options->faults.text);
	free(options->outages.text);
}

static void warn_of_names(const struct config_list *rules, const char *option)
{
	struct names_warnings warnings;
	struct names *names = names_open();

	names_begin(&warnings);
	for (size_t i = 0; i < rules->count; i++)
		names_check(names, &rules->rules[i]->rule, (int)i + 1, &warnings);
	for (int i = 0; i < warnings.count; i++)
		fprintf(stderr, "chaos-control: warning: %s: %s\n", option, warnings.text[i]);
	names_close(names);
}

static int take_rules(struct config *config, enum table_list list, const char *option,
	const struct initial_list *given, struct refusal *why)
{
	struct config_list rules;
	struct config next;
	cJSON *body;
	int error;

	if (!given->text)
		return 0;
	refusal_of_option(why, option, given->argument);
	body = json_parse(given->text, strlen(given->text), why);
	if (!body)
		return -EINVAL;
	error = config_read(body, list, CONFIG_REPLACE, &rules, why);
	cJSON_Delete(body);
	if (error)
		return error;
	warn_of_names(&rules, why->source);
	config_change(config, list, CONFIG_REPLACE, &rules, &next);
	config_list_clear(&rules);
	config_clear(config);
	*config = next;
	*why->source = '\0';
	return 0;
}

static int take_latency(struct config *config, const char *text, struct refusal *why)
{
	cJSON *effects;
	double latency;
	char *rest;
	int error;

	if (!text)
		return 0;
	refusal_of_option(why, "--latency", "");
	latency = strtod(text, &rest);
	if (!*text || *rest)
		return refuse(why, 400, "'%.40s' is no number of milliseconds, such as 250", text);
	effects = sure(cJSON_CreateObject());
	sure(cJSON_AddNumberToObject(effects, "latency", latency));
	error = check_effects(effects, &config->latency_ms, why);
	cJSON_Delete(effects);
	*why->field = '\0'; /* the option says it */
	return error;
}

static int load(const char *path, struct config *config, struct refusal *why)
{
	char aside[PATH_MAX + 64];

	if (state_load(path, config, aside, sizeof(aside), why))
		return -EINVAL;
	if (!*aside)
		return 0;
	fprintf(stderr, "chaos-control: warning: %s is corrupt; put aside as %s\n", path, aside);
	*why = (struct refusal){0};
	return 0;
}

int initial_config(const struct initial_options *options, const char *state_path,
	struct config *config, struct refusal *why)
{
	*config = (struct config){.next_id = state_first_id()};
	if (state_path && load(state_path, config, why))
		return -EINVAL;
	if (!take_rules(config, TABLE_FAULTS, "--faults", &options->faults, why) &&
		!take_rules(config, TABLE_OUTAGES, "--outages", &options->outages, why) &&
		!take_latency(config, options->latency, why))
		return 0;
	config_clear(config);
	return -EINVAL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "check.h"
#include "file.h"
#include "json.h"
#include "memory.h"

#define STATE_VERSION 1
#define ID_MAX	      (1ull << 53) /* what a number of JSON holds exactly */

static const char *const list_names[] = {
	[TABLE_OUTAGES] = "outages",
	[TABLE_FAULTS] = "faults",
};

static const struct {
	const char *name;
	uint32_t flag;
} flags[] = {{"paused", TABLE_PAUSED}, {"observed", TABLE_OBSERVED}};
#define FLAGS (sizeof(flags) / sizeof(*flags))

uint64_t state_first_id(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void print_list(FILE *out, const struct config *config, enum table_list list)
{
	const struct config_list *rules = &config->lists[list];

	fprintf(out, "  \"%s\": [", list_names[list]);
	for (size_t i = 0; i < rules->count; i++)
		fprintf(out, "%s\n    %s", i ? "," : "", rules->rules[i]->text);
	fprintf(out, "],\n");
}

static void print_ids(FILE *out, const struct config *config, enum table_list list)
{
	const struct config_list *rules = &config->lists[list];

	fprintf(out, ", \"%s\": [", list_names[list]);
	for (size_t i = 0; i < rules->count; i++)
		fprintf(out, "%s%" PRIu64, i ? ", " : "", rules->rules[i]->rule.id);
	fputc(']', out);
}

char *state_print(const struct config *config)
{
	char *text = NULL;
	size_t len;
	FILE *out = sure(open_memstream(&text, &len));

	fprintf(out, "{\n  \"version\": %d,\n  \"effects\": {\"latency\": %d},\n", STATE_VERSION,
		config->latency_ms);
	for (size_t i = 0; i < FLAGS; i++)
		if (config->flags & flags[i].flag)
			fprintf(out, "  \"%s\": true,\n", flags[i].name);
	print_list(out, config, TABLE_OUTAGES);
	print_list(out, config, TABLE_FAULTS);
	fprintf(out, "  \"ids\": {\"next\": %" PRIu64, config->next_id);
	print_ids(out, config, TABLE_OUTAGES);
	print_ids(out, config, TABLE_FAULTS);
	fprintf(out, "}\n}\n");
	fclose(out);
	return sure(text);
}

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool read_id(const cJSON *value, uint64_t *id)
{
	if (!cJSON_IsNumber(value) || !(value->valuedouble >= 1 && value->valuedouble < ID_MAX))
		return false;
	*id = (uint64_t)value->valuedouble;
	return true;
}

/* Gives the rules the ids that they had. They ascend, since rules are appended and removed alone. */
static bool parse_ids(const cJSON *ids, enum table_list list, struct config *config)
{
	const struct config_list *rules = &config->lists[list];
	const cJSON *array = member(ids, list_names[list]);
	const cJSON *value;
	uint64_t last = 0;
	size_t i = 0;

	if (!cJSON_IsArray(array) || (size_t)cJSON_GetArraySize(array) != rules->count)
		return false;
	cJSON_ArrayForEach(value, array)
	{
		uint64_t *id = &rules->rules[i++]->rule.id;

		if (!read_id(value, id) || *id <= last || *id >= config->next_id)
			return false;
		last = *id;
	}
	return true;
}

static int parse_list(
	const cJSON *state, enum table_list list, struct config *config, struct refusal *why)
{
	const cJSON *value = member(state, list_names[list]);
	struct config_list rules;
	struct config next;

	if (!value)
		return 0;
	if (config_read(value, list, CONFIG_REPLACE, &rules, why))
		return -EINVAL;
	config_change(config, list, CONFIG_REPLACE, &rules, &next);
	config_list_clear(&rules);
	config_clear(config);
	*config = next;
	return 0;
}

static int parse_members(const cJSON *state, struct config *config, struct refusal *why)
{
	const cJSON *version = member(state, "version");
	const cJSON *effects = member(state, "effects");
	const cJSON *ids = member(state, "ids");

	if (!cJSON_IsObject(state))
		return refuse(why, 400, "this is not an object");
	if (!version || version->valuedouble != STATE_VERSION)
		return refuse(why, 400, "\"version\" is not %d", STATE_VERSION);
	if (effects && check_effects(effects, &config->latency_ms, why))
		return -EINVAL;
	for (size_t i = 0; i < FLAGS; i++)
		if (cJSON_IsTrue(member(state, flags[i].name)))
			config->flags |= flags[i].flag;
	if (parse_list(state, TABLE_OUTAGES, config, why) ||
		parse_list(state, TABLE_FAULTS, config, why))
		return -EINVAL;
	/* A file that a person wrote has none: the rules are new, then. */
	if (!ids)
		return 0;
	if (!read_id(member(ids, "next"), &config->next_id) ||
		!parse_ids(ids, TABLE_OUTAGES, config) || !parse_ids(ids, TABLE_FAULTS, config))
		return refuse(why, 400, "\"ids\" do not fit the rules");
	return 0;
}

int state_parse(const char *text, size_t len, struct config *config, struct refusal *why)
{
	cJSON *state = json_parse(text, len, why);
	int error;

	if (!state)
		return -EINVAL;
	*config = (struct config){.next_id = state_first_id()};
	error = parse_members(state, config, why);
	if (error) {
		config_clear(config);
		*config = (struct config){.next_id = state_first_id()};
	}
	cJSON_Delete(state);
	return error;
}

int state_load(
	const char *path, struct config *config, char *aside, size_t cap, struct refusal *why)
{
	size_t len;
	char *text = NULL;
	struct stat status;
	int error;

	/* Who opens a pipe would wait for its other end. */
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return refuse(why, 500, "cannot read %s: it is not a regular file", path);
	text = file_read(path, &len);
	*aside = '\0';
	*config = (struct config){.next_id = state_first_id()};
	if (!text && errno == ENOENT)
		return 0;
	if (!text)
		return refuse(why, 500, "cannot read %s: %s", path, strerror(errno));
	error = state_parse(text, len, config, why);
	free(text);
	return error ? file_put_aside(path, aside, cap, why) : 0;
}

int state_save(const char *path, const struct config *config, struct refusal *why)
{
	char *text = state_print(config);
	int error = file_replace(path, text, why);

	free(text);
	return error;
}

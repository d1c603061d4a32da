/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "utf8.h"

#define DESCRIPTION_MAX 8192 /* characters, as in the published schema */
#define GENERAL_MESSAGE "Operation failed due to a simulated fault"
#define NAME_BYTES	"letters, digits and - _ . * ?"
#define CODE_BYTES	"letters, digits and . - _"

struct field {
	const char *name;
	int (*take)(const cJSON *value, char **text, struct rule *rule, struct refusal *why);
	size_t text; /* offset of the string in struct rule that `take` fills, if it does */
};

static const char *type_name(const cJSON *value)
{
	if (cJSON_IsString(value))
		return "a string";
	if (cJSON_IsNumber(value))
		return "a number";
	if (cJSON_IsBool(value))
		return "a boolean";
	if (cJSON_IsArray(value))
		return "an array";
	return cJSON_IsObject(value) ? "an object" : "null";
}

static int want(const cJSON *value, const char *what, struct refusal *why)
{
	return refuse(why, 400, "must be %s, not %s", what, type_name(value));
}

static bool is_integer(const cJSON *value, int low, int high)
{
	return value->valuedouble >= low && value->valuedouble <= high &&
	       value->valuedouble == value->valueint;
}

/* A non-empty string of letters, digits and `others`. */
static int check_word(
	const cJSON *value, size_t max, const char *others, const char *bytes, struct refusal *why)
{
	const char *at = value->valuestring;

	if (!cJSON_IsString(value))
		return want(value, "a string", why);
	if (!*at)
		return refuse(why, 400, "must not be empty; leave the field out instead");
	if (strlen(at) > max)
		return refuse(
			why, 400, "is %zu bytes long; at most %zu are possible", strlen(at), max);
	for (; *at; at += utf8_step(at, strlen(at)))
		if (!(isascii(*at) && isalnum(*at)) && !strchr(others, *at))
			return refuse(why, 400, "'%.*s' is not possible in it; %s are",
				(int)utf8_step(at, strlen(at)), at, bytes);
	return 0;
}

static int take_name(const cJSON *value, char **text, __attribute__((unused)) struct rule *rule,
	struct refusal *why)
{
	int error = check_word(value, TABLE_NAME_MAX, "-_.*?", NAME_BYTES, why);

	/* "*" is any, and any costs no look at the globs. */
	if (!error && strcmp(value->valuestring, "*") != 0)
		*text = sure(strdup(value->valuestring));
	return error;
}

static int take_probability(const cJSON *value, __attribute__((unused)) char **text,
	struct rule *rule, struct refusal *why)
{
	if (!cJSON_IsNumber(value))
		return want(value, "a number from 0 to 1", why);
	if (!(value->valuedouble >= 0 && value->valuedouble <= 1))
		return refuse(why, 400, "must be a number from 0 to 1, not %g", value->valuedouble);
	rule->probability = value->valuedouble;
	return 0;
}

static int take_description(const cJSON *value, __attribute__((unused)) char **text,
	__attribute__((unused)) struct rule *rule, struct refusal *why)
{
	if (!cJSON_IsString(value))
		return want(value, "a string", why);
	if (utf8_count(value->valuestring) > DESCRIPTION_MAX)
		return refuse(why, 400, "is %zu characters long; at most %d are possible",
			utf8_count(value->valuestring), DESCRIPTION_MAX);
	return 0;
}

static int take_status(const cJSON *value, __attribute__((unused)) char **text, struct rule *rule,
	struct refusal *why)
{
	static const char remedy[] = "an integer from 400 to 599, or \"modeled\"";

	if (cJSON_IsString(value) && strcmp(value->valuestring, "modeled") == 0) {
		rule->status = 0;
		return 0;
	}
	if (cJSON_IsString(value))
		return refuse(why, 400, "must be %s, not \"%.40s\"", remedy, value->valuestring);
	if (!cJSON_IsNumber(value))
		return want(value, remedy, why);
	if (!is_integer(value, 400, 599))
		return refuse(why, 400, "must be %s, not %g", remedy, value->valuedouble);
	rule->status = value->valueint;
	return 0;
}

static int take_code(const cJSON *value, char **text, __attribute__((unused)) struct rule *rule,
	struct refusal *why)
{
	int error = check_word(value, TABLE_CODE_MAX, "-_.", CODE_BYTES, why);

	if (!error)
		*text = sure(strdup(value->valuestring));
	return error;
}

static int take_message(const cJSON *value, char **text, __attribute__((unused)) struct rule *rule,
	struct refusal *why)
{
	if (!cJSON_IsString(value))
		return want(value, "a string", why);
	if (strlen(value->valuestring) > TABLE_MESSAGE_MAX)
		return refuse(why, 400, "is %zu bytes long; at most %d are possible",
			strlen(value->valuestring), TABLE_MESSAGE_MAX);
	*text = sure(strdup(value->valuestring));
	return 0;
}

static const struct field error_fields[] = {
	{"statusCode", take_status, 0},
	{"code", take_code, offsetof(struct rule, code)},
	{"message", take_message, offsetof(struct rule, message)},
	{0},
};

static int take_error(const cJSON *value, char **text, struct rule *rule, struct refusal *why);

/* In the order of the published schema. */
static const struct field fault_fields[] = {
	{"region", take_name, offsetof(struct rule, region)},
	{"service", take_name, offsetof(struct rule, service)},
	{"operation", take_name, offsetof(struct rule, operation)},
	{"probability", take_probability, 0},
	{"description", take_description, 0},
	{"error", take_error, 0},
	{0},
};

static const struct field outage_fields[] = {
	{"service", take_name, offsetof(struct rule, service)},
	{"region", take_name, offsetof(struct rule, region)},
	{0},
};

static const struct field *find_field(const struct field *fields, const char *name)
{
	for (; fields->name; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

static int refuse_unknown(const struct field *fields, struct refusal *why)
{
	char known[128];
	size_t len = 0;

	for (; fields->name; fields++)
		len += (size_t)snprintf(
			known + len, sizeof(known) - len, "%s%s", len ? ", " : "", fields->name);
	return refuse(why, 400, "is not a field here; known are: %s", known);
}

/* Of an empty name the quotes are told, so that there is something to see. */
static void name_field(struct refusal *why, const char *path, const char *name)
{
	snprintf(why->field, sizeof(why->field), "%s%.40s", path, *name ? name : "\"\"");
	utf8_tidy(why->field);
}

/* Takes all members of an object; `path` is what stands before their names in *why. */
static int take_fields(const cJSON *object, const struct field *fields, const char *path,
	struct rule *rule, struct refusal *why)
{
	unsigned seen = 0;
	const cJSON *value;

	cJSON_ArrayForEach(value, object)
	{
		const struct field *field = find_field(fields, value->string);
		unsigned bit = field ? 1u << (field - fields) : 0;
		int error;

		name_field(why, path, value->string);
		if (!field)
			return refuse_unknown(fields, why);
		if (seen & bit)
			return refuse(why, 400, "stands there twice; keep one");
		seen |= bit;
		error = field->take(value, (char **)((char *)rule + field->text), rule, why);
		if (error)
			return error;
	}
	*why->field = '\0';
	return 0;
}

static int take_error(const cJSON *value, __attribute__((unused)) char **text, struct rule *rule,
	struct refusal *why)
{
	if (!cJSON_IsObject(value))
		return want(value, "an object", why);
	return take_fields(value, error_fields, "error.", rule, why);
}

static void fill_in(struct rule *rule)
{
	bool is_outage = rule->list == TABLE_OUTAGES;

	if (rule->message || rule->code)
		rule->message_kind = TABLE_MESSAGE_TEXT;
	else
		rule->message_kind = is_outage ? TABLE_MESSAGE_REGION_OUTAGE : TABLE_MESSAGE_OUTAGE;
	if (rule->code && !rule->message)
		rule->message = sure(strdup(GENERAL_MESSAGE));
	if (!rule->code)
		rule->code = sure(
			strdup(is_outage ? "ServiceUnavailableException" : "ServiceUnavailable"));
}

int check_rule(const cJSON *sent, enum table_list list, struct rule *rule, struct refusal *why)
{
	int error;

	*rule = (struct rule){.list = list, .probability = 1, .status = 503};
	if (!cJSON_IsObject(sent))
		return refuse(why, 400, "a rule must be an object, not %s", type_name(sent));
	error = take_fields(
		sent, list == TABLE_OUTAGES ? outage_fields : fault_fields, "", rule, why);
	if (error)
		rule_clear(rule);
	else
		fill_in(rule);
	return error;
}

void rule_clear(struct rule *rule)
{
	free(rule->service);
	free(rule->region);
	free(rule->operation);
	free(rule->code);
	free(rule->message);
	*rule = (struct rule){0};
}

static int check_latency(const cJSON *value, struct refusal *why)
{
	if (!cJSON_IsNumber(value))
		return want(value, "an integer of milliseconds, such as 250", why);
	if (!is_integer(value, 0, LATENCY_MAX_MS))
		return refuse(why, 400,
			"must be an integer from 0 to %d milliseconds (an hour), not %.15g",
			LATENCY_MAX_MS, value->valuedouble);
	return 0;
}

int check_effects(const cJSON *sent, int *latency_ms, struct refusal *why)
{
	const cJSON *latency = NULL;
	const cJSON *value;

	if (!cJSON_IsObject(sent))
		return refuse(why, 400,
			"the effects must be an object such as {\"latency\": 100}, "
			"not %s",
			type_name(sent));
	cJSON_ArrayForEach(value, sent)
	{
		name_field(why, "", value->string);
		if (strcmp(value->string, "latency") != 0)
			return refuse(why, 400, "is not an effect; the only one is latency");
		if (latency)
			return refuse(why, 400, "stands there twice; keep one");
		if (check_latency(value, why))
			return -EINVAL;
		latency = value;
	}
	snprintf(why->field, sizeof(why->field), "latency");
	if (!latency)
		return refuse(why, 400, "is missing; milliseconds such as {\"latency\": 100}");
	*why->field = '\0';
	*latency_ms = latency->valueint;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a client asks of events, and an event that a program may have filled with anything: the parameters
 * as "name=value" by '&' up to a line end, then the bytes of the event. What is printed is one line of JSON.
 */

#include <stdio.h>

#include <cjson/cJSON.h>

#include "control/event_json.h"
#include "control/query.h"
#include "fuzz.h"

#define PARAMETERS 8

/* Returns how many there are. */
static size_t split(char *text, struct parameter *parameters)
{
	size_t count = 0;

	for (char *next; text && count < PARAMETERS; text = next, count++) {
		char *value = strchr(text, '=');

		next = strchr(text, '&');
		if (next)
			*next++ = '\0';
		if (value && next && value >= next)
			value = NULL;
		if (value)
			*value++ = '\0';
		parameters[count] = (struct parameter){text, value};
	}
	return count;
}

static void check_query(struct query *query, char *text)
{
	struct parameter parameters[PARAMETERS];
	struct refusal why = {0};
	size_t count = split(text, parameters);

	if (query_read(query, parameters, count, 1000, &why) == 0) {
		check(!*why.field && !why.status);
		return;
	}
	check(why.status == 400 && *why.message);
	*query = (struct query){0};
}

static void check_text(const struct event *event, bool redact)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	cJSON *value;

	event_print(out, 7, event, redact);
	fclose(out);
	check(strlen(text) == len && !strpbrk(text, "\n\r\033"));
	value = cJSON_ParseWithOpts(text, NULL, true);
	check(cJSON_IsObject(value));
	cJSON_Delete(value);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t len = end ? (size_t)(end - data) : size, rest = end ? size - len - 1 : 0;
	char *text = calloc(len + 1, 1);
	struct event event = {0};
	struct query query;

	memcpy(text, data, len);
	if (rest)
		memcpy(&event, end + 1, rest < sizeof(event) ? rest : sizeof(event));
	check_query(&query, text);
	query_matches(&query, &event);
	check_text(&event, query.redact);
	free(text);
	return 0;
}

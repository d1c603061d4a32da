/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "event_json.h"

#define SECOND		1000000000ull
#define FIRST_SECOND	1000000000ull /* that is a time, and no event's number: in 2001 */
#define SECONDS_MAX	(UINT64_MAX / SECOND)
#define NUMBER_DIGITS	19
#define FRACTION_DIGITS 9

/* Digits and no more. */
static bool read_number(const char *text, uint64_t *number)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > NUMBER_DIGITS || text[digits])
		return false;
	*number = strtoull(text, NULL, 10);
	return true;
}

/* ".25" as nanoseconds; what is finer is left out. False: a point without digits. */
static bool read_fraction(const char **text, uint64_t *ns)
{
	uint64_t unit = SECOND / 10;
	size_t digits;

	*ns = 0;
	if (**text != '.')
		return true;
	digits = strspn(++*text, "0123456789");
	for (size_t i = 0; i < digits && i < FRACTION_DIGITS; i++, unit /= 10)
		*ns += (uint64_t)((*text)[i] - '0') * unit;
	*text += digits;
	return digits > 0;
}

/* "Z", "+01:00" or nothing, in seconds east. In a URL '+' may have become a blank. */
static bool read_zone(const char *text, int64_t *east)
{
	unsigned hours, minutes;
	int end = 0;

	*east = 0;
	if (!*text || strcmp(text, "Z") == 0)
		return true;
	if (!strchr("+- ", *text) || strlen(text) != 6 ||
		sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &end) != 2 || end != 5 ||
		hours > 23 || minutes > 59)
		return false;
	*east = (int64_t)(hours * 3600 + minutes * 60) * (*text == '-' ? -1 : 1);
	return true;
}

static bool read_date(const char *text, uint64_t *ns)
{
	struct tm parts = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
	uint64_t fraction;
	int64_t seconds, east;

	if (!rest || !read_fraction(&rest, &fraction) || !read_zone(rest, &east))
		return false;
	seconds = (int64_t)timegm(&parts) - east;
	if (seconds < 0 || (uint64_t)seconds >= SECONDS_MAX)
		return false;
	*ns = (uint64_t)seconds * SECOND + fraction;
	return true;
}

bool query_time(const char *text, uint64_t *ns)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;
	uint64_t seconds, fraction;

	if (!digits || digits > NUMBER_DIGITS || *rest == '-')
		return read_date(text, ns);
	seconds = strtoull(text, NULL, 10);
	if (!read_fraction(&rest, &fraction) || *rest || seconds >= SECONDS_MAX)
		return false;
	*ns = seconds * SECOND + fraction;
	return true;
}

static int read_since(struct query *query, const char *value, uint64_t head, struct refusal *why)
{
	if (read_number(value, &query->since) &&
		(query->since <= head || query->since < FIRST_SECOND)) {
		query->kind = QUERY_NUMBER;
		return 0;
	}
	query->kind = QUERY_TIME;
	if (query_time(value, &query->since))
		return 0;
	return refuse(why, 400,
		"'%.40s' is neither the number of an event nor a time such as 2026-11-25T17:00:00Z "
		"or 1795626000.5",
		value);
}

static int read_name(char name[TABLE_NAME_MAX + 1], const char *value, struct refusal *why)
{
	size_t len = strlen(value);

	if (!len || len > TABLE_NAME_MAX)
		return refuse(why, 400, "a name of at most %d bytes is expected; * and ? match any",
			TABLE_NAME_MAX);
	memcpy(name, value, len + 1);
	return 0;
}

/* A number from 1 to `most`. */
static int read_count(
	uint64_t *number, const char *value, uint64_t most, const char *what, struct refusal *why)
{
	if (read_number(value, number) && *number && *number <= most)
		return 0;
	return refuse(why, 400, "'%.40s' is not %s", value, what);
}

static int read_switch(bool *is_on, const char *value, struct refusal *why)
{
	*is_on = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
	if (*is_on || strcmp(value, "0") == 0 || strcmp(value, "false") == 0)
		return 0;
	return refuse(why, 400, "'%.40s' is neither 1 nor 0", value);
}

static int read_one(struct query *query, const char *name, const char *value, uint64_t head,
	struct refusal *why)
{
	uint64_t pid;
	int error;

	if (strcmp(name, "since") == 0)
		return read_since(query, value, head, why);
	if (strcmp(name, "service") == 0)
		return read_name(query->service, value, why);
	if (strcmp(name, "operation") == 0)
		return read_name(query->operation, value, why);
	if (strcmp(name, "rule") == 0)
		return read_count(&query->rule, value, UINT64_MAX,
			"the id of a rule; /_chaos/stats tells them", why);
	if (strcmp(name, "limit") == 0)
		return read_count(&query->limit, value, UINT64_MAX, "a number from 1", why);
	if (strcmp(name, "redact") == 0)
		return read_switch(&query->redact, value, why);
	if (strcmp(name, "pid") != 0)
		return refuse(why, 400,
			"there is no such parameter; they are since, service, operation, rule, "
			"pid, "
			"limit and redact");
	error = read_count(&pid, value, INT32_MAX, "a process id", why);
	query->pid = (uint32_t)pid;
	return error;
}

static bool is_again(const struct parameter *parameters, size_t i)
{
	for (size_t before = 0; before < i; before++)
		if (strcmp(parameters[before].name, parameters[i].name) == 0)
			return true;
	return false;
}

int query_read(struct query *query, const struct parameter *parameters, size_t count, uint64_t head,
	struct refusal *why)
{
	*query = (struct query){0};
	for (size_t i = 0; i < count; i++) {
		const char *value = parameters[i].value ? parameters[i].value : "";

		snprintf(why->field, sizeof(why->field), "%s", parameters[i].name);
		if (is_again(parameters, i))
			return refuse(why, 400, "is given twice");
		if (read_one(query, parameters[i].name, value, head, why))
			return -EINVAL;
	}
	*why->field = '\0';
	return 0;
}

/* One of the services that the wire does not tell apart may be meant, too. */
static bool is_of_service(const struct event *event, struct span glob)
{
	struct span also = event_text(event, EVENT_ALSO);

	if (table_glob_matches(glob, event_text(event, EVENT_SERVICE)))
		return true;
	while (also.len) {
		const char *comma = span_find(also, ',');
		struct span one = also;

		if (comma)
			one.len = (size_t)(comma - also.at);
		if (table_glob_matches(glob, one))
			return true;
		also = comma ? span_from(also, one.len + 1) : (struct span){NULL, 0};
	}
	return false;
}

bool query_matches(const struct query *query, const struct event *event)
{
	if (query->pid && event->pid != query->pid)
		return false;
	if (query->rule && event->rule != query->rule)
		return false;
	if (query->kind == QUERY_TIME && event_wall_time(event->started) < query->since)
		return false;
	if (*query->service && !is_of_service(event, span_of(query->service)))
		return false;
	return !*query->operation ||
	       table_glob_matches(span_of(query->operation), event_text(event, EVENT_OPERATION));
}

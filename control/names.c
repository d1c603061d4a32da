/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aliases.h"
#include "memory.h"
#include "shim/engine/aws/model.h"

/* What the globs of one request may cost at most: about 0.1 s. */
#define GLOB_COMPARISONS 2000000

struct operation {
	struct span name;
	int service;
};

struct names {
	size_t count;
	struct operation operations[];
};

/* The names nearest to one that is not known, the nearest first. */
struct nearest {
	struct span wanted;
	int count;
	struct span names[NAMES_NEAREST];
	int distances[NAMES_NEAREST];
};

static int smaller(int a, int b)
{
	return a < b ? a : b;
}

static int count_wildcards(struct span name)
{
	int count = 0;

	for (size_t i = 0; i < name.len; i++)
		count += name.at[i] == '*';
	return count;
}

/* Can as many letters as one has more than the other not be put in within the limit? */
static bool is_far(struct span a, struct span b, int limit)
{
	int wildcards = count_wildcards(a);
	int more = (int)a.len - wildcards - (int)b.len;

	return more > limit || (!wildcards && -more > limit);
}

int names_distance(struct span a, struct span b, int limit)
{
	int rows[3][TABLE_NAME_MAX + 1];
	int *before = rows[0], *last = rows[1], *row = rows[2];

	if (a.len > TABLE_NAME_MAX || b.len > TABLE_NAME_MAX || is_far(a, b, limit))
		return limit + 1;
	for (int j = 0; j <= (int)b.len; j++)
		row[j] = j;
	for (int i = 1; i <= (int)a.len; i++) {
		bool is_run = a.at[i - 1] == '*';
		int *spare = before;
		int best;

		before = last;
		last = row;
		row = spare;
		row[0] = best = last[0] + !is_run;
		for (int j = 1; j <= (int)b.len; j++) {
			int x = tolower((unsigned char)a.at[i - 1]);
			int y = tolower((unsigned char)b.at[j - 1]);

			if (is_run)
				row[j] = smaller(last[j], row[j - 1]);
			else
				row[j] = smaller(smaller(last[j], row[j - 1]) + 1,
					last[j - 1] + (x != y && x != '?'));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b.at[j - 2]) &&
				y == tolower((unsigned char)a.at[i - 2]))
				row[j] = smaller(row[j], before[j - 2] + 1);
			best = smaller(best, row[j]);
		}
		if (best > limit)
			return limit + 1;
	}
	return smaller(row[b.len], limit + 1);
}

static void nearest_offer(struct nearest *nearest, struct span name)
{
	int wildcards = count_wildcards(nearest->wanted);
	int limit = ((int)nearest->wanted.len - wildcards + (wildcards ? 0 : 2)) / 3;
	int distance = names_distance(nearest->wanted, name, limit);
	int at = nearest->count;

	if (distance > limit)
		return;
	for (int i = 0; i < nearest->count; i++)
		if (span_equal(nearest->names[i], name))
			return;
	while (at > 0 && nearest->distances[at - 1] > distance)
		at--;
	if (at == NAMES_NEAREST)
		return;
	if (nearest->count < NAMES_NEAREST)
		nearest->count++;
	for (int i = nearest->count - 1; i > at; i--) {
		nearest->names[i] = nearest->names[i - 1];
		nearest->distances[i] = nearest->distances[i - 1];
	}
	nearest->names[at] = name;
	nearest->distances[at] = distance;
}

static int compare_operations(const void *a, const void *b)
{
	const struct operation *left = a, *right = b;
	int order = span_compare(left->name, right->name);

	return order ? order : left->service - right->service;
}

struct names *names_open(void)
{
	struct names *names;
	size_t count = 0;

	for (int service = 0; service < aws_model_service_count(); service++)
		count += (size_t)aws_model_operation_count(service);
	names = sure(calloc(1, sizeof(*names) + count * sizeof(names->operations[0])));
	for (int service = 0; service < aws_model_service_count(); service++)
		for (int i = 0; i < aws_model_operation_count(service); i++)
			names->operations[names->count++] =
				(struct operation){aws_model_operation_name(service, i), service};
	qsort(names->operations, names->count, sizeof(names->operations[0]), compare_operations);
	return names;
}

void names_close(struct names *names)
{
	free(names);
}

void names_begin(struct names_warnings *warnings)
{
	warnings->count = 0;
	warnings->globs_left = GLOB_COMPARISONS;
}

char *names_warn(struct names_warnings *warnings, int number, const char *format, ...)
{
	va_list arguments;
	char *text;
	int len;

	if (warnings->count >= NAMES_WARNINGS)
		return NULL;
	text = warnings->text[warnings->count];
	if (++warnings->count == NAMES_WARNINGS) {
		snprintf(text, NAMES_WARNING_MAX, "there is more; the first %d are shown",
			NAMES_WARNINGS - 1);
		return NULL;
	}
	len = snprintf(text, NAMES_WARNING_MAX, "rule %d: ", number);
	va_start(arguments, format);
	vsnprintf(text + len, NAMES_WARNING_MAX - (size_t)len, format, arguments);
	va_end(arguments);
	return text;
}

/* Goes on with the text of a warning: "'a', 'b' or 'c'". */
static size_t list_names(
	char *text, size_t len, const char *last, const struct span *names, int count)
{
	for (int i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, NAMES_WARNING_MAX - len, "%s'%.*s'",
			i == 0		? ""
			: i < count - 1 ? ", "
					: last,
			(int)names[i].len, names[i].at);
	return len;
}

/* Those that are hardly farther off than the best; one that differs by case alone needs no other. */
static int count_near(const struct nearest *nearest)
{
	int best = nearest->distances[0];
	int count = 0;

	while (count < nearest->count && nearest->distances[count] <= best + (best > 0))
		count++;
	return count;
}

/* What a name that is not known does to its rule. A region may be any that a call is signed for. */
struct dimension {
	const char *name;
	const char *consequence;
};

static const struct dimension service_dimension = {"service", "the rule matches no known call"};
static const struct dimension operation_dimension = {"operation", "the rule matches no known call"};
static const struct dimension region_dimension = {
	"region", "the rule matches no call but those signed for it"};

static void warn_unknown(struct names_warnings *warnings, int number,
	const struct dimension *dimension, struct span wanted, const struct span *names, int count)
{
	char *text =
		names_warn(warnings, number, "%s '%.*s' %s%s", dimension->name, (int)wanted.len,
			wanted.at, table_is_glob(wanted) ? "matches no known name" : "is not known",
			count ? "; did you mean " : "");
	size_t len;

	if (!text)
		return;
	len = list_names(text, strlen(text), " or ", names, count);
	snprintf(text + len, NAMES_WARNING_MAX - len, "%s%s", count ? "? As it stands, " : ": ",
		dimension->consequence);
}

static void warn_nearest(struct names_warnings *warnings, int number,
	const struct dimension *dimension, const struct nearest *nearest)
{
	warn_unknown(warnings, number, dimension, nearest->wanted, nearest->names,
		nearest->count ? count_near(nearest) : 0);
}

/* A list of names that are known by number: services or regions. */
static bool is_listed(struct span wanted, int count, struct span (*name)(int))
{
	bool is_glob = table_is_glob(wanted);

	for (int i = 0; i < count; i++)
		if (is_glob ? table_glob_matches(wanted, name(i)) : span_equal(wanted, name(i)))
			return true;
	return false;
}

static void suggest_listed(const struct dimension *dimension, struct span wanted, int count,
	struct span (*name)(int), int number, struct names_warnings *warnings)
{
	struct nearest nearest = {.wanted = wanted};

	for (int i = 0; i < count; i++)
		nearest_offer(&nearest, name(i));
	warn_nearest(warnings, number, dimension, &nearest);
}

static void check_service(struct span wanted, int number, struct names_warnings *warnings)
{
	struct span meant[NAMES_NEAREST];
	int count;

	if (is_listed(wanted, aws_model_service_count(), aws_model_service_name))
		return;
	/* Signs do not count among aliases, so that a glob would be one, too. */
	count = table_is_glob(wanted) ? 0 : aliases_find(wanted, meant, NAMES_NEAREST);
	if (count)
		warn_unknown(warnings, number, &service_dimension, wanted, meant, count);
	else
		suggest_listed(&service_dimension, wanted, aws_model_service_count(),
			aws_model_service_name, number, warnings);
}

static void check_region(struct span wanted, int number, struct names_warnings *warnings)
{
	if (!is_listed(wanted, aws_model_region_count(), aws_model_region_name))
		suggest_listed(&region_dimension, wanted, aws_model_region_count(),
			aws_model_region_name, number, warnings);
}

/* The first operation that does not come before `name`. */
static size_t first_from(const struct names *names, struct span name)
{
	size_t low = 0, high = names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (span_compare(names->operations[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The services that a rule may be about: one, or all that a glob matches. */
static bool service_fits(const struct rule *rule, int service)
{
	struct span wanted;

	if (!rule->service)
		return true;
	wanted = span_of(rule->service);
	return table_is_glob(wanted) ? table_glob_matches(wanted, aws_model_service_name(service))
				     : span_equal(wanted, aws_model_service_name(service));
}

static void suggest_operation(const struct names *names, const struct rule *rule, int number,
	struct names_warnings *warnings)
{
	struct nearest nearest = {.wanted = span_of(rule->operation)};

	for (size_t i = 0; i < names->count; i++)
		if (service_fits(rule, names->operations[i].service))
			nearest_offer(&nearest, names->operations[i].name);
	warn_nearest(warnings, number, &operation_dimension, &nearest);
}

static void check_operation_glob(const struct names *names, const struct rule *rule, int number,
	struct names_warnings *warnings)
{
	struct span glob = span_of(rule->operation);
	struct span start = {glob.at, strcspn(glob.at, "*?")};

	for (size_t i = first_from(names, start); i < names->count; i++) {
		const struct operation *known = &names->operations[i];

		if (!span_starts(known->name, start))
			break;
		if (--warnings->globs_left < 0)
			return;
		if (table_glob_matches(glob, known->name) && service_fits(rule, known->service))
			return;
	}
	suggest_operation(names, rule, number, warnings);
}

static void warn_elsewhere(struct names_warnings *warnings, int number, const struct rule *rule,
	const struct span *services, int count)
{
	char *text = names_warn(warnings, number, "'%s' has no operation '%s'; it is one of ",
		rule->service, rule->operation);
	size_t len;

	if (!text)
		return;
	len = list_names(text, strlen(text), " and ", services, count);
	snprintf(text + len, NAMES_WARNING_MAX - len, ". As it stands, %s",
		operation_dimension.consequence);
}

static void check_operation(const struct names *names, const struct rule *rule, int number,
	struct names_warnings *warnings)
{
	struct span wanted = span_of(rule->operation);
	struct span elsewhere[NAMES_NEAREST];
	int count = 0;

	for (size_t i = first_from(names, wanted); i < names->count; i++) {
		const struct operation *known = &names->operations[i];

		if (!span_equal(known->name, wanted))
			break;
		if (service_fits(rule, known->service))
			return;
		if (count < NAMES_NEAREST)
			elsewhere[count++] = aws_model_service_name(known->service);
	}
	if (count)
		warn_elsewhere(warnings, number, rule, elsewhere, count);
	else
		suggest_operation(names, rule, number, warnings);
}

static void check_status(const struct rule *rule, int number, struct names_warnings *warnings)
{
	int service = aws_model_find(span_of(rule->service));
	int modelled = service < 0 ? 0 : aws_model_error_status(service, span_of(rule->code));

	if (modelled && modelled != rule->status)
		names_warn(warnings, number,
			"'%s' sends %s with status %d, not %d: a client may take it for another "
			"error",
			rule->service, rule->code, modelled, rule->status);
}

/* "modeled": some service that the rule may be about has to have the code. */
static void check_modelled(const struct rule *rule, int number, struct names_warnings *warnings)
{
	for (int i = 0; i < aws_model_service_count(); i++)
		if (service_fits(rule, i) && aws_model_error_status(i, span_of(rule->code)))
			return;
	names_warn(warnings, number,
		"no service that it matches has %s in its model, so that \"modeled\" is status 503",
		rule->code);
}

void names_check(const struct names *names, const struct rule *rule, int number,
	struct names_warnings *warnings)
{
	bool known_service = !rule->service || table_is_glob(span_of(rule->service)) ||
			     aws_model_find(span_of(rule->service)) >= 0;

	if (warnings->count == NAMES_WARNINGS)
		return;
	if (rule->service)
		check_service(span_of(rule->service), number, warnings);
	if (rule->region)
		check_region(span_of(rule->region), number, warnings);
	/* The operations of an unknown service are not known either. */
	if (rule->operation && known_service && table_is_glob(span_of(rule->operation)))
		check_operation_glob(names, rule, number, warnings);
	else if (rule->operation && known_service)
		check_operation(names, rule, number, warnings);
	if (rule->status == 0 && known_service)
		check_modelled(rule, number, warnings);
	else if (rule->status && rule->service)
		check_status(rule, number, warnings);
}

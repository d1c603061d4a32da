/* SPDX-License-Identifier: Apache-2.0 */
#include "expect.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/memory.h"
#include "control/names.h"
#include "control/utf8.h"

enum { OF_RUN = 1, OF_OPERATION = 2, OF_RULE = 4, OF_CALLS = OF_RUN | OF_OPERATION, OF_ANY = 7 };

static const struct measure {
	const char *name;
	enum expect_measure measure;
	unsigned subjects;
} measures[] = {
	{"calls failed", EXPECT_FAILED, OF_CALLS},
	{"calls recovered", EXPECT_RECOVERED, OF_CALLS},
	{"calls", EXPECT_CALLS, OF_CALLS},
	{"failed", EXPECT_FAILED, OF_CALLS},
	{"recovered", EXPECT_RECOVERED, OF_CALLS},
	{"attempts", EXPECT_ATTEMPTS, OF_CALLS},
	{"requests", EXPECT_REQUESTS, OF_CALLS},
	{"faults", EXPECT_FAULTS, OF_CALLS},
	{"delayed", EXPECT_DELAYED, OF_CALLS},
	{"unanswered", EXPECT_UNANSWERED, OF_CALLS},
	{"status", EXPECT_STATUS, OF_CALLS},
	{"matched", EXPECT_MATCHED, OF_RULE},
	{"planned", EXPECT_PLANNED, OF_ANY},
	{"delivered", EXPECT_DELIVERED, OF_ANY},
	{"taken", EXPECT_TAKEN, OF_ANY},
	{"blind", EXPECT_BLIND, OF_RUN},
	{"p50", EXPECT_P50, OF_CALLS},
	{"p90", EXPECT_P90, OF_CALLS},
	{"p99", EXPECT_P99, OF_CALLS},
};
#define MEASURES (sizeof(measures) / sizeof(*measures))

struct parser {
	const char *text, *at;
	struct expectation *to;
	int column; /* of what is wrong; 0: nothing is */
	char *reason;
};

__attribute__((format(printf, 3, 4))) static bool refuse(
	struct parser *parser, const char *at, const char *format, ...)
{
	va_list arguments;

	parser->column = (int)(at - parser->text) + 1;
	va_start(arguments, format);
	vsnprintf(parser->reason, EXPECT_REASON_MAX, format, arguments);
	va_end(arguments);
	return false;
}

bool expect_is_duration(enum expect_measure measure)
{
	return measure >= EXPECT_P50;
}

static void skip_blanks(struct parser *parser)
{
	parser->at += strspn(parser->at, " \t");
}

/* ---- the subject ---- */

/* Where the subject ends: the last colon that is in no quotes; NULL: there is no subject. */
static const char *find_colon(const char *text)
{
	const char *colon = NULL;
	bool is_quoted = false;

	for (; *text; text++) {
		is_quoted ^= *text == '"';
		if (*text == ':' && !is_quoted)
			colon = text;
	}
	return colon;
}

static char *trimmed(const char *from, const char *end)
{
	while (from < end && isblank((unsigned char)*from))
		from++;
	while (end > from && isblank((unsigned char)end[-1]))
		end--;
	return sure(strndup(from, (size_t)(end - from)));
}

static bool parse_rule(struct parser *parser, const char *from, const char *end)
{
	char *name = trimmed(from, end);
	size_t len = strlen(name);

	parser->to->subject = EXPECT_RULE;
	if (len >= 2 && name[0] == '"' && name[len - 1] == '"') {
		parser->to->rule = sure(strndup(name + 1, len - 2));
		free(name);
	} else {
		parser->to->rule = name;
	}
	/* As the name of the rule is. */
	utf8_tidy(parser->to->rule);
	return *parser->to->rule ||
	       refuse(parser, from,
		       "the name of a rule is missing; say rule:NAME, or rule:faults 1");
}

static bool is_of_names(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
				 "*?")] == '\0';
}

static bool parse_operation(struct parser *parser, const char *from, const char *end)
{
	struct expectation *to = parser->to;
	char *name = trimmed(from, end), *dot = strchr(name, '.');

	to->subject = EXPECT_OPERATION;
	if (dot) {
		*dot = '\0';
		to->operation = sure(strdup(dot + 1));
	}
	to->service = name;
	if (!*name || (to->operation && !*to->operation) || !is_of_names(name) ||
		(to->operation && !is_of_names(to->operation)))
		return refuse(parser, from,
			"this names no calls; say SERVICE, SERVICE.OPERATION or rule:NAME before "
			"the colon, as in 's3.Put*: attempts <= 4'");
	return true;
}

static bool parse_subject(struct parser *parser)
{
	const char *colon = find_colon(parser->text), *from = parser->at;

	if (!colon)
		return true;
	parser->at = colon + 1;
	if (strncmp(from, "rule:", 5) == 0 && from + 4 < colon)
		return parse_rule(parser, from + 5, colon);
	if (strncmp(from, "rule:", 5) == 0)
		return refuse(parser, from,
			"a rule's name ends with a colon, as in 'rule:NAME: taken == planned'");
	return parse_operation(parser, from, colon);
}

/* ---- measures ---- */

static unsigned kind_of(const struct parser *parser)
{
	return parser->to->subject == EXPECT_ALL	 ? OF_RUN
	       : parser->to->subject == EXPECT_OPERATION ? OF_OPERATION
							 : OF_RULE;
}

static bool refuse_measure(struct parser *parser, const char *at, size_t len)
{
	const char *nearest = NULL;
	char names[256] = "";
	size_t used = 0;
	int least = 3;

	for (size_t i = 0; i < MEASURES; i++) {
		const char *name = measures[i].name;
		int far;

		if (!(measures[i].subjects & kind_of(parser)) || strchr(name, ' '))
			continue;
		far = names_distance((struct span){at, len}, span_of(name), 3);
		if (far < least)
			nearest = name, least = far;
		used += (size_t)snprintf(
			names + used, sizeof(names) - used, "%s%s", used ? ", " : "", name);
	}
	if (nearest)
		return refuse(parser, at, "'%.*s' is no measure; did you mean '%s'?", (int)len, at,
			nearest);
	return refuse(parser, at,
		len ? "'%.*s' is no measure of %s; measures are %s"
		    : "%.*sa measure of %s is missing; measures are %s",
		(int)len, at,
		parser->to->subject == EXPECT_RULE	  ? "a rule"
		: parser->to->subject == EXPECT_OPERATION ? "calls"
							  : "the run",
		names);
}

/* Words of a name with one blank in it may stand farther apart. */
static size_t match_name(const char *at, const char *name)
{
	const char *start = at;

	for (; *name; name++) {
		if (*name == ' ' && isblank((unsigned char)*at)) {
			at += strspn(at, " \t");
			continue;
		}
		if (*at++ != *name)
			return 0;
	}
	return isalnum((unsigned char)*at) ? 0 : (size_t)(at - start);
}

static bool parse_status(struct parser *parser, struct expect_term *term)
{
	char *end;
	long status;

	skip_blanks(parser);
	status = strtol(parser->at, &end, 10);
	if (end == parser->at || status < 100 || status > 599)
		return refuse(parser, parser->at,
			"a status of HTTP is missing; say 'status 503', for instance");
	term->status = (int)status;
	parser->at = end;
	return true;
}

static bool parse_measure(struct parser *parser, struct expect_term *term)
{
	skip_blanks(parser);
	for (size_t i = 0; i < MEASURES; i++) {
		size_t len = match_name(parser->at, measures[i].name);

		if (!len || !(measures[i].subjects & kind_of(parser)))
			continue;
		parser->at += len;
		term->measure = measures[i].measure;
		return term->measure != EXPECT_STATUS || parse_status(parser, term);
	}
	return refuse_measure(parser, parser->at, strcspn(parser->at, " \t=!<>"));
}

/* ---- the comparison ---- */

static bool parse_operator(struct parser *parser)
{
	static const struct {
		const char *name;
		enum expect_operator op;
	} operators[] = {{"==", EXPECT_EQUAL}, {"!=", EXPECT_UNEQUAL}, {"<=", EXPECT_MOST},
		{">=", EXPECT_LEAST}, {"<", EXPECT_BELOW}, {">", EXPECT_ABOVE}};

	skip_blanks(parser);
	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		size_t len = strlen(operators[i].name);

		if (strncmp(parser->at, operators[i].name, len) != 0)
			continue;
		parser->to->op = operators[i].op;
		parser->at += len;
		return true;
	}
	if (*parser->at == '=')
		return refuse(parser, parser->at, "'=' compares nothing; did you mean '=='?");
	return refuse(parser, parser->at,
		"a comparison is missing; say ==, !=, <, <=, > or >= behind the measure");
}

static double unit_of(const char *unit, size_t len)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strlen(units[i].name) == len && strncmp(units[i].name, unit, len) == 0)
			return units[i].ns;
	return 0;
}

static bool parse_number(struct parser *parser)
{
	struct expectation *to = parser->to;
	const char *start = parser->at;
	size_t unit_len;
	double unit;
	char *end;

	to->is_number = true;
	to->number = strtod(start, &end);
	parser->at = end + strspn(end, " \t");
	unit_len = strspn(parser->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ%");
	unit = unit_of(parser->at, unit_len);
	if (!expect_is_duration(to->left.measure)) {
		if (unit_len)
			return refuse(parser, parser->at,
				"'%.*s' is too much; this measure is a number without a unit",
				(int)unit_len, parser->at);
		parser->at = end;
		return true;
	}
	if (unit == 0)
		return refuse(parser, parser->at,
			"a unit is missing; say %.*sms or %.*ss (units are ns, us, ms, s, m)",
			(int)(end - start), start, (int)(end - start), start);
	to->number *= unit;
	parser->at += unit_len;
	return true;
}

static bool parse_right(struct parser *parser)
{
	struct expectation *to = parser->to;
	const char *at;

	skip_blanks(parser);
	at = parser->at;
	if (isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1])))
		return parse_number(parser);
	if (!isalpha((unsigned char)*at))
		return refuse(parser, at, "a number is missing; counts and times are 0 or more");
	if (!parse_measure(parser, &to->right))
		return false;
	return expect_is_duration(to->left.measure) == expect_is_duration(to->right.measure) ||
	       refuse(parser, at, "a count and a time cannot be compared");
}

static bool parse_end(struct parser *parser)
{
	skip_blanks(parser);
	return !*parser->at ||
	       refuse(parser, parser->at, "'%s' is too much; one comparison is one --expect",
		       parser->at);
}

int expect_parse(const char *text, struct expectation *expectation, char reason[EXPECT_REASON_MAX])
{
	struct parser parser = {text, text, expectation, 0, reason};

	*expectation = (struct expectation){.text = trimmed(text, text + strlen(text))};
	utf8_tidy(expectation->text);
	skip_blanks(&parser);
	if (!parse_subject(&parser) || !parse_measure(&parser, &expectation->left) ||
		!parse_operator(&parser) || !parse_right(&parser) || !parse_end(&parser))
		expect_free(expectation);
	return parser.column;
}

void expect_free(struct expectation *expectation)
{
	free(expectation->text);
	free(expectation->service);
	free(expectation->operation);
	free(expectation->rule);
	*expectation = (struct expectation){0};
}

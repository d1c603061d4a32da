/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "shim/base/span.h"
#include "utf8.h"

/* Where `at` lies in the text: lines and characters, counted from 1. */
static void place(const char *text, const char *at, struct refusal *why)
{
	why->line = 1;
	why->column = 1;
	for (; text < at; text++) {
		if (*text == '\n') {
			why->line++;
			why->column = 1;
		} else if (((uint8_t)*text & 0xc0) != 0x80) {
			why->column++;
		}
	}
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_escape(const char *at, const char *end)
{
	if (end - at < 2 || !at[1] || !strchr("\"\\/bfnrtu", at[1]))
		return false;
	if (at[1] != 'u')
		return true;
	return end - at >= 6 && strspn(at + 2, "0123456789abcdefABCDEF") >= 4;
}

/* What is wrong with a character of a string. cJSON would let pass bytes that are no character, and
 * control characters; \u0000 ends a string of C. */
static const char *character_fault(const char *at, const char *end)
{
	if (utf8_step(at, (size_t)(end - at)) == 0)
		return "these bytes are not UTF-8";
	if ((uint8_t)*at < 0x20)
		return "a control character stands in a string; write it as \\n, \\t or \\u00XX";
	if (*at == '\\' && !is_escape(at, end))
		return "this escape is not one of JSON's";
	if (end - at >= 6 && memcmp(at, "\\u0000", 6) == 0)
		return "\\u0000 cannot be part of a string here";
	return NULL;
}

/* Skips a string that starts at *at. The text has a 0 at its end. */
static const char *skip_string(const char **at, const char *end)
{
	const char *start = *at;

	for (++*at; *at < end && **at != '"';) {
		const char *fault = character_fault(*at, end);

		if (fault)
			return fault;
		*at += **at == '\\' ? 2 : utf8_step(*at, (size_t)(end - *at));
	}
	if (*at >= end) {
		*at = start;
		return "this string is not closed";
	}
	++*at;
	return NULL;
}

static bool is_number(struct span word)
{
	const char *at = word.at + (*word.at == '-');
	const char *end = word.at + word.len;
	size_t digits = strspn(at, "0123456789");

	if (digits == 0 || (*at == '0' && digits > 1))
		return false;
	at += digits;
	if (*at == '.') {
		digits = strspn(++at, "0123456789");
		at += digits;
	}
	if (digits > 0 && (*at == 'e' || *at == 'E')) {
		at += 1 + (at[1] == '+' || at[1] == '-');
		digits = strspn(at, "0123456789");
		at += digits;
	}
	return digits > 0 && at == end;
}

/* Skips a number, or one of the three words. */
static const char *skip_word(const char **at)
{
	struct span word = {*at, strcspn(*at, " \t\r\n,:[]{}\"")};

	if (*word.at == '\'')
		return "strings and names stand in double quotes in JSON";
	if (utf8_step(word.at, word.len) == 0)
		return "these bytes are not UTF-8";
	if (!is_number(word) && !span_equal(word, SPAN("true")) &&
		!span_equal(word, SPAN("false")) && !span_equal(word, SPAN("null")))
		return isdigit((unsigned char)*word.at) || *word.at == '-'
			       ? "this is no number of JSON"
			       : "this word is not JSON; strings and names stand in double quotes";
	*at += word.len;
	return NULL;
}

static bool closes_next(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at < end && (*at == ']' || *at == '}');
}

static const char *skip_token(const char **at, const char *end, char before)
{
	if ((uint8_t) * *at < ' ')
		return "a control character stands between the values";
	if (before == '{' && !strchr("\"}", **at))
		return "a name in double quotes is expected";
	if (**at == '"')
		return skip_string(at, end);
	if (strchr("[]{}:,", **at)) {
		++*at;
		return NULL;
	}
	return skip_word(at);
}

/*
 * Goes over the text before cJSON does: blanks a comma that stands between a value and a closing
 * bracket, and finds what is wrong within a token, about which cJSON is lenient or vague.
 * Returns NULL, or what is wrong at *at.
 */
static const char *prepare(char *text, size_t len, const char **at)
{
	const char *end = text + len;
	char before = '[';

	for (*at = text; *at < end;) {
		size_t start = (size_t)(*at - text);
		const char *fault;

		if (is_blank(**at)) {
			++*at;
			continue;
		}
		fault = skip_token(at, end, before);
		if (fault)
			return fault;
		if (text[start] == ',' && !strchr("[{,:", before) && closes_next(*at, end))
			text[start] = ' ';
		else
			before = text[start];
	}
	return NULL;
}

/* Which tokens may come next: their first bytes, with 1 for a number or a word. */
struct turn {
	const char *tokens, *words;
};

/* What may follow `last` within the brackets that `bracket` has opened; 0: there is none. */
static struct turn turn_after(char last, char bracket, bool is_name)
{
	switch (last) {
	case 0:
	case ':':
		return (struct turn){"[{\"1", "a value"};
	case '[':
		return (struct turn){"[{\"1]", "a value or ']'"};
	case '{':
		return (struct turn){"\"}", "a name in double quotes or '}'"};
	case ',':
		return bracket == '{' ? (struct turn){"\"", "a name in double quotes"}
				      : (struct turn){"[{\"1", "a value"};
	}
	if (is_name)
		return (struct turn){":", "':'"};
	if (!bracket)
		return (struct turn){"", "nothing more"};
	return bracket == '{' ? (struct turn){",}", "',' or '}'"}
			      : (struct turn){",]", "',' or ']'"};
}

static bool has_turn(struct turn turn, char token)
{
	return strchr(turn.tokens, strchr("[]{}:,\"", token) ? token : '1');
}

/* Finds the first token that is out of order, or the end. `open` has room for all brackets.
 * Returns what is expected there, or NULL: nothing is wrong. */
static const char *find_order(const char **at, const char *end, char *open)
{
	struct turn turn = turn_after(0, 0, false);
	bool is_name = false;
	size_t depth = 0;
	char last = 0;

	for (open[0] = 0; *at < end; turn = turn_after(last, open[depth], is_name)) {
		char token = **at;

		if (is_blank(token)) {
			++*at;
			continue;
		}
		if (!has_turn(turn, token))
			return turn.words;
		if ((token == '[' || token == '{') && depth == CJSON_NESTING_LIMIT)
			return "no further bracket";
		if (token == '[' || token == '{')
			open[++depth] = token;
		else if (token == ']' || token == '}')
			depth--;
		is_name = token == '"' && open[depth] == '{' && last != ':';
		last = token;
		skip_token(at, end, 0);
	}
	return *turn.tokens ? turn.words : NULL;
}

/* What is left is tokens in the wrong order, and what cJSON alone has found at `found`. */
static void refuse_order(const char *text, const char *end, const char *found, struct refusal *why)
{
	char open[CJSON_NESTING_LIMIT + 1];
	const char *at = text;
	const char *wanted = find_order(&at, end, open);

	place(text, wanted ? at : found, why);
	if (!wanted)
		refuse(why, 400, "this escape is half of a character");
	else if (at >= end)
		refuse(why, 400, "the JSON ends too early; %s is expected", wanted);
	else
		refuse(why, 400, "'%.*s' stands where %s is expected",
			(int)utf8_step(at, (size_t)(end - at)), at, wanted);
}

cJSON *json_parse(const char *text, size_t len, struct refusal *why)
{
	char *copy = sure(malloc(len + 1));
	const char *at = copy;
	const char *fault;
	cJSON *value = NULL;

	memcpy(copy, text, len);
	copy[len] = '\0';
	fault = prepare(copy, len, &at);
	if (fault) {
		place(copy, at, why);
		refuse(why, 400, "%s", fault);
	} else if (strspn(copy, " \t\r\n") == len) {
		refuse(why, 400, "the body is empty; JSON is expected");
	} else {
		value = cJSON_ParseWithOpts(copy, &at, true);
		if (!value)
			refuse_order(copy, copy + len, at, why);
	}
	free(copy);
	return value;
}

/* Puts a blank behind each comma and colon that is not in a string. */
static char *widen(const char *text)
{
	char *wide = sure(malloc(2 * strlen(text) + 1));
	bool in_string = false;
	char *to = wide;

	for (; *text; text++) {
		*to++ = *text;
		if (*text == '\\')
			*to++ = *++text;
		else if (*text == '"')
			in_string = !in_string;
		else if (!in_string && (*text == ',' || *text == ':'))
			*to++ = ' ';
	}
	*to = '\0';
	return wide;
}

char *json_print(const cJSON *value)
{
	char *text = sure(cJSON_PrintUnformatted(value));
	char *plain = utf8_json(text);
	char *wide = widen(plain);

	free(text);
	free(plain);
	return wide;
}

static void print_leaf(FILE *out, const cJSON *value)
{
	char *text = sure(cJSON_PrintUnformatted(value));

	fputs(text, out);
	free(text);
}

/* The member whose name comes next after `name`; NULL: none. */
static const cJSON *next_member(const cJSON *object, const char *name)
{
	const cJSON *next = NULL;
	const cJSON *member;

	cJSON_ArrayForEach(member, object) if ((!name || strcmp(member->string, name) > 0) &&
					       (!next || strcmp(member->string, next->string) < 0))
		next = member;
	return next;
}

static void print_canonical(FILE *out, const cJSON *value)
{
	const cJSON *member = NULL;

	if (!cJSON_IsObject(value)) {
		print_leaf(out, value);
		return;
	}
	fputc('{', out);
	while ((member = next_member(value, member ? member->string : NULL))) {
		fprintf(out, "\"%s\":", member->string);
		print_canonical(out, member);
		fputc(',', out);
	}
	fputc('}', out);
}

char *json_canonical(const cJSON *value)
{
	char *text = NULL;
	size_t len;
	FILE *out = sure(open_memstream(&text, &len));

	print_canonical(out, value);
	fclose(out);
	return sure(text);
}

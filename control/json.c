/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
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

/* cJSON takes what stands between the quotes as it comes. What it would let pass, or cut: bytes
 * that are no character, control characters, and \u0000, which ends a string of C. */
static const char *string_fault(const char *at, const char *end)
{
	size_t step = utf8_step(at, (size_t)(end - at));

	if (step == 0)
		return "these bytes are not UTF-8";
	if ((uint8_t)*at < 0x20)
		return "a control character stands in a string; write it as \\n, \\t or \\u00XX";
	if (end - at >= 6 && memcmp(at, "\\u0000", 6) == 0)
		return "\\u0000 cannot be part of a string here";
	return NULL;
}

/* Skips a string that starts at *at. */
static const char *skip_string(const char **at, const char *end)
{
	for (++*at; *at < end && **at != '"';) {
		const char *fault = string_fault(*at, end);
		bool escape = **at == '\\';

		if (fault)
			return fault;
		*at += utf8_step(*at, (size_t)(end - *at));
		if (escape && *at < end && (**at == '"' || **at == '\\'))
			++*at;
	}
	if (*at < end)
		++*at;
	return NULL;
}

static bool closes_next(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at < end && (*at == ']' || *at == '}');
}

/*
 * Goes over the text before cJSON does: blanks a comma that stands between a value and a closing
 * bracket, and looks for what cJSON is too lenient about.
 * Returns NULL, or what is wrong at *at.
 */
static const char *prepare(char *text, size_t len, const char **at)
{
	const char *end = text + len;
	char before = '[';

	for (*at = text; *at < end;) {
		char byte = **at;

		if (byte == '"') {
			const char *fault = skip_string(at, end);

			if (fault)
				return fault;
			before = '"';
			continue;
		}
		if (byte == ',' && !strchr("[{,:", before) && closes_next(*at + 1, end))
			text[*at - text] = ' ';
		else if ((uint8_t)byte <= ' ' && !is_blank(byte))
			return "a control character stands between the values";
		if (!is_blank(byte))
			before = byte;
		++*at;
	}
	return NULL;
}

static void refuse_syntax(const char *text, size_t len, const char *at, struct refusal *why)
{
	const char *end = text + len;
	size_t step;

	while (at < end && is_blank(*at))
		at++;
	place(text, at, why);
	step = utf8_step(at, (size_t)(end - at));
	if (at >= end)
		refuse(why, 400, "the JSON ends too early; a bracket or a quote is not closed");
	else if (*at == '\'')
		refuse(why, 400, "strings and names stand in double quotes in JSON");
	else if (step == 0)
		refuse(why, 400, "these bytes are not UTF-8");
	else if (*at == '"')
		refuse(why, 400, "this string is out of place, not closed, or has a bad escape");
	else
		refuse(why, 400, "'%.*s' is not JSON here", (int)step, at);
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
			refuse_syntax(copy, len, at, why);
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
	char *wide = widen(text);

	free(text);
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "record_code.h"

#include <strings.h>

#include "shim/memory/event.h"

static bool is_part_of_code(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

/* What stands behind a mark; .at NULL: the mark is not there. */
static struct span behind(struct span answer, const char *mark)
{
	const char *at = memmem(answer.at, answer.len, mark, strlen(mark));

	if (!at)
		return (struct span){NULL, 0};
	return span_from(answer, (size_t)(at - answer.at) + strlen(mark));
}

/* com.amazonaws.x#Code:http://… is Code. */
static struct span code_in(struct span text)
{
	struct span code = text;
	const char *hash;

	for (code.len = 0; code.len < text.len && code.len < EVENT_TEXT_MAX &&
			   (is_part_of_code(text.at[code.len]) || text.at[code.len] == '#');)
		code.len++;
	hash = code.len ? memrchr(code.at, '#', code.len) : NULL;
	return hash ? span_from(code, (size_t)(hash - code.at) + 1) : code;
}

/* Behind a mark, and behind blanks and quotes. */
static struct span code_behind(struct span answer, const char *mark)
{
	struct span rest = behind(answer, mark);

	while (rest.len && (*rest.at == ' ' || *rest.at == ':' || *rest.at == '"'))
		rest = span_from(rest, 1);
	return code_in(rest);
}

/* The text of CBOR behind its key: a byte of 0x60 and its length, or 0x78 and a byte of that. */
static struct span code_of_cbor(struct span answer)
{
	struct span rest = behind(answer, "\x66__type");
	uint8_t first = rest.len ? (uint8_t)*rest.at : 0;
	size_t len = first - 0x60u;

	if (first < 0x60 || first > 0x78)
		return (struct span){NULL, 0};
	rest = span_from(rest, 1);
	if (first == 0x78) {
		len = rest.len ? (uint8_t)*rest.at : 0;
		rest = span_from(rest, rest.len ? 1 : 0);
	}
	if (len < rest.len)
		rest.len = len;
	return code_in(rest);
}

/* The value of a field of an answer's head. */
static struct span code_of_field(struct span answer, struct span name)
{
	const char *line = answer.at, *end = answer.at + answer.len;

	while (line && line < end && *line != '\r' && *line != '\n') {
		struct span rest = {line, (size_t)(end - line)};

		if (rest.len > name.len && line[name.len] == ':' &&
			strncasecmp(line, name.at, name.len) == 0)
			return code_behind(rest, ":");
		line = memchr(line, '\n', rest.len);
		line = line ? line + 1 : NULL;
	}
	return (struct span){NULL, 0};
}

struct span record_code(struct span answer)
{
	/* In the order in which SDKs look: aws-wire.md. */
	static const char *const marks[] = {"<Code>", "\"__type\"", "\"code\"", "\"Code\""};
	struct span code = code_of_field(answer, SPAN("x-amzn-query-error"));

	if (!code.len)
		code = code_of_field(answer, SPAN("x-amzn-errortype"));
	if (!code.len)
		code = code_of_cbor(answer);
	for (size_t i = 0; !code.len && i < sizeof(marks) / sizeof(*marks); i++)
		code = code_behind(answer, marks[i]);
	return code;
}

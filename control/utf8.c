/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* What a first byte asks for: the length, and the range of the second byte, which alone keeps out
 * overlong forms, surrogates and what lies beyond U+10FFFF. */
static const struct {
	uint8_t first, last, len, low, high;
} forms[] = {
	{0x00, 0x7f, 1, 0, 0},
	{0xc2, 0xdf, 2, 0x80, 0xbf},
	{0xe0, 0xe0, 3, 0xa0, 0xbf},
	{0xe1, 0xec, 3, 0x80, 0xbf},
	{0xed, 0xed, 3, 0x80, 0x9f},
	{0xee, 0xef, 3, 0x80, 0xbf},
	{0xf0, 0xf0, 4, 0x90, 0xbf},
	{0xf1, 0xf3, 4, 0x80, 0xbf},
	{0xf4, 0xf4, 4, 0x80, 0x8f},
};

static bool in_range(char byte, uint8_t low, uint8_t high)
{
	return (uint8_t)byte >= low && (uint8_t)byte <= high;
}

size_t utf8_step(const char *text, size_t len)
{
	size_t form = 0;

	if (len == 0)
		return 0;
	while (!in_range(text[0], forms[form].first, forms[form].last))
		if (++form == sizeof(forms) / sizeof(forms[0]))
			return 0;
	if (len < forms[form].len)
		return 0;
	for (size_t i = 1; i < forms[form].len; i++)
		if (!in_range(text[i], i == 1 ? forms[form].low : 0x80,
			    i == 1 ? forms[form].high : 0xbf))
			return 0;
	return forms[form].len;
}

size_t utf8_count(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((uint8_t)*text & 0xc0) != 0x80;
	return count;
}

uint32_t utf8_code(const char *at, size_t step)
{
	static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (uint8_t)at[0] & first_bits[step];

	for (size_t i = 1; i < step; i++)
		code = code << 6 | ((uint8_t)at[i] & 0x3f);
	return code;
}

bool utf8_is_obeyed(const char *at, size_t step)
{
	static const struct {
		uint32_t first, last;
	} obeyed[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x202e}, {0x2066, 0x2069}};
	uint32_t code = utf8_code(at, step);

	for (size_t i = 0; i < sizeof(obeyed) / sizeof(*obeyed); i++)
		if (code >= obeyed[i].first && code <= obeyed[i].last)
			return true;
	return false;
}

void utf8_tidy(char *text)
{
	char *to = text;

	for (size_t left = strlen(text), step; left > 0; text += step, left -= step) {
		step = utf8_step(text, left);
		if (step == 0 || utf8_is_obeyed(text, step)) {
			*to++ = '?';
			step = step ?: 1;
			continue;
		}
		memmove(to, text, step);
		to += step;
	}
	*to = '\0';
}

char *utf8_json(const char *json)
{
	size_t left = strlen(json), len;
	char *text;
	FILE *out = sure(open_memstream(&text, &len));

	for (size_t step; left > 0; json += step, left -= step) {
		step = utf8_step(json, left);
		if (step == 0)
			fputc('?', out);
		else if (*json != '\n' && *json != '\t' && utf8_is_obeyed(json, step))
			fprintf(out, "\\u%04x", (unsigned)utf8_code(json, step));
		else
			fwrite(json, 1, step, out);
		step = step ?: 1;
	}
	fclose(out);
	return sure(text);
}

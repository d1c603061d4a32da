/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

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

void utf8_tidy(char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		size_t step = utf8_step(text, left);

		if (step == 0 || (uint8_t)*text < 0x20 || *text == 0x7f) {
			*text = '?';
			step = 1;
		}
		text += step;
		left -= step;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */

#include "base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* The value of each digit; for what is none, one whose high bits no value has. */
struct values {
	uint8_t of[256];
};

static void fill(struct values *values)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	memset(values->of, 0xff, sizeof(values->of));
	for (uint8_t i = 0; i < 64; i++)
		values->of[(unsigned char)digits[i]] = i;
}

static uint8_t value_of(const struct values *values, char digit)
{
	return values->of[(unsigned char)digit];
}

/* Two or three digits before the padding. The bits that make no whole byte must be zero. */
static ssize_t decode_last(const struct values *values, char *out, const char *text, int digits)
{
	uint8_t a = value_of(values, text[0]), b = value_of(values, text[1]);
	uint8_t c = digits > 2 ? value_of(values, text[2]) : 0;

	if ((a | b | c) & 0xc0 || (digits == 2 ? b & 0xf : c & 0x3))
		return -EINVAL;
	out[0] = (char)(a << 2 | b >> 4);
	if (digits > 2)
		out[1] = (char)(b << 4 | c >> 2);
	return digits - 1;
}

ssize_t base64_decode(char *text, size_t len)
{
	const char *end = text + len;
	char *out = text;
	struct values values;
	int padding = 0;
	ssize_t last;

	if (len % 4)
		return -EINVAL;
	while (padding < 2 && len && end[-1 - padding] == '=')
		padding++;
	end -= padding ? 4 : 0;
	fill(&values);
	for (const char *at = text; at < end; at += 4, out += 3) {
		uint8_t a = value_of(&values, at[0]), b = value_of(&values, at[1]);
		uint8_t c = value_of(&values, at[2]), d = value_of(&values, at[3]);

		if ((a | b | c | d) & 0xc0)
			return -EINVAL;
		out[0] = (char)(a << 2 | b >> 4);
		out[1] = (char)(b << 4 | c >> 2);
		out[2] = (char)(c << 6 | d);
	}
	if (!padding)
		return out - text;
	last = decode_last(&values, out, end, 4 - padding);
	return last < 0 ? last : out - text + last;
}

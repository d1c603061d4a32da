/* SPDX-License-Identifier: Apache-2.0 */
#include "escape.h"

#define REPLACEMENT SPAN("\xef\xbf\xbd") /* U+FFFD */

void sink_put(struct sink *sink, struct span bytes)
{
	if (bytes.len && sink->len <= sink->cap && bytes.len <= sink->cap - sink->len)
		memcpy(sink->at + sink->len, bytes.at, bytes.len);
	sink->len += bytes.len;
}

void sink_number(struct sink *sink, uint64_t number, int width)
{
	char digits[20];
	int at = sizeof(digits);

	if (width > at)
		width = at;
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number || at > (int)sizeof(digits) - width);
	sink_put(sink, (struct span){digits + at, sizeof(digits) - (size_t)at});
}

void sink_hex(struct sink *sink, uint64_t number, int digits, const char *alphabet)
{
	while (digits--)
		sink_byte(sink, alphabet[number >> 4 * digits & 0xf]);
}

/* The length of the character that `text` begins with, in *code its code point; 0 if the bytes are
 * not UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF). */
static size_t decode(struct span text, uint32_t *code)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} forms[] = {
		{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	uint8_t first = (uint8_t)text.at[0];

	for (size_t more = 0; more < 4; more++) {
		if ((first & forms[more].mask) != forms[more].lead)
			continue;
		if (text.len <= more)
			return 0;
		*code = first & (uint8_t)~forms[more].mask;
		for (size_t i = 1; i <= more; i++) {
			if ((text.at[i] & 0xc0) != 0x80)
				return 0;
			*code = *code << 6 | (text.at[i] & 0x3f);
		}
		if (*code < forms[more].least || *code > 0x10ffff || *code >> 11 == 0x1b)
			return 0;
		return more + 1;
	}
	return 0;
}

/* Takes the next character off `text`; U+FFFD stands for a byte that belongs to none. */
static struct span next_character(struct span *text, uint32_t *code)
{
	size_t len = decode(*text, code);
	struct span character = {text->at, len};

	*text = span_from(*text, len ? len : 1);
	if (len)
		return character;
	*code = 0xfffd;
	return REPLACEMENT;
}

void sink_xml(struct sink *sink, struct span text)
{
	while (text.len) {
		uint32_t code;
		struct span character = next_character(&text, &code);

		switch (code) {
		case '&':
			character = SPAN("&amp;");
			break;
		case '<':
			character = SPAN("&lt;");
			break;
		case '>':
			character = SPAN("&gt;");
			break;
		case '"':
			character = SPAN("&quot;");
			break;
		case '\r':
			character = SPAN("&#xD;");
			break;
		case '\t':
		case '\n':
			break;
		default:
			if (code < ' ' || code == 0xfffe || code == 0xffff)
				character = REPLACEMENT;
		}
		sink_put(sink, character);
	}
}

void sink_json(struct sink *sink, struct span text)
{
	while (text.len) {
		uint32_t code;
		struct span character = next_character(&text, &code);

		switch (code) {
		case '"':
			character = SPAN("\\\"");
			break;
		case '\\':
			character = SPAN("\\\\");
			break;
		case '\n':
			character = SPAN("\\n");
			break;
		case '\r':
			character = SPAN("\\r");
			break;
		case '\t':
			character = SPAN("\\t");
			break;
		default:
			if (code >= ' ')
				break;
			sink_put(sink, SPAN("\\u"));
			sink_hex(sink, code, 4, "0123456789abcdef");
			continue;
		}
		sink_put(sink, character);
	}
}

static void cbor_head(struct sink *sink, uint64_t len)
{
	const uint8_t text_string = 3 << 5;
	int bytes = len < 24 ? 0 : len <= 0xff ? 1 : len <= 0xffff ? 2 : 4;

	if (bytes == 0)
		sink_byte(sink, (char)(text_string | len));
	else
		sink_byte(sink, (char)(text_string | (bytes == 1 ? 24 : bytes == 2 ? 25 : 26)));
	for (int byte = bytes - 1; byte >= 0; byte--)
		sink_byte(sink, (char)(len >> 8 * byte));
}

static void utf8(struct sink *sink, struct span text)
{
	while (text.len) {
		uint32_t code;

		sink_put(sink, next_character(&text, &code));
	}
}

void sink_cbor(struct sink *sink, struct span text)
{
	struct sink measure = {.at = NULL};

	utf8(&measure, text);
	cbor_head(sink, measure.len);
	utf8(sink, text);
}

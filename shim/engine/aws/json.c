/* SPDX-License-Identifier: Apache-2.0 */
#include "document.h"

#include "shim/base/hex.h"

static struct span skip_blank(struct span text, char also)
{
	while (text.len && (*text.at == ' ' || *text.at == '\t' || *text.at == '\r' ||
				   *text.at == '\n' || *text.at == also))
		text = span_from(text, 1);
	return text;
}

/* Takes a string, given from its opening quote. */
static bool take_string(struct span *rest, struct span *content)
{
	if (!rest->len || *rest->at != '"')
		return false;
	for (size_t i = 1; i < rest->len; i++) {
		if (rest->at[i] == '\\') {
			i++;
		} else if (rest->at[i] == '"') {
			*content = (struct span){rest->at + 1, i - 1};
			*rest = span_from(*rest, i + 1);
			return true;
		}
	}
	return false;
}

/* Skips an object or a list, given from its opening bracket. */
static bool skip_nested(struct span *rest)
{
	size_t depth = 0;
	struct span ignored;

	while (rest->len) {
		char byte = *rest->at;

		if (byte == '"') {
			if (!take_string(rest, &ignored))
				return false;
			continue;
		}
		*rest = span_from(*rest, 1);
		depth += byte == '{' || byte == '[';
		depth -= byte == '}' || byte == ']';
		if (depth == 0)
			return true;
	}
	return false;
}

static bool take_value(struct span *rest, struct span *value)
{
	size_t len = 0;

	if (!rest->len)
		return false;
	if (*rest->at == '"')
		return take_string(rest, value);
	if (*rest->at == '{' || *rest->at == '[') {
		struct span first = skip_blank(span_from(*rest, 1), ' ');

		if (!take_string(&first, value))
			*value = (struct span){rest->at, 0};
		return skip_nested(rest);
	}
	while (len < rest->len && !strchr(",} \t\r\n", rest->at[len]))
		len++;
	*value = (struct span){rest->at, len};
	*rest = span_from(*rest, len);
	return len > 0;
}

bool aws_json_next(struct aws_document *cursor, struct span *name, struct span *value)
{
	struct span rest = cursor->rest;

	if (!cursor->is_inside) {
		rest = skip_blank(rest, ' ');
		if (!rest.len || *rest.at != '{')
			return false;
		rest = span_from(rest, 1);
		cursor->is_inside = true;
	}
	rest = skip_blank(rest, ',');
	if (!take_string(&rest, name))
		return false;
	rest = skip_blank(rest, ':');
	if (!take_value(&rest, value))
		return false;
	cursor->rest = rest;
	return true;
}

static int hex4(struct span text)
{
	int value = 0;

	if (text.len < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(text.at[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

static size_t put_utf8(uint32_t code, char bytes[4])
{
	if (code < 0x80) {
		bytes[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		bytes[0] = (char)(0xc0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		bytes[0] = (char)(0xe0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	bytes[0] = (char)(0xf0 | code >> 18);
	bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
	bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
	bytes[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* Takes what follows a backslash. Returns the number of bytes that it stands for. */
static size_t take_escape(struct span *text, char bytes[4])
{
	static const char names[] = "bfnrt", meant[] = "\b\f\n\r\t";
	char byte = *text->at;
	const char *name = strchr(names, byte);
	int code, low;

	*text = span_from(*text, 1);
	bytes[0] = byte && name ? meant[name - names] : byte;
	if (byte != 'u')
		return 1;
	code = hex4(*text);
	if (code < 0)
		return 1;
	*text = span_from(*text, 4);
	low = code >> 10 == 0x36 && span_starts(*text, SPAN("\\u")) ? hex4(span_from(*text, 2))
								    : -1;
	if (low >> 10 != 0x37)
		return put_utf8((uint32_t)code, bytes);
	*text = span_from(*text, 6);
	return put_utf8(
		0x10000 + ((uint32_t)(code & 0x3ff) << 10 | (uint32_t)(low & 0x3ff)), bytes);
}

size_t aws_json_copy(struct span text, char *out, size_t cap)
{
	size_t len = 0;

	while (text.len) {
		char bytes[4] = {*text.at};
		size_t count = 1;

		text = span_from(text, 1);
		if (bytes[0] == '\\' && text.len)
			count = take_escape(&text, bytes);
		if (count > cap - len)
			break;
		memcpy(out + len, bytes, count);
		len += count;
	}
	return len;
}

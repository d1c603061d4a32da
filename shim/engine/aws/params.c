/* SPDX-License-Identifier: Apache-2.0 */
#include "params.h"

#include "shim/base/hex.h"

/* Takes one decoded byte off `wire`. */
static char decode_one(struct span *wire, bool plus)
{
	size_t used = 1;
	char byte = wire->at[0];

	if (plus && byte == '+')
		byte = ' ';
	if (byte == '%' && wire->len >= 3 && hex_digit(wire->at[1]) >= 0 &&
		hex_digit(wire->at[2]) >= 0) {
		byte = (char)(hex_digit(wire->at[1]) << 4 | hex_digit(wire->at[2]));
		used = 3;
	}
	*wire = span_from(*wire, used);
	return byte;
}

size_t aws_decode(struct span wire, bool plus, char *out, size_t cap)
{
	size_t len = 0;

	while (wire.len && len < cap)
		out[len++] = decode_one(&wire, plus);
	return len;
}

bool aws_escaped_equal(struct span wire, struct span text)
{
	if (!span_find(wire, '%'))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!wire.len || decode_one(&wire, false) != text.at[i])
			return false;
	return wire.len == 0;
}

bool aws_params_next(struct span *cursor, struct span *key, struct span *value)
{
	const char *end, *equals;
	struct span param = *cursor;

	if (cursor->len == 0)
		return false;
	end = span_find(param, '&');
	if (end)
		param.len = (size_t)(end - param.at);
	*cursor = span_from(*cursor, param.len + (end != NULL));
	equals = span_find(param, '=');
	*key = param;
	*value = span_from(param, param.len);
	if (equals) {
		key->len = (size_t)(equals - param.at);
		*value = span_from(param, key->len + 1);
	}
	return true;
}

bool aws_params_find(struct span params, struct span key, struct span *value)
{
	struct span name, found;

	while (aws_params_next(&params, &name, &found)) {
		if (aws_decoded_equal(name, key)) {
			*value = found;
			return true;
		}
	}
	return false;
}

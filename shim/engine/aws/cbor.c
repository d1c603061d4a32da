/* SPDX-License-Identifier: Apache-2.0 */
#include "document.h"

/* RFC 8949 */
enum { UNSIGNED, NEGATIVE, BYTES, TEXT, LIST, MAP, TAG, SIMPLE };
#define INDEFINITE UINT64_MAX

/* No honest document is nested deeper. */
#define DEPTH_MAX 32

struct item {
	int major;
	uint64_t value; /* number, length or count; INDEFINITE */
	bool is_break;
};

static bool take_item(struct span *rest, struct item *item)
{
	uint8_t first, size;

	if (!rest->len)
		return false;
	first = (uint8_t)*rest->at;
	*rest = span_from(*rest, 1);
	item->major = first >> 5;
	item->value = first & 0x1f;
	item->is_break = first == 0xff;
	if (item->value == 31)
		item->value = INDEFINITE;
	if (item->value < 24 || item->value == INDEFINITE)
		return true;
	if (item->value > 27)
		return false;
	size = (uint8_t)(1u << (item->value - 24));
	if (rest->len < size)
		return false;
	item->value = 0;
	for (uint8_t i = 0; i < size; i++)
		item->value = item->value << 8 | (uint8_t)rest->at[i];
	*rest = span_from(*rest, size);
	return item->value != INDEFINITE;
}

static bool take_text(struct span *rest, struct span *text)
{
	struct span after = *rest;
	struct item item;

	if (!take_item(&after, &item) || item.major != TEXT || item.value > after.len)
		return false;
	*text = (struct span){after.at, (size_t)item.value};
	*rest = span_from(after, (size_t)item.value);
	return true;
}

/* How many items stand inside this one; INDEFINITE: as many as come before the break. */
static uint64_t items_inside(const struct item *item)
{
	if (item->major == TAG)
		return 1;
	if (item->major != LIST && item->major != MAP)
		return item->value == INDEFINITE && item->major != SIMPLE ? INDEFINITE : 0;
	if (item->value == INDEFINITE)
		return INDEFINITE;
	return item->major == MAP ? item->value * 2 : item->value;
}

static bool skip_item(struct span *rest)
{
	uint64_t left[DEPTH_MAX];
	int depth = 0;

	left[0] = 1;
	while (depth >= 0) {
		struct item item;
		uint64_t inside;

		if (left[depth] == 0) {
			depth--;
			continue;
		}
		if (!take_item(rest, &item))
			return false;
		if (item.is_break) {
			if (left[depth] != INDEFINITE)
				return false;
			depth--;
			continue;
		}
		if (left[depth] != INDEFINITE)
			left[depth]--;
		inside = items_inside(&item);
		if ((item.major == BYTES || item.major == TEXT) && inside == 0) {
			if (item.value > rest->len)
				return false;
			*rest = span_from(*rest, (size_t)item.value);
		}
		if (inside == 0)
			continue;
		if (++depth == DEPTH_MAX)
			return false;
		left[depth] = inside;
	}
	return true;
}

static bool take_value(struct span *rest, struct span *value)
{
	struct span inside = *rest;
	struct item item;

	if (take_text(rest, value))
		return true;
	*value = (struct span){rest->at, 0};
	if (take_item(&inside, &item) && (item.major == LIST || item.major == MAP) && item.value)
		take_text(&inside, value);
	return skip_item(rest);
}

bool aws_cbor_next(struct aws_document *cursor, struct span *name, struct span *value)
{
	struct span rest = cursor->rest;

	if (!cursor->is_inside) {
		struct item item;

		if (!take_item(&rest, &item) || item.major != MAP)
			return false;
		cursor->left = item.value;
		cursor->is_inside = true;
	}
	if (cursor->left == 0)
		return false;
	if (!take_text(&rest, name) || !take_value(&rest, value))
		return false;
	if (cursor->left != INDEFINITE)
		cursor->left--;
	cursor->rest = rest;
	return true;
}

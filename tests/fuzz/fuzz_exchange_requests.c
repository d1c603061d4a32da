/* SPDX-License-Identifier: Apache-2.0 */

/* What a program writes, in one piece and in several: the same must be told of it. And with replies
 * that are read in between, partial sends and no memory: each byte must have one fate. */

#include "wire.h"

static uint64_t draw_of(const uint8_t *data, size_t size)
{
	uint64_t draw = size;

	for (size_t i = size < 16 ? 0 : size - 16; i < size; i++)
		draw = (draw ^ data[i]) * 0x100000001b3ull;
	return draw ^ draw >> 32;
}

/* The last of a body's framing was lost: what is known of the request depends on what had come. */
static bool is_lost(const struct wire *wire)
{
	int count = wire->event_count;

	if (wire->exchange.state == EXCHANGE_GONE)
		return count && wire->events[count - 1].what == WIRE_BLIND &&
		       wire->events[count - 1].value == JOURNAL_BLIND_FRAMING;
	return wire->exchange.swallowing && wire->exchange.body.left > UINT64_MAX - WIRE_MAX;
}

static void compare(const struct wire *whole, const struct wire *parts)
{
	bool lost = is_lost(whole), has_reply = whole->exchange.reply || parts->exchange.reply;
	int count = whole->event_count - lost;

	check(lost ? parts->event_count >= count : parts->event_count == count);
	for (int i = 0; i < count; i++)
		check(whole->events[i].what == parts->events[i].what &&
			whole->events[i].value == parts->events[i].value);
	if (lost || has_reply)
		return;
	check(whole->exchange.state == parts->exchange.state);
	check(whole->exchange.upgrading == parts->exchange.upgrading);
	check(whole->exchange.expecting == parts->exchange.expecting);
	check(whole->exchange.is_sealed == parts->exchange.is_sealed);
	check(whole->exchange.draft.len == parts->exchange.draft.len);
	check(whole->exchange.state != EXCHANGE_BODY ||
		(whole->exchange.body.state == parts->exchange.body.state &&
			whole->exchange.body.left == parts->exchange.body.left));
}

static void check_splits(const uint8_t *data, size_t size, uint64_t draw)
{
	static struct wire whole, parts;
	struct cuts cuts = cuts_of(data, size);
	const struct table *table = tables_pick((unsigned)draw);

	wire_begin(&whole, data, size, table);
	wire_begin(&parts, data, size, table);
	wire_current = &whole;
	wire_offer(&whole, size, 0, false);
	wire_current = &parts;
	for (int i = 0; i < cuts.count; i++)
		while (parts.at < cuts.at[i]) {
			/* The last that the kernel takes of a piece is what is left. */
			parts.kernel_takes =
				draw & 0x100 ? 1 + (cuts.at[i] - parts.at) / 2 : WIRE_ALL;
			wire_offer(&parts, cuts.at[i] - parts.at, (uint32_t)(draw >> i), false);
			/* What follows a hello is not to be told from what it tells. */
			if (parts.exchange.is_sealed && parts.at < size)
				goto sealed;
		}
	compare(&whole, &parts);
sealed:
	wire_end(&parts);
	wire_clear(&parts);
	wire_current = &whole;
	wire_end(&whole);
	wire_clear(&whole);
}

static void check_fates(const uint8_t *data, size_t size, uint64_t draw)
{
	static struct wire wire;

	wire_begin(&wire, data, size, tables_pick((unsigned)(draw >> 4)));
	wire_current = &wire;
	wire.ends_kept = draw >> 12 & 1;
	for (int rounds = 0; wire.at < size && rounds < 200; rounds++) {
		size_t left = size - wire.at;
		uint64_t turn = draw_of(data + wire.at, left < 64 ? left : 64) ^ draw;
		size_t most = turn & 3 ? (turn & 1 ? 300 : 40) : left;
		size_t len = 1 + (turn >> 8) % (most < left ? most : left);

		wire.kernel_takes = turn & 4 ? WIRE_ALL : (turn >> 16) % 64;
		wire.is_poor = (turn >> 24) % 16 == 0;
		wire_offer(&wire, len, turn & 8 ? (uint32_t)(turn >> 5) : 0, false);
		if (turn & 0x100)
			wire_tick(&wire, (turn >> 32) % TABLES_LATENCY);
		if (turn & 0x200)
			wire_read(&wire, turn & 0x400 ? WIRE_ALL : (turn >> 20) % 512);
		if (turn & 0x800)
			wire.exchange.unanswered = false;
	}
	wire_end(&wire);
	wire_clear(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t draw = draw_of(data, size);

	if (size == 0 || size > WIRE_MAX)
		return 0;
	check_splits(data, size, draw);
	check_fates(data, size, draw);
	return 0;
}

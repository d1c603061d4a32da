/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Both directions of a connection, interleaved. An input is what the program writes, what the server
 * sends and what happens when, with a byte 0x1e between each two.
 */

#include "wire.h"

enum { MARK = 0x1e };

struct input {
	const uint8_t *requests, *answers, *script;
	size_t request_len, answer_len, script_len;
};

static bool split(struct input *input, const uint8_t *data, size_t size)
{
	const uint8_t *last = memrchr(data, MARK, size), *first;

	if (!last)
		return false;
	first = memrchr(data, MARK, (size_t)(last - data));
	if (!first)
		return false;
	*input = (struct input){
		.requests = data,
		.request_len = (size_t)(first - data),
		.answers = first + 1,
		.answer_len = (size_t)(last - first) - 1,
		.script = last + 1,
		.script_len = size - (size_t)(last + 1 - data),
	};
	return true;
}

/* A few bytes, or many, or all. */
static size_t scale(unsigned five_bits, size_t left)
{
	size_t len = five_bits < 16   ? five_bits + 1
		     : five_bits < 31 ? (size_t)(five_bits - 15) * 24
				      : left;

	return len < left ? len : left;
}

/* What happens seldom. */
static void do_other(struct wire *wire, unsigned arg)
{
	size_t left = wire->size - wire->at;

	switch (arg % 8) {
	case 0:
		if (arg / 8 == 1)
			exchange_server_ended(&wire->exchange);
		else if (arg / 8 == 2)
			exchange_lose_sight(&wire->exchange);
		else
			exchange_end(&wire->exchange);
		break;
	case 1:
		wire->is_poor = !wire->is_poor;
		break;
	case 2:
		wire->ends_kept = !wire->ends_kept;
		break;
	case 3:
		wire_unseen(wire, left < 1 + arg / 8 ? left : 1 + arg / 8, false);
		break;
	case 4:
		wire_unseen(wire, left < 16 * arg ? left : 16 * arg, true);
		break;
	case 5:
		if (left)
			wire_offer(wire, scale(arg, left), 0, true);
		break;
	case 6:
		wire->table = tables_pick(arg / 8);
		break;
	case 7:
		if (!line_is_empty(&wire->exchange.line))
			check(line_put(&wire->exchange.line, LINE_SHUTDOWN, NULL, 0, 0));
		break;
	}
	wire_check(wire);
}

static void do_one(struct wire *wire, struct input *input, unsigned byte)
{
	unsigned arg = byte >> 3;
	size_t len, left = wire->size - wire->at;

	switch (byte & 7) {
	case 0:
	case 1:
		if (left)
			wire_offer(wire, scale(arg, left), 0, false);
		break;
	case 2:
		if (left)
			wire_offer(wire, left, arg * 0x1010107u + 1, false);
		break;
	case 3:
		len = scale(arg, input->answer_len);
		wire_answer(wire, input->answers, len);
		input->answers += len;
		input->answer_len -= len;
		break;
	case 4:
		wire_read(wire, arg < 31 ? arg * 16 : WIRE_ALL);
		break;
	case 5:
		wire_tick(wire, (uint64_t)arg * 1000);
		break;
	case 6:
		wire->kernel_takes = arg < 31 ? arg * 3 : WIRE_ALL;
		break;
	case 7:
		do_other(wire, arg);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire wire;
	struct input input;

	if (size > WIRE_MAX || !split(&input, data, size) || !input.script_len)
		return 0;
	wire_current = &wire;
	wire_begin(&wire, input.requests, input.request_len, tables_pick(*input.script));
	for (size_t i = 1; i < input.script_len && i < 512; i++)
		do_one(&wire, &input, input.script[i]);
	wire_end(&wire);
	wire_clear(&wire);
	return 0;
}

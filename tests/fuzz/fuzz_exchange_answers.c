/* SPDX-License-Identifier: Apache-2.0 */

/* What a server sends while the program waits with a body (Expect: 100-continue), in one piece and in
 * several: whether a final answer has come must be told alike, and decides what is written next. */

#include "wire.h"

static const struct {
	const char *head, *next;
	bool is_head, is_connect;
} samples[] = {
	{"PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 24\r\n"
	 "Expect: 100-continue\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n", false, false},
	{"HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 24\r\nExpect: 100-continue\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true, false},
	{"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nContent-Length: 24\r\n"
	 "Expect: 100-continue\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n", false, true},
};

static void run(struct wire *wire, const uint8_t *stream, size_t size, const uint8_t *answer,
	const struct cuts *cuts)
{
	size_t at = 0, head = size - strlen(samples[0].next);

	wire_current = wire;
	wire_begin(wire, stream, size, NULL);
	while (wire->at < head)
		wire_offer(wire, head - wire->at, 0, false);
	check(exchange_wants_answers(&wire->exchange) && wire->exchange.expecting);
	for (int i = 0; i < cuts->count; i++) {
		wire_answer(wire, answer + at, cuts->at[i] - at);
		at = cuts->at[i];
	}
}

/* What is known of the answer is what its own reader says. */
static void compare_to_reader(const struct wire *wire, const struct answer_request *request,
	const uint8_t *data, size_t size)
{
	struct answer answer;
	char *block = block_of(data, size);
	ssize_t count;

	answer_begin(&answer, request);
	count = answer_feed(&answer, block, size);
	free(block);
	check(wire->exchange.watching == (count >= 0 && !answer_is_over(&answer)));
	if (count >= 0)
		check(wire->exchange.has_final == answer_has_head(&answer));
}

/* The same bytes are a request, or a body and the beginning of something else. */
static void write_next(struct wire *wire)
{
	bool had_final = wire->exchange.has_final;

	wire_offer(wire, wire->size - wire->at, 0, false);
	check(!wire->exchange.expecting);
	check((wire->exchange.state == EXCHANGE_HEAD && !wire->exchange.draft.len) == had_final);
	wire_end(wire);
	wire_clear(wire);
}

static void check_sample(int i, const uint8_t *data, size_t size)
{
	static struct wire whole, parts;
	struct cuts cuts = cuts_of(data, size), none = {.at = {size}, .count = 1};
	struct answer_request request = {samples[i].is_head, samples[i].is_connect};
	uint8_t stream[512];
	size_t head = strlen(samples[i].head), next = strlen(samples[i].next);

	memcpy(stream, samples[i].head, head);
	memcpy(stream + head, samples[i].next, next);
	run(&whole, stream, head + next, data, &none);
	run(&parts, stream, head + next, data, &cuts);
	check(whole.exchange.watching == parts.exchange.watching);
	check(whole.exchange.has_final == parts.exchange.has_final ||
		whole.exchange.answer.state == ANSWER_BAD);
	check(whole.exchange.answer.state == parts.exchange.answer.state);
	compare_to_reader(&whole, &request, data, size);
	wire_current = &whole;
	write_next(&whole);
	wire_current = &parts;
	write_next(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	for (int i = 0; i < (int)(sizeof(samples) / sizeof(*samples)); i++)
		check_sample(i, data, size);
	return 0;
}

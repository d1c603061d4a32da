/* SPDX-License-Identifier: Apache-2.0 */

/* A request, whole and in pieces: its framing must be the same. */

#include "fuzz.h"
#include "shim/engine/http1.h"

/*
 * Heads: the first piece that says more than "partial" says what the whole says.
 */

static void check_heads(const uint8_t *data, size_t size, const struct cuts *cuts)
{
	struct http1_head whole, part;
	ssize_t expected = http1_parse(&whole, (const char *)data, size, 0);
	size_t seen = 0;

	for (int i = 0; i < cuts->count; i++) {
		char *block = block_of(data, cuts->at[i]);
		ssize_t got = http1_parse(&part, block, cuts->at[i], seen);

		free(block);
		if (got == HTTP1_PARTIAL) {
			seen = cuts->at[i];
			continue;
		}
		check(got == expected);
		check(got < 0 || (part.size == whole.size && part.chunked == whole.chunked &&
					 part.content_length == whole.content_length &&
					 part.fields.len == whole.fields.len));
		return;
	}
	check(expected == HTTP1_PARTIAL);
}

/*
 * Bodies: the length, the end and the payload.
 */

struct payload {
	struct http1_body body;
	struct http1_copy copy;
	size_t taken;
	bool bad;
};

static void feed_body(struct payload *payload, const uint8_t *data, size_t size)
{
	char *block = block_of(data, size);
	ssize_t count = http1_body_feed(&payload->body, block, size, &payload->copy);

	free(block);
	check(count >= HTTP1_BAD && count <= (ssize_t)size);
	payload->bad = count < 0;
	payload->taken += payload->bad ? 0 : (size_t)count;
	check(payload->bad || (size_t)count == size || http1_body_done(&payload->body));
	check(payload->copy.len <= payload->copy.cap && payload->copy.len <= payload->taken + size);
}

static void check_body(const struct http1_head *head, const uint8_t *data, size_t size)
{
	struct cuts cuts = cuts_of(data, size);
	struct payload whole = {.copy = {malloc(size + 1), 0, size}};
	struct payload parts = {.copy = {malloc(size + 1), 0, size}};

	check(whole.copy.at && parts.copy.at);
	http1_body_begin(&whole.body, head);
	parts.body = whole.body;
	feed_body(&whole, data, size);
	for (int i = 0; i < cuts.count && !parts.bad && !http1_body_done(&parts.body); i++) {
		size_t from = i ? cuts.at[i - 1] : 0;

		feed_body(&parts, data + from, cuts.at[i] - from);
	}
	check(whole.bad == parts.bad);
	if (!whole.bad) {
		check(whole.taken == parts.taken && whole.copy.len == parts.copy.len);
		check(memcmp(whole.copy.at, parts.copy.at, whole.copy.len) == 0);
		check(whole.body.state == parts.body.state && whole.body.left == parts.body.left);
	}
	free(whole.copy.at);
	free(parts.copy.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cuts cuts = cuts_of(data, size);
	struct http1_head head;

	if (size == 0)
		return 0;
	check_heads(data, size, &cuts);
	if (http1_parse(&head, (const char *)data, size, 0) > 0)
		check_body(&head, data + head.size, size - head.size);
	return 0;
}

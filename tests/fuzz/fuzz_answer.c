/* SPDX-License-Identifier: Apache-2.0 */

/* A stream of responses, whole and in pieces: each must begin, end and be told of alike. */

#include "fuzz.h"
#include "shim/engine/answer.h"

#define ANSWERS_MAX 64

struct answers {
	struct answer at[ANSWERS_MAX];
	size_t ends[ANSWERS_MAX]; /* bytes from the beginning of the stream */
	int count;		  /* the last one may not be over */
};

static size_t feed(struct answer *answer, const uint8_t *data, size_t size)
{
	enum answer_state before = answer->state;
	char *block = block_of(data, size);
	ssize_t count = answer_feed(answer, block, size);

	free(block);
	check(count >= -1 && count <= (ssize_t)size);
	check((count < 0) == (answer->state == ANSWER_BAD));
	check(count == (ssize_t)size || answer_is_over(answer));
	check(answer->state >= before || before == ANSWER_INTERIM);
	check(!answer_has_head(answer) || answer->status >= 200 || answer->status == 101);
	return count < 0 ? size : (size_t)count;
}

/* May the connection go on after this one? */
static bool goes_on(const struct answer *answer)
{
	return answer->state == ANSWER_DONE;
}

static void follow(struct answers *answers, const struct answer_request *request,
	const uint8_t *data, size_t size, const struct cuts *cuts)
{
	struct answer *answer = answers->at;
	size_t at = 0;

	answers->count = 1;
	answer_begin(answer, request);
	for (int i = 0; i < cuts->count; i++) {
		while (at < cuts->at[i]) {
			if (answer_is_over(answer)) {
				if (!goes_on(answer) || answers->count == ANSWERS_MAX)
					return;
				answer_begin(++answer, request);
				answers->count++;
			}
			at += feed(answer, data + at, cuts->at[i] - at);
			answers->ends[answers->count - 1] = at;
		}
	}
	check(at == size);
}

static void compare(const struct answer *whole, const struct answer *part)
{
	check(whole->state == part->state);
	check(whole->status == part->status && whole->continued == part->continued);
	if (whole->state == ANSWER_BAD)
		return;
	check(whole->closes == part->closes && whole->length == part->length);
	check(whole->part == part->part && whole->field == part->field);
	check(whole->body.state == part->body.state && whole->body.left == part->body.left);
}

static void check_stream(const struct answer_request *request, const uint8_t *data, size_t size)
{
	static struct answers whole, parts;
	struct cuts cuts = cuts_of(data, size), none = {.at = {size}, .count = 1};

	follow(&whole, request, data, size, &none);
	follow(&parts, request, data, size, &cuts);
	check(whole.count == parts.count);
	for (int i = 0; i < whole.count; i++) {
		compare(&whole.at[i], &parts.at[i]);
		check(whole.at[i].state == ANSWER_BAD || whole.ends[i] == parts.ends[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	check_stream(&(struct answer_request){.is_head = false}, data, size);
	check_stream(&(struct answer_request){.is_head = true}, data, size);
	check_stream(&(struct answer_request){.is_connect = true}, data, size);
	return 0;
}

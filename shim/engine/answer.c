/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include "answer_field.h"
#include "shim/base/span.h"

/* Where in a head the next byte is. */
enum part {
	PART_EMPTY_LINES, /* before it */
	PART_STATUS,
	PART_LINE, /* the first byte of a line after the status line */
	PART_NAME, /* of a field that may matter */
	PART_VALUE,
	PART_SKIP, /* the rest of a line that does not matter */
	PART_LAST_LF,
};

/* A word that is too long keeps the size of the buffer, which no word that we know has. */
static void add_to_word(struct answer *answer, char byte)
{
	if (answer->word_len < sizeof(answer->word))
		answer->word[answer->word_len++] = lower(byte);
}

void answer_begin(struct answer *answer, const struct answer_request *request)
{
	*answer = (struct answer){.request = *request};
}

/* Each head, interim or final, has its own facts. */
static void begin_head(struct answer *answer)
{
	*answer = (struct answer){
		.state = ANSWER_HEAD,
		.request = answer->request,
		.continued = answer->continued,
		.part = PART_STATUS,
	};
}

/*
 * Fields
 */

/* Returns bytes taken; a colon that has come tells which field it is. */
static size_t feed_name(struct answer *answer, const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && answer->part == PART_NAME) {
		char byte = data[at++];

		if (byte == '\n') {
			answer->part = PART_LINE;
		} else if (is_blank(byte) && answer_field_of(answer_word(answer))) {
			answer->word_ended = true;
		} else if (byte == ':') {
			answer->field = (uint8_t)answer_field_of(answer_word(answer));
			answer->part = answer->field ? PART_VALUE : PART_SKIP;
			/* RFC 9112 5.1: no white space before the colon, or parsers differ. */
			if (answer->field && answer->word_ended)
				answer->state = ANSWER_BAD;
			answer_clear_word(answer);
		} else {
			add_to_word(answer, byte);
			if (answer->word_ended || !answer_begins_field(answer_word(answer)))
				answer->part = PART_SKIP;
		}
	}
	return at;
}

static size_t feed_value(struct answer *answer, const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && answer->part == PART_VALUE) {
		char byte = data[at++];

		if (byte == '\n') {
			answer->word_ended = answer->word_len > 0;
			answer->part = PART_LINE;
		} else if (byte == ',') {
			answer_end_word(answer);
		} else if (is_blank(byte)) {
			answer->word_ended = answer->word_len > 0;
		} else if (answer->word_ended) {
			answer->word_len = sizeof(answer->word);
		} else {
			add_to_word(answer, byte);
		}
	}
	return at;
}

/*
 * Heads
 */

/* RFC 9112 6.3, in its order. */
static void begin_body(struct answer *answer)
{
	int status = answer->status;

	answer->closes = answer->has_close || (answer->minor == 0 && !answer->has_keepalive);
	answer->state = ANSWER_DONE;
	if (answer->request.is_connect && status / 100 == 2) {
		answer->state = ANSWER_UPGRADED;
	} else if (answer->request.is_head || status == 204 || status == 304) {
		return;
	} else if (answer->is_coded) {
		answer->state = ANSWER_UNTIL_CLOSE;
		if (answer->is_chunked) {
			answer->state = ANSWER_BODY;
			answer->body = (struct http1_body){.state = HTTP1_BODY_CHUNK_SIZE};
		}
		/* HTTP/1.0 knows no codings; yet clients read them. */
		answer->closes |= answer->minor == 0;
		if (answer->bad_coding)
			answer->state = ANSWER_BAD;
	} else if (answer->bad_length) {
		answer->state = ANSWER_BAD;
	} else if (!answer->has_length) {
		answer->state = ANSWER_UNTIL_CLOSE;
	} else if (answer->length) {
		answer->state = ANSWER_BODY;
		answer->body = (struct http1_body){HTTP1_BODY_LENGTH, answer->length, 0};
	}
	answer->closes |= answer->state == ANSWER_UNTIL_CLOSE;
}

static void end_head(struct answer *answer)
{
	if (answer->status == 101) {
		answer->state = ANSWER_UPGRADED;
	} else if (answer->status < 200) {
		answer->continued |= answer->status == 100;
		answer->state = ANSWER_INTERIM;
		answer->part = PART_EMPTY_LINES;
	} else {
		begin_body(answer);
	}
}

/* The first byte of a line: the field before it may go on in it (RFC 9112 5.2), or is over.
 * Returns bytes taken. */
static size_t feed_line(struct answer *answer, const char *data, size_t len)
{
	char byte = *data;
	size_t count;

	if (byte == ' ' || byte == '\t') {
		answer->part = answer->field ? PART_VALUE : PART_SKIP;
		return 1;
	}
	if (answer->field)
		answer_end_word(answer);
	answer_clear_word(answer);
	answer->field = FIELD_OTHER;
	if (byte == '\n') {
		end_head(answer);
		return 1;
	}
	if (byte == '\r') {
		answer->part = PART_LAST_LF;
		return 1;
	}
	count = answer_take_length_line(answer, data, len);
	if (count)
		return count;
	answer->part = answer_may_matter(data, len) ? PART_NAME : PART_SKIP;
	return 0;
}

/* HTTP/1.x 200 */
enum {
	AT_MINOR = 7,
	AT_BLANK = 8,
	AT_STATUS = 9,
	AT_END = 12,
};

static bool fits_status(size_t at, char byte)
{
	if (at < AT_MINOR)
		return byte == "HTTP/1."[at];
	return at == AT_BLANK ? byte == ' ' : is_digit(byte);
}

/* A whole status line at once, as it mostly comes. Returns bytes taken; 0: it is none of that kind. */
static size_t take_status_line(struct answer *answer, const char *data, size_t len)
{
	if (answer->word_len || len <= AT_END || memcmp(data, "HTTP/1.1 ", AT_STATUS) != 0 ||
		!is_digit(data[9]) || !is_digit(data[10]) || !is_digit(data[11]) ||
		data[9] == '0' || data[AT_END] != ' ')
		return 0;
	answer->status =
		(uint16_t)((data[9] - '0') * 100 + (data[10] - '0') * 10 + (data[11] - '0'));
	answer->minor = 1;
	answer->part = PART_SKIP;
	return AT_END + 1;
}

/* One byte of a status line, up to the one after the status; a reason phrase need not follow. */
static void feed_status(struct answer *answer, char byte)
{
	const char *digits = answer->word + AT_STATUS;
	size_t at = answer->word_len;

	if (at == AT_STATUS && byte == ' ')
		return;
	if (at < AT_END) {
		if (!fits_status(at, byte))
			answer->state = ANSWER_BAD;
		add_to_word(answer, byte);
		return;
	}
	answer->status =
		(uint16_t)((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
	answer->minor = answer->word[AT_MINOR] != '0';
	answer->part = byte == '\n' ? PART_LINE : PART_SKIP;
	if (answer->status < 100 || (byte != '\n' && !is_blank(byte)))
		answer->state = ANSWER_BAD;
	answer_clear_word(answer);
}

/* Returns bytes taken; none where only the part of the head has changed. */
static size_t feed_head(struct answer *answer, const char *data, size_t len)
{
	const char *end;
	size_t count;

	switch ((enum part)answer->part) {
	case PART_EMPTY_LINES:
		if (*data == '\r' || *data == '\n')
			return 1;
		begin_head(answer);
		return 0;
	case PART_STATUS:
		count = take_status_line(answer, data, len);
		if (!count)
			feed_status(answer, *data);
		return count ? count : 1;
	case PART_LINE:
		return feed_line(answer, data, len);
	case PART_NAME:
		return feed_name(answer, data, len);
	case PART_VALUE:
		return feed_value(answer, data, len);
	case PART_SKIP:
		end = memchr(data, '\n', len);
		if (!end)
			return len;
		answer->part = PART_LINE;
		return (size_t)(end - data) + 1;
	case PART_LAST_LF:
		if (*data == '\n')
			end_head(answer);
		else
			answer->state = ANSWER_BAD;
		return 1;
	}
	return 0;
}

static size_t feed_body(struct answer *answer, const char *data, size_t len)
{
	ssize_t count = http1_body_feed(&answer->body, data, len, NULL);

	if (count < 0)
		answer->state = ANSWER_BAD;
	else if (http1_body_done(&answer->body))
		answer->state = ANSWER_DONE;
	return count < 0 ? 0 : (size_t)count;
}

ssize_t answer_feed(struct answer *answer, const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && !answer_is_over(answer)) {
		size_t count;

		if (answer->state == ANSWER_UNTIL_CLOSE)
			return (ssize_t)len;
		if (answer->state == ANSWER_BODY) {
			at += feed_body(answer, data + at, len - at);
			continue;
		}
		count = feed_head(answer, data + at, len - at);
		at += count;
		answer->head_size += (uint32_t)(count < ANSWER_HEAD_MAX ? count : ANSWER_HEAD_MAX);
		if (answer->head_size > ANSWER_HEAD_MAX)
			answer->state = ANSWER_BAD;
	}
	return answer->state == ANSWER_BAD ? -1 : (ssize_t)at;
}

void answer_close(struct answer *answer)
{
	if (answer->state == ANSWER_UNTIL_CLOSE)
		answer->state = ANSWER_DONE;
	else if (!answer_is_over(answer))
		answer->state = ANSWER_CUT;
}

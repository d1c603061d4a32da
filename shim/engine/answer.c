/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

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

enum field {
	FIELD_OTHER,
	FIELD_CONTENT_LENGTH,
	FIELD_TRANSFER_ENCODING,
	FIELD_CONNECTION,
};

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

static struct span word_of(const struct answer *answer)
{
	return (struct span){answer->word, answer->word_len};
}

/* A word that is too long keeps the size of the buffer, which no word that we know has. */
static void add_to_word(struct answer *answer, char byte)
{
	if (answer->word_len < sizeof(answer->word))
		answer->word[answer->word_len++] = lower(byte);
}

static void clear_word(struct answer *answer)
{
	answer->word_len = 0;
	answer->word_ended = false;
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
 * Fields: a value that matters is a list of words.
 */

/* RFC 9110 8.6: digits only; equal values count as one. */
static void take_length(struct answer *answer, struct span word)
{
	uint64_t length = 0;

	if (word.len == 0 || word.len > 18)
		answer->bad_length = true;
	for (size_t i = 0; i < word.len; i++) {
		if (!is_digit(word.at[i]))
			answer->bad_length = true;
		length = length * 10 + (uint64_t)(word.at[i] - '0');
	}
	if (answer->has_length && length != answer->length)
		answer->bad_length = true;
	answer->has_length = true;
	answer->length = length;
}

static void take_coding(struct answer *answer, struct span word)
{
	/* What RFC 2616 called a coding that is none. */
	if (word.len == 0 || span_equal(word, SPAN("identity")))
		return;
	if (!span_equal(word, SPAN("chunked"))) {
		answer->is_chunked = false;
	} else {
		answer->bad_coding |= answer->is_chunked;
		answer->is_chunked = true;
	}
	answer->is_coded = true;
}

static void take_option(struct answer *answer, struct span word)
{
	answer->has_close |= span_equal(word, SPAN("close"));
	answer->has_keepalive |= span_equal(word, SPAN("keep-alive"));
}

static void end_word(struct answer *answer)
{
	struct span word = word_of(answer);

	if (answer->field == FIELD_CONTENT_LENGTH)
		take_length(answer, word);
	else if (answer->field == FIELD_TRANSFER_ENCODING)
		take_coding(answer, word);
	else if (answer->field == FIELD_CONNECTION)
		take_option(answer, word);
	clear_word(answer);
}

static enum field field_of(struct span name)
{
	if (span_equal(name, SPAN("content-length")))
		return FIELD_CONTENT_LENGTH;
	if (span_equal(name, SPAN("transfer-encoding")))
		return FIELD_TRANSFER_ENCODING;
	if (span_equal(name, SPAN("connection")))
		return FIELD_CONNECTION;
	return FIELD_OTHER;
}

/* Returns bytes taken; a colon that has come tells which field it is. */
static size_t feed_name(struct answer *answer, const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && answer->part == PART_NAME) {
		char byte = data[at++];

		if (byte == '\n') {
			answer->part = PART_LINE;
		} else if (is_blank(byte)) {
			answer->word_ended = true;
		} else if (byte == ':') {
			answer->field = (uint8_t)field_of(word_of(answer));
			answer->part = answer->field ? PART_VALUE : PART_SKIP;
			/* RFC 9112 5.1: no white space before the colon, or parsers differ. */
			if (answer->field && answer->word_ended)
				answer->state = ANSWER_BAD;
			clear_word(answer);
		} else {
			add_to_word(answer, byte);
			if (answer->word_len == sizeof(answer->word))
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
			end_word(answer);
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

/* A whole "Content-Length: 123" at once, as it mostly comes. Returns bytes taken, with the line end; 0: it is none
 * of that kind. */
static size_t take_length_line(struct answer *answer, const char *data, size_t len)
{
	const struct span name = SPAN("content-length: ");
	size_t at = name.len;
	struct span digits = {data + at, 0};

	if (len < name.len || strncasecmp(data, name.at, name.len) != 0)
		return 0;
	while (at < len && is_digit(data[at]))
		at++;
	digits.len = at - name.len;
	/* Not one that the next line may go on with. */
	if (!digits.len || len - at < 3 || memcmp(data + at, "\r\n", 2) != 0 ||
		data[at + 2] == ' ' || data[at + 2] == '\t')
		return 0;
	take_length(answer, digits);
	return at + 2;
}

/* May this be the name of a field that matters? If not all of it is there: it may. */
static bool may_matter(const char *data, size_t len)
{
	/* Where "content-length" parts from other names that begin like it. */
	const size_t telling = 8;
	char byte = lower(*data);

	if (byte != 'c' && byte != 't')
		return false;
	if (len <= telling)
		return true;
	return strncasecmp(data,
		       byte == 't'	       ? "transfer-"
		       : lower(data[3]) == 't' ? "content-l"
					       : "connectio",
		       telling + 1) == 0;
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
		end_word(answer);
	clear_word(answer);
	answer->field = FIELD_OTHER;
	if (byte == '\n') {
		end_head(answer);
		return 1;
	}
	if (byte == '\r') {
		answer->part = PART_LAST_LF;
		return 1;
	}
	count = take_length_line(answer, data, len);
	if (count)
		return count;
	answer->part = may_matter(data, len) ? PART_NAME : PART_SKIP;
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
	clear_word(answer);
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "answer_field.h"

/* RFC 9110 8.6: digits only; equal values count as one. */
static void take_length(struct answer *answer, struct span word)
{
	bool is_bad = word.len == 0 || word.len > 18;
	uint64_t length = 0;

	for (size_t i = 0; i < word.len && !is_bad; i++) {
		is_bad = !is_digit(word.at[i]);
		length = length * 10 + (uint64_t)(word.at[i] - '0');
	}
	/* How much of it was looked at is chance. */
	if (is_bad)
		length = 0;
	answer->bad_length |= is_bad;
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

void answer_end_word(struct answer *answer)
{
	struct span word = answer_word(answer);

	if (answer->field == FIELD_CONTENT_LENGTH)
		take_length(answer, word);
	else if (answer->field == FIELD_TRANSFER_ENCODING)
		take_coding(answer, word);
	else if (answer->field == FIELD_CONNECTION)
		take_option(answer, word);
	answer_clear_word(answer);
}

bool answer_begins_field(struct span word)
{
	static const char *const names[] = {"content-length", "transfer-encoding", "connection"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(word.at, names[i], word.len) == 0)
			return true;
	return false;
}

enum field answer_field_of(struct span name)
{
	if (span_equal(name, SPAN("content-length")))
		return FIELD_CONTENT_LENGTH;
	if (span_equal(name, SPAN("transfer-encoding")))
		return FIELD_TRANSFER_ENCODING;
	if (span_equal(name, SPAN("connection")))
		return FIELD_CONNECTION;
	return FIELD_OTHER;
}

size_t answer_take_length_line(struct answer *answer, const char *data, size_t len)
{
	const struct span name = SPAN("content-length: ");
	size_t at = name.len;
	struct span digits = {data + at, 0};

	if (len < name.len || lower(*data) != 'c' || data[7] != '-' ||
		strncasecmp(data, name.at, name.len) != 0)
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

bool answer_may_matter(const char *data, size_t len)
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

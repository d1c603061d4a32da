/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ANSWER_FIELD_H
#define CHAOS_ANSWER_FIELD_H

/* Fields of an answer's head that its framing depends on: a value is a list of words. For the answer alone. */

#include "answer_state.h"
#include "shim/base/span.h"

enum field {
	FIELD_OTHER,
	FIELD_CONTENT_LENGTH,
	FIELD_TRANSFER_ENCODING,
	FIELD_CONNECTION,
};

static inline bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static inline bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static inline char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

static inline struct span answer_word(const struct answer *answer)
{
	return (struct span){answer->word, answer->word_len};
}

static inline void answer_clear_word(struct answer *answer)
{
	answer->word_len = 0;
	answer->word_ended = false;
}

enum field answer_field_of(struct span name);

/* May it go on to be the name of a field that matters? */
bool answer_begins_field(struct span word);

/* A word of the field's value has ended. */
void answer_end_word(struct answer *answer);

/* May this be the name of a field that matters? If not enough of it is there: it may. */
bool answer_may_matter(const char *data, size_t len);

/* A whole "Content-Length: 123" at once, as it mostly comes. Returns bytes taken, with the line end; 0: it
 * is none of that kind. */
size_t answer_take_length_line(struct answer *answer, const char *data, size_t len);

#endif

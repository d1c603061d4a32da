/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AWS_ESCAPE_H
#define CHAOS_AWS_ESCAPE_H

/* Text into XML, JSON and CBOR. Input is meant to be UTF-8; what is not comes out as U+FFFD. */

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/span.h"

/* Where output goes. What does not fit is counted and dropped, so that a sink without room measures.
 * All of it has been kept while len <= cap. */
struct sink {
	char *at;
	size_t cap;
	size_t len;
};

void sink_put(struct sink *sink, struct span bytes);

static inline void sink_byte(struct sink *sink, char byte)
{
	sink_put(sink, (struct span){&byte, 1});
}

/* Decimal, with leading zeros up to `width`. */
void sink_number(struct sink *sink, uint64_t number, int width);

/* The lowest `digits` hexadecimal digits, of "0123456789abcdef" or its like. */
void sink_hex(struct sink *sink, uint64_t number, int digits, const char *alphabet);

/* Character data or a quoted attribute of XML 1.0. Line feeds stay as they are; carriage returns
 * become references, since parsers drop bare ones. */
void sink_xml(struct sink *sink, struct span text);

/* The inside of a JSON string (RFC 8259). */
void sink_json(struct sink *sink, struct span text);

/* A whole CBOR text string (RFC 8949) of definite length. */
void sink_cbor(struct sink *sink, struct span text);

#endif

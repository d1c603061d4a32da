/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_LINE_H
#define CHAOS_LINE_H

/* What is to happen on one connection later, in its order. Sans-IO: the caller sends, and tells. It
 * is only used once a rule has something to do. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum line_what {
	LINE_SEND,     /* bytes to the server */
	LINE_ANSWER,   /* the reply becomes readable */
	LINE_SHUTDOWN, /* the program has said that it sends no more */
};

struct line_item {
	struct line_item *next;
	uint64_t due; /* CLOCK_MONOTONIC nanoseconds; 0: as soon as what stands before it is gone */
	enum line_what what;
	size_t at, len; /* of the bytes; `at` of them are gone */
	char bytes[];
};

struct line {
	struct line_item *first, *last;
	size_t bytes; /* that wait in all items */
};

static inline bool line_is_empty(const struct line *line)
{
	return line->first == NULL;
}

/* Appends an item with a copy of the bytes. False: no memory. */
bool line_put(struct line *line, enum line_what what, const char *data, size_t len, uint64_t due);

/* The first item, if it is due by `now`. Else NULL, and *next is when to come again; 0: no need. */
struct line_item *line_due(struct line *line, uint64_t now, uint64_t *next);

/* `len` bytes of the first item are gone; with the last of them (or if it has none) the item, too. */
void line_done(struct line *line, size_t len);

/* Drops all. */
void line_clear(struct line *line);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_SPAN_H
#define CHAOS_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* A piece of somebody else's bytes: never owned, not terminated, valid as long as its buffer. */
struct span {
	const char *at;
	size_t len;
};

/* A span over a string literal. */
#define SPAN(text) ((struct span){text, sizeof(text) - 1})

static inline struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Orders like memcmp, a shorter text before a longer one that it begins. */
static inline int span_compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.at, b.at, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* ASCII case is ignored, as for HTTP field names. */
static inline bool span_equal_nocase(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.at, b.at, a.len) == 0);
}

static inline bool span_starts(struct span text, struct span start)
{
	return text.len >= start.len &&
	       (start.len == 0 || memcmp(text.at, start.at, start.len) == 0);
}

static inline bool span_ends(struct span text, struct span end)
{
	return text.len >= end.len &&
	       (end.len == 0 || memcmp(text.at + text.len - end.len, end.at, end.len) == 0);
}

/* The first `byte` in `text`, or NULL. */
static inline const char *span_find(struct span text, char byte)
{
	return text.len ? memchr(text.at, byte, text.len) : NULL;
}

static inline struct span span_from(struct span text, size_t start)
{
	return start < text.len ? (struct span){text.at + start, text.len - start}
				: (struct span){text.at + text.len, 0};
}

#endif

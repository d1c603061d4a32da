/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_HTTP1_SCAN_H
#define CHAOS_HTTP1_SCAN_H

/* Looks for where pieces of a head end: many bytes at once where the machine can. `end` is that of what
 * can be read. */

#include <stdint.h>

#include "shim/base/span.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* RFC 9110 5.6.2: the characters of a token. */
static inline bool scan_is_token_byte(char byte)
{
	static const bool bytes[256] = {
		['!'] = true,
		['#' ... '\''] = true,
		['*'] = true,
		['+'] = true,
		['-'] = true,
		['.'] = true,
		['0' ... '9'] = true,
		['A' ... 'Z'] = true,
		['^' ... 'z'] = true,
		['|'] = true,
		['~'] = true,
	};

	return bytes[(uint8_t)byte];
}

#ifdef __SSE2__
static inline __m128i scan_load(const char *at)
{
	return _mm_loadu_si128((const __m128i *)at);
}

/* The first and the last eight bytes. */
static inline __m128i scan_ends(const char *at, const char *end)
{
	return _mm_unpacklo_epi64(
		_mm_loadl_epi64((const __m128i *)at), _mm_loadl_epi64((const __m128i *)(end - 8)));
}

/* Bit set: which of 16 bytes are this one. */
static inline uint32_t scan_places(__m128i bytes, char byte)
{
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte)));
}

/* Bit set: which of 32 bytes are line feeds. */
static inline uint32_t scan_feeds(__m128i first, __m128i second)
{
	return scan_places(first, '\n') | scan_places(second, '\n') << 16;
}

/* Bit set: which of 16 bytes are neither letters nor '-', as nearly all of a name are. */
static inline unsigned scan_uncommon(const char *at)
{
	__m128i bytes = scan_load(at), lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
	__m128i letters = _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)),
		_mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
	__m128i dashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(letters, dashes)) ^ 0xffff;
}

/* Bit set: which of 16 bytes are letters, digits, '-', '.' or '_'. */
static inline unsigned scan_name_bytes(__m128i bytes)
{
	__m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
	__m128i letters = _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)),
		_mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
	/* Of those from '-' to '9' all but '/'. */
	__m128i others = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('-' - 1)),
		_mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));

	others = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('/')), others);
	others = _mm_or_si128(others, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(letters, others));
}
#endif

/* The first byte from `at` on that is no part of a token; `end` if all are. */
static inline const char *scan_token(const char *at, const char *end)
{
#ifdef __SSE2__
	while (end - at >= 16) {
		unsigned uncommon = scan_uncommon(at);

		if (!uncommon) {
			at += 16;
			continue;
		}
		at += __builtin_ctz(uncommon);
		if (!scan_is_token_byte(*at))
			return at;
		at++;
	}
#endif
	while (at < end && scan_is_token_byte(*at))
		at++;
	return at;
}

/* Is all of `text`, up to 16 bytes, without this byte? Longer ones take a call. */
static inline bool scan_lacks(struct span text, char byte, const char *end)
{
#ifdef __SSE2__
	if (text.len <= 16 && end - text.at >= 16)
		return !(scan_places(scan_load(text.at), byte) & ((1u << text.len) - 1));
#else
	(void)end;
#endif
	return !span_find(text, byte);
}

/* Where a line's first ':' and its line feed are; NULL: it has none. */
struct scan_marks {
	const char *colon, *feed;
};

static inline struct scan_marks scan_line(const char *at, const char *end)
{
	struct scan_marks marks = {NULL, NULL};
	const char *rest = at;

#ifdef __SSE2__
	/* Most names and lines are so short that a call would take longer. */
	if (end - at >= 32) {
		__m128i first = scan_load(at), second = scan_load(at + 16);
		uint32_t colons = scan_places(first, ':'), feeds = scan_feeds(first, second);

		if (__builtin_expect(!colons, 0))
			colons = scan_places(second, ':') << 16;
		if (__builtin_expect(colons != 0, 1))
			marks.colon = at + __builtin_ctz(colons);
		rest = at + 32;
		if (!feeds && end - rest >= 32) {
			feeds = scan_feeds(scan_load(rest), scan_load(rest + 16));
			rest += 32;
		}
		if (feeds)
			marks.feed = rest - 32 + __builtin_ctz(feeds);
	}
#endif
	if (!marks.feed)
		marks.feed = memchr(rest, '\n', (size_t)(end - rest));
	if (!marks.feed)
		return marks;
	if (!marks.colon)
		marks.colon = memchr(at, ':', (size_t)(marks.feed - at));
	else if (marks.colon > marks.feed)
		marks.colon = NULL;
	return marks;
}

/* Where in the text a word of four bytes stands behind a blank; NULL: nowhere. */
static inline const char *scan_for_blank_and(struct span text, struct span word)
{
	size_t at = 0;

#ifdef __SSE2__
	/* Few words are as long as to have the same last byte there. */
	for (; text.len - at >= 20; at += 16) {
		uint32_t places = scan_places(scan_load(text.at + at), ' ') &
				  scan_places(scan_load(text.at + at + 4), word.at[3]);

		for (; places; places &= places - 1) {
			const char *there = text.at + at + __builtin_ctz(places) + 1;

			if (memcmp(there, word.at, 4) == 0)
				return there;
		}
	}
#endif
	for (; text.len - at >= 5; at++)
		if (text.at[at] == ' ' && memcmp(text.at + at + 1, word.at, 4) == 0)
			return text.at + at + 1;
	return NULL;
}

#endif

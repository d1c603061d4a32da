/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_FUZZ_H
#define CHAOS_TESTS_FUZZ_H

/* What the targets share. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void check_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}
#define check(holds) ((holds) ? (void)0 : check_failed(#holds, __FILE__, __LINE__))

/* Where an input is cut into pieces: the input's own last bytes say it, so that the bytes of a
 * request are an input as they are. */
#define CUTS_MAX 8
struct cuts {
	size_t at[CUTS_MAX + 1]; /* ascending; the last is the input's size */
	int count;
};

static inline struct cuts cuts_of(const uint8_t *data, size_t size)
{
	struct cuts cuts = {.count = 0};
	uint64_t draw = size;
	size_t tail = size < sizeof(draw) ? size : sizeof(draw), last = 0;

	for (size_t i = size - tail; i < size; i++)
		draw = (draw ^ data[i]) * 0x100000001b3ull;
	for (; cuts.count < (int)(draw >> 56) % (CUTS_MAX + 1) && last < size; cuts.count++) {
		last += (draw >> 8 * (cuts.count % 6)) % (size - last + 1);
		cuts.at[cuts.count] = last;
	}
	cuts.at[cuts.count++] = size;
	return cuts;
}

/* The bytes in a heap block of their own, so that ASan sees what reads past them. To be freed. */
static inline char *block_of(const void *data, size_t size)
{
	char *block = malloc(size ? size : 1);

	check(block != NULL);
	if (size)
		memcpy(block, data, size);
	return block;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_LINES_H
#define CHAOS_TOOLS_LINES_H

/* A file, line by line. */

#include <stdint.h>
#include <stdio.h>

#include "shim/base/span.h"

/* A longer line is skipped. 8 MiB in base64 take 11 MiB. */
#define LINES_MAX (64u << 20)

struct lines {
	int fd;
	FILE *answers;	 /* flushed before the next line is waited for */
	uint64_t number; /* of the line last returned, from 1 */
	char *buffer;
	size_t begin, end, cap;
	bool ended;
};

/*
 * Takes the next line, without its end, valid until the next call. Returns 1, 0 at the end of the
 * file, -EMSGSIZE for a line above the limit, or -errno when nothing more can be read.
 */
int lines_next(struct lines *lines, struct span *line);

void lines_free(struct lines *lines);

#endif

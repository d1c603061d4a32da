/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_BESIDE_H
#define CHAOS_REPORT_BESIDE_H

/* Files that are there whole, or as they were before: they are written beside their place and moved there. What is
 * no regular file, or has a folder that takes no more, is written to in its place. */

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct beside {
	FILE *out;
	char place[PATH_MAX];	  /* "": it is written in its place */
	char temporary[PATH_MAX]; /* moved to `place` at the end */
};

/* May such a file be written? Leaves nothing there. False: errno says why not. */
bool beside_check(const char *path);

/* Sets `out`; false: errno says why that cannot be done. */
bool beside_open(struct beside *file, const char *path);

/* Closes it, and puts it in its place if all of it has been written. False: errno says why not. */
bool beside_close(struct beside *file);

#endif

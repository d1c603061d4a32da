/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_BUNDLES_H
#define CHAOS_TOOLS_BUNDLES_H

/*
 * Bundles of certificates with that of the folder's authority behind them, for programs whose opening of
 * files nobody sees. They stand in a folder that all users can read, for a program may hand its environment
 * over to one; where there can be none, in memory, by a path that holds as long as this process lives.
 */

#include <limits.h>
#include <sys/stat.h>

#define BUNDLES_MAX 16

struct bundles {
	char folder[64]; /* made with the first */
	unsigned count;
	struct bundle {
		struct stat certificates, authority; /* what it was made of */
		int fd;
		char path[96];
	} made[BUNDLES_MAX];
};

/* Chooses a name for the folder, which nobody can foresee. */
void bundles_begin(struct bundles *bundles);
/* Removes the folder, for whoever has a copy of this, or its name: twice does no harm. */
void bundles_end(const struct bundles *bundles);

/* Joins the certificates of an open file (-1: none) and those of the authority. The path is left alone if
 * the folder has no authority, or if that cannot be done. */
void bundles_join(
	struct bundles *bundles, const char *folder, int certificates, char path[PATH_MAX]);

#endif

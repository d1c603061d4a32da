/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_HASHED_H
#define CHAOS_HASHED_H

/*
 * Folders of certificates in which OpenSSL looks for FOLDER/HASH.0 when it has to know that authority:
 * by stat(), then by opening it. Ours is there, too, for code that is not seen from inside.
 */

#include <stdbool.h>
#include <sys/stat.h>

/* Nothing was found at this path by the code that returns to `caller`: is it our authority's? */
bool hashed_is_ours(const char *path, const void *caller);

/* Opens it, for the flags of open() that it may have been looked for with; -1 with ENOENT. */
int hashed_open(int flags);

/* As stat(), but that errno is ENOENT. */
int hashed_stat(struct stat *status);

#endif

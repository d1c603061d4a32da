/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_KNOWN_H
#define CHAOS_KNOWN_H

/* The files that programs take their certification authorities from, by their paths. */

#include <stdbool.h>
#include <stdint.h>

#include "shim/base/span.h"

#define KNOWN_NAMED_MAX 16

/* Those that environment and arguments name. Read once, as the program begins: they are the program's
 * to change. */
struct known {
	uint64_t lengths; /* a bit for each length, modulo 64 */
	uint32_t count, used;
	struct known_path {
		uint32_t at, len; /* in `text` */
	} named[KNOWN_NAMED_MAX];
	char text[16384];
	char password[128]; /* of the trust store that is named; "": none is */
};

/* Fills zeroed paths from the environment, and from the arguments (NULL at their end) if the program is
 * Java. What there is no room for is left out. */
void known_read(struct known *known, char *const *arguments);

/* Is it one of these, or where systems and libraries keep theirs? For any path that is opened: takes a
 * look at its length and its last bytes. */
bool known_has(const struct known *known, const char *path);

/* Is it one of the folders in which certificates are found by the hash of their names, and the first
 * name there of this hash? */
bool known_has_hash(const struct known *known, const char *path, uint32_t *hash);

/* What stands behind the last slash of a path. */
struct span known_last(const char *path);

#endif

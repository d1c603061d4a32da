/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_KNOWN_H
#define CHAOS_KNOWN_H

/* The files that programs take their certification authorities from, by their paths. */

#include <stdbool.h>
#include <stdint.h>

#define KNOWN_NAMED_MAX 16

/* Those that the environment names. Read once, as the program begins: it is the program's to change. */
struct known {
	uint64_t lengths; /* a bit for each length, modulo 64 */
	uint32_t count, used;
	struct known_path {
		uint32_t at, len; /* in `text` */
	} named[KNOWN_NAMED_MAX];
	char text[16384];
};

/* Fills zeroed paths from the environment. One that there is no room for is left out. */
void known_read(struct known *known);

/* Is it one of these, or where systems and libraries keep theirs? For any path that is opened: takes a
 * look at its length and its last bytes. */
bool known_has(const struct known *known, const char *path);

#endif

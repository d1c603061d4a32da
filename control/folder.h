/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_FOLDER_H
#define CHAOS_CONTROL_FOLDER_H

/* The runtime folder, held by one daemon at a time. */

#include <limits.h>
#include <stdbool.h>

#include "refusal.h"

/* why->status: another daemon has the folder, or is about to remove it. */
#define FOLDER_BUSY 503

struct folder {
	char path[PATH_MAX]; /* absolute */
	int lock;
	bool is_private; /* of a private daemon, which it is marked as; the caller's to set */
	bool is_new;
	unsigned there; /* which of the daemon's files were there before it: a bit for each */
};

/*
 * Makes the folder if it is not there (its parent must be), checks that nobody else can get into it,
 * and locks it. `path` NULL: by the rule of shim/runtime.h. Returns 0 or -EINVAL; a folder that
 * another daemon holds names its pid. What an attempt that fails has made is gone again.
 */
int folder_open(struct folder *folder, const char *path, struct refusal *why);

/* The path of a file in it, or -EINVAL when it does not fit. */
int folder_file(
	const struct folder *folder, const char *name, char *out, size_t cap, struct refusal *why);

/* Does a supervisor serve programs of this folder, which may have no line in the journal yet? */
bool folder_is_supervised(const struct folder *folder);

void folder_close(struct folder *folder);

/* Removes the daemon's files but the saved configuration, and the folder if nothing else is in it.
 * The lock must be held still: so no other daemon uses them. */
void folder_remove(const struct folder *folder);

/* Removes the daemon's files, and what has been begun of them, from an open folder whose lock is held. */
void folder_remove_files(int fd);

/* Removes what was not there at folder_open(), with the lock held still. */
void folder_restore(const struct folder *folder);

#endif

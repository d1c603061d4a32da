/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_FILE_H
#define CHAOS_CONTROL_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "refusal.h"

/* All that can be read, with a 0 behind it; the caller frees it. NULL with errno set. */
char *file_read_all(int fd, size_t *len);

/* The same, of no more than `max` bytes: else errno is EFBIG. */
char *file_read_at_most(const char *path, size_t max, size_t *len);

/* The whole file with a 0 behind it; the caller frees it. NULL with errno set. */
char *file_read(const char *path, size_t *len);

/* Puts the text (mode 0600) in the place of the file: after a crash at any instant there is either
 * the old file or the new one, and once this has returned 0, the new one. Else -EINVAL. */
int file_replace(const char *path, const char *text, struct refusal *why);

/* The same for a file that may be lost with the machine, in this mode. */
int file_place(const char *path, const char *text, mode_t mode, struct refusal *why);

/* Removes what one of these two has left beside the file, if it was killed. */
void file_tidy(const char *path);

/* Renames to PATH.corrupt-TIME, never over a file that is there, and tells the new path. Returns 0
 * or -EINVAL. */
int file_put_aside(const char *path, char *aside, size_t cap, struct refusal *why);

#endif

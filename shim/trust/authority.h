/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_AUTHORITY_H
#define CHAOS_AUTHORITY_H

/* The certificate of the authority of the runtime folder. */

#include <sys/stat.h>
#include <sys/types.h>

#define AUTHORITY_MAX (16u << 10)

/* Its file, opened for reading; -1: there is none. */
int authority_open(struct stat *status);

/* Reads it; returns its length, -1: there is none, or it is longer than `cap`. */
ssize_t authority_read(char *buffer, size_t cap);

/* All of a file, from its beginning; -1: it is not shorter than `cap`, or cannot be read. */
ssize_t authority_read_file(int fd, char *buffer, size_t cap);

#endif

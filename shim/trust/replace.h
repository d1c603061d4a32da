/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPLACE_H
#define CHAOS_REPLACE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "shim/base/span.h"

/*
 * Puts a file of these bytes in the place of one that has just been opened for reading: by the same
 * number, with the flags, mode and times of that one, at its beginning; nobody can write to it.
 * `status` is what fstat() says of the old one, `name` what the new one is called where descriptors are
 * listed. False: it could not be made, and the old one is as it was.
 */
bool replace_file(int fd, const struct stat *status, const char *name, struct span bytes);

/* An open file once more, for reading, with a position and flags of its own; -1: there is no /proc. */
int replace_open_again(int fd, int flags);

#endif

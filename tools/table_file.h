/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_TABLE_FILE_H
#define CHAOS_TOOLS_TABLE_FILE_H

#include "shim/memory/table.h"

/*
 * Maps a daemon's table for reading; it stays mapped. Returns 0, or
 *  -ENOENT  there is no such file
 *  -EPERM   it is no regular file of this user: no program would use it
 *  -EINVAL  it is of another version, or damaged
 *  or what open() or mmap() say.
 */
int table_file_map(const char *path, const struct table **table);

/* What such an error means, to be read after the path. */
const char *table_file_error(int error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_FILE_H
#define CHAOS_BRIDGE_FILE_H

/* Files, read by the kernel itself: a program that opens a bundle gets our authority with it, and we
 * must not believe ourselves. */

#include <stdbool.h>

#include "bytes.h"

/* False: it cannot be read, is no file or is larger than 64 MiB. Free it with bytes_free(). */
bool file_read(struct bytes *content, const char *path);
bool file_is_folder(const char *path);

#endif

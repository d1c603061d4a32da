/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_JOURNAL_FILE_H
#define CHAOS_TOOLS_JOURNAL_FILE_H

/* Journals, to be read until this process ends. */

#include <sys/types.h>

#include "shim/memory/journal.h"

/* That of a runtime folder; NULL: it cannot be read. */
const struct journal *journal_file_map(const char *folder);

/* That of programs of other users; NULL: there are none. It is another one with each daemon, which `inode`
 * tells. */
const struct journal *journal_file_map_guests(const struct journal *own, ino_t *inode);

#endif

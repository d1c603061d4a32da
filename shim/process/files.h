/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_FILES_H
#define CHAOS_FILES_H

/*
 * The daemon's files, opened with care, and what is said when that cannot be done.
 *
 * The library's constructor comes through here, in programs that may have forbidden themselves all but
 * a few system calls by the time they exec. So here are none but those that ld.so makes, too, as long
 * as nothing is wrong.
 */

#include <sys/stat.h>

#define FILES_OTHER_VERSION "is of another version, or damaged (restart chaos-control)"

/* The runtime folder; -1 with errno if there is none, or if others could write to it, which is said. */
int files_open_folder(void);

/* Says that this user has no access to it, unless it is the standard one or the program is just beginning. */
void files_warn_of_access(void);

/* A file in it that belongs to us; -1 with errno (0 if it is something else, which is said). The caller
 * closes both. */
int files_open(int folder, const char *name, int flags, struct stat *status);

/* Says why the program runs without faults; once, whatever the reasons. A missing file is none: the
 * daemon may come. */
void files_warn(const char *name, const char *what);

/* The same of a file that may be good, while the program has no more memory or address space, and what
 * comes of it. Is counted in the journal for --strict. */
void files_warn_of_want(int folder, const char *name, int error, const char *outcome);

#endif

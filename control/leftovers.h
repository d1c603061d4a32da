/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_LEFTOVERS_H
#define CHAOS_CONTROL_LEFTOVERS_H

/* The folders of private daemons, and what daemons that were killed have left of them: a key among it. */

#include <limits.h>

/* Makes a folder for a private daemon in $XDG_RUNTIME_DIR, else in /tmp; its path leaves room for the
 * socket's name. Returns 0 or -errno, of /tmp. */
int leftovers_make_folder(char folder[PATH_MAX]);

/* Removes the user's own folders of that kind whose daemon is gone, and that no program uses. One whose daemon is
 * just beginning is left alone. */
void leftovers_remove(void);

/* The same of this one folder, if it is of that kind. */
void leftovers_remove_folder(const char *folder);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_SPAWNED_H
#define CHAOS_SPAWNED_H

/* Where a child of posix_spawn() begins: a relative path of its program is sought there. */

#include <spawn.h>

/* The folder that these actions (NULL: none) lead to: AT_FDCWD, where none leads elsewhere, or a descriptor,
 * which is the caller's to close; or -errno. */
int spawned_folder(const posix_spawn_file_actions_t *actions);

#endif

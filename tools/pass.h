/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_PASS_H
#define CHAOS_TOOLS_PASS_H

/* Messages with a descriptor, over a Unix socket that keeps them apart. */

#include <stddef.h>
#include <sys/types.h>

/* Sends `size` bytes and the descriptor (-1: none), which stays the caller's. Flags of send().
 * Returns 0 or -errno. */
int pass_send(int fd, const void *data, size_t size, int passed, int flags);

/* Takes a message of at most `size` bytes and its descriptor, which is then the caller's; -1: it had
 * none. Returns its size, 0 at the end, or -errno. */
ssize_t pass_receive(int fd, void *data, size_t size, int *passed, int flags);

#endif

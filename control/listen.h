/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_LISTEN_H
#define CHAOS_CONTROL_LISTEN_H

/* Listening sockets, non-blocking and closed on exec. */

#include <stddef.h>

#include "refusal.h"

/* A socket in the place of whatever stands at `path`; mode 0600. The caller holds the folder's lock,
 * so that a socket there is a stale one. Returns it, or -EINVAL. */
int listen_unix(const char *path, struct refusal *why);

/* At "127.0.0.1:4566", "localhost:4566" or "[::1]:4566", and no address that others can reach. Port
 * 0 takes a free one. `name` tells the address with its port. Returns the socket, or -EINVAL. */
int listen_tcp(const char *where, char *name, size_t cap, struct refusal *why);

#endif

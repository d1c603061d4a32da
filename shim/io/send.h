/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_SEND_H
#define CHAOS_SEND_H

#include <sys/types.h>

struct conn;

/* What send() does on a tracked descriptor. */
ssize_t send_bytes(struct conn *conn, int fd, const void *buf, size_t len, int flags);

#endif

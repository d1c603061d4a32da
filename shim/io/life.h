/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_LIFE_H
#define CHAOS_LIFE_H

#include <sys/socket.h>

/* What connect() does. */
int life_connect(int fd, const struct sockaddr *addr, socklen_t len);

#endif

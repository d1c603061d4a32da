/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_INBOUND_H
#define CHAOS_INBOUND_H

#include "conn.h"

/* Reads away what the server has sent meanwhile: closing a socket with unread bytes resets the
 * connection. */
void inbound_drain(const struct conn *conn, int fd);

#endif

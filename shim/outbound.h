/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_OUTBOUND_H
#define CHAOS_OUTBOUND_H

#include <sys/uio.h>

#include "conn.h"

/* Decides on what is held, with what is known: the program waits for an answer. */
void outbound_hurry(struct conn *conn, int fd);

/* The same, with the connection entered. */
void outbound_decide_held(struct conn *conn, int fd, bool hurry);

#endif

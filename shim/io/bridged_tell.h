/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGED_TELL_H
#define CHAOS_BRIDGED_TELL_H

/* The program is to look, whatever it waits with: there are bytes for it, and the kernel has one of the
 * server's, which was taken and stays there. */

#include "conn.h"

/* With bytes for the program the kernel tells it; with none there is nothing to be told of. Entered and
 * verified. */
void bridged_tell(struct conn *conn, int fd);

/* Takes that byte out of the kernel, for there is nothing, or nobody to be told. Entered and verified. */
void bridged_let_go(struct conn *conn, int fd);

#endif

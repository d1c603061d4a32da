/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGED_TURN_H
#define CHAOS_BRIDGED_TURN_H

/* A bridge between its two sides and the exchange: whatever can be moved is moved. */

#include "conn.h"
#include "shim/process/shim.h"

/* Bytes moved at a time; with its header a block of blocks.h. */
#define BRIDGED_SCRATCH (16u * 1024 - 64)

static inline const struct bridge_api *bridged_api(void)
{
	return shim.bridge.api;
}

/* Moves all that can be moved between the bridge, the exchange and the server; what is for the program waits
 * in the bridge. Entered and verified. */
void bridged_turn(struct conn *conn, int fd);

#endif

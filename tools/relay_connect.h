/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_RELAY_CONNECT_H
#define CHAOS_TOOLS_RELAY_CONNECT_H

/*
 * How the program's socket comes to be connected to the relay, with the outcome and at the time of a
 * connection to the server itself.
 *
 * A call that waits is answered when the outcome is known. A socket that is not to wait knocks at a door
 * that swallows what comes, and so is being connected, until the outcome is known. Then either the relay
 * connects from that very address to the socket's own, which TCP knows as simultaneous open; or the door
 * goes, and the next knock, which the kernel repeats within a second, is refused.
 */

#include "relayed.h"

/* Takes a call with the program's socket, which is ours then. */
void relayed_begin(struct relay *relay, const struct relay_request *request, int socket);

/* An end has become ready, or the deadline is over, before the connection is open. */
void relayed_on_connect_event(struct relay *relay, struct relayed_end *end);
void relayed_on_deadline(struct relay *relay, struct relayed *relayed);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_RELAY_COPY_H
#define CHAOS_TOOLS_RELAY_COPY_H

/* The bytes between the two ends of an open connection, with their order, their ends and their
 * pressure. */

#include "relayed.h"

/* Copies what there is: from the end for EPOLLIN, to it for EPOLLOUT. Ends the
 * connection when there will be no more. */
void relayed_copy(struct relay *relay, struct relayed_end *end, uint32_t events);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_TOGETHER_H
#define CHAOS_CONTROL_TOGETHER_H

/* What the folder's own programs and guests tell, as if it stood in one journal. */

#include "event_reader.h"
#include "writer.h"

/* The counts of all OPERATIONS, no two by the same names. The caller's to free. */
struct operation *together_operations(const struct writer *writer);

/* Puts events of guests among the own ones, some at each look, if there is room for events. `reader` is at the
 * guests' last one, and all zero at first; its .lost counts those of which nothing is left. */
void together_events(struct writer *writer, struct event_reader *reader);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_EVENT_JSON_H
#define CHAOS_CONTROL_EVENT_JSON_H

/* Events as the API and the reports show them. All of an event is untrusted: programs write it. */

#include <stdio.h>

#include "shim/memory/event.h"

/* What a monotonic time of this machine is as seconds since the epoch, in nanoseconds. */
uint64_t event_wall_time(uint64_t monotonic);

/* Prints one event as a JSON object on one line, without a line end. `redact`: resources are
 * replaced by a hash, the same for the same name. */
void event_print(FILE *out, uint64_t number, const struct event *event, bool redact);

/* How long the program's part of a command is, without its arguments. */
size_t event_program_length(struct span command);

/* What stands in the place of a resource's name: a hash. Returns `text`. */
#define EVENT_REDACTED (1 + 2 * 8 + 1)
struct span event_redact(struct span resource, char text[EVENT_REDACTED]);

/* The words for its parts; NULL where nothing is known. */
const char *event_lane_name(const struct event *event);
const char *event_action_name(const struct event *event);

#endif

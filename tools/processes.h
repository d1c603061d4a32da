/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_PROCESSES_H
#define CHAOS_TOOLS_PROCESSES_H

#include <stdio.h>

#include <cjson/cJSON.h>

/*
 * The answer of /_chaos/processes, arranged for a person to read: the time as such, what could not
 * be looked into in one column, the command last. The caller deletes it.
 */
cJSON *processes_arrange(const cJSON *processes);

/* Shows which programs could not be followed, of what the daemon says of its status; nothing if there was
 * none. */
void processes_show_unfollowed(FILE *out, const cJSON *status);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_PROCESSES_H
#define CHAOS_TOOLS_PROCESSES_H

#include <cjson/cJSON.h>

/*
 * The answer of /_chaos/processes, arranged for a person to read: the time as such, what could not
 * be looked into in one column, the command last. The caller deletes it.
 */
cJSON *processes_arrange(const cJSON *processes);

#endif

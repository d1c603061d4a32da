/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_FIRED_H
#define CHAOS_TOOLS_FIRED_H

#include <stdio.h>

#include <cjson/cJSON.h>

/* The daemon's status for a person, without how often each rule has fired: numbers, in the order of rules
 * that stand elsewhere. The caller deletes it. */
cJSON *fired_leave_out(const cJSON *status);

/* Shows how often each rule has fired. `status` has the numbers of a list by its name, "faults" or
 * "outages", and `rules` are those of that list. */
void fired_show(FILE *out, const cJSON *status, const char *list, const cJSON *rules);

#endif

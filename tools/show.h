/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_SHOW_H
#define CHAOS_TOOLS_SHOW_H

#include <stdio.h>

#include <cjson/cJSON.h>

/*
 * Shows JSON to a person. Members of members are named "outer.inner". An array of objects becomes a
 * table with a column for each member that occurs, or the text `none` when it is empty; an object a
 * list of its members. Control characters are shown as '?': the names may come from anywhere.
 */
void show(FILE *out, const cJSON *value, const char *none);

#endif

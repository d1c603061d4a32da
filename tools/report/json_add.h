/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_JSON_ADD_H
#define CHAOS_REPORT_JSON_ADD_H

/* Members of the JSON of a report. */

#include <cjson/cJSON.h>

#include "report.h"

void json_add_number(cJSON *object, const char *name, uint64_t value);

/* Nanoseconds as milliseconds. */
void json_add_ms(cJSON *object, const char *name, uint64_t ns);
cJSON *json_ms(uint64_t ns);

/* NULL and "" are null. */
void json_add_text(cJSON *object, const char *name, const char *text);

/* CLOCK_MONOTONIC as the time of day. */
void json_add_time(cJSON *object, const char *name, uint64_t monotonic);

/* What an event says of who called what. */
void json_add_who(cJSON *object, const struct report *report, const struct report_attempt *attempt);

/* At the end of an array. */
cJSON *json_add_object(cJSON *array);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_JSON_REPORT_H
#define CHAOS_REPORT_JSON_REPORT_H

/* A report as JSON. The names are for good. */

#include <cjson/cJSON.h>

#include "check.h"

/* The caller deletes it. */
cJSON *json_report(const struct report *report, const struct verdict *verdicts, size_t count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_OPERATIONS_H
#define CHAOS_REPORT_OPERATIONS_H

/* The operations of a report. */

#include "control/stats.h"
#include "report.h"

/* All of them by name; the caller frees the array. */
struct stats_operation *operations_all(const struct report *report, uint32_t *count);

/* The same as JSON. */
cJSON *operations_json(const struct report *report);

/* "dynamodb.PutItem" */
#define STATS_NAME_MAX (OPERATION_FAMILY_MAX + OPERATION_NAME_MAX + 16)
const char *operations_name(const struct stats_operation *operation, char name[STATS_NAME_MAX]);

#endif

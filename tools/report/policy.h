/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_POLICY_H
#define CHAOS_REPORT_POLICY_H

/* The least that IAM must allow for a run. */

#include <cjson/cJSON.h>

#include "report.h"

/* An identity-based policy. The caller deletes it. */
cJSON *policy_json(const struct report *report);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_POLICY_H
#define CHAOS_REPORT_POLICY_H

/* The least that IAM must allow for a run. */

#include <cjson/cJSON.h>

#include "report.h"

/* An identity-based policy. The caller deletes it. */
cJSON *policy_json(const struct report *report);

/* The actions of a call, as "s3:GetObject", separated by blanks: what IAM calls otherwise than the
 * service's API. "": none is needed. */
#define POLICY_TEXT_MAX 512
void policy_actions(const char *service, const char *operation, char text[POLICY_TEXT_MAX]);

/* Its resource as an ARN, or "*". Accounts that nobody has told are "*". */
struct policy_call {
	const char *service, *operation, *region, *resource;
};
void policy_arn(const struct policy_call *call, char text[POLICY_TEXT_MAX]);

#endif

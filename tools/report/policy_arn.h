/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_POLICY_ARN_H
#define CHAOS_REPORT_POLICY_ARN_H

#include "policy_names.h"

/* Its resource as an ARN, or "*". Accounts that nobody has told are "*". */
struct policy_call {
	const char *service, *operation, *region, *resource;
};
void policy_arn(const struct policy_call *call, char text[POLICY_TEXT_MAX]);

#endif

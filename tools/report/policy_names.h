/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_POLICY_NAMES_H
#define CHAOS_REPORT_POLICY_NAMES_H

/* Actions and ARNs fit in. */
#define POLICY_TEXT_MAX 1024

/* The actions of a call, as "s3:GetObject", separated by blanks: what IAM calls otherwise than the
 * service's API. "": none is needed. */
void policy_actions(const char *service, const char *operation, char text[POLICY_TEXT_MAX]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_LOOK_H
#define CHAOS_REPORT_LOOK_H

/* Where somebody should look who has not got what was expected: one line. */

#include "expect.h"
#include "report.h"

/* Is a call of that operation, is an attempt what the expectation is about? */
bool look_names(const struct expectation *expectation, const char *service, const char *operation);
bool look_is_about(const struct report *report, const struct expectation *expectation,
	const struct report_attempt *attempt);

/* The call with the most attempts, NULL if there is none; and how many: as counted, or as the SDK says. */
const struct report_call *look_longest(
	const struct report *report, const struct expectation *expectation);
uint64_t look_length(const struct report *report, const struct report_call *call);

void look_for(
	const struct report *report, const struct expectation *expectation, char *out, size_t cap);

/* Which there are. */
void look_rules(const struct report *report, char *out, size_t cap);
void look_operations(const struct report *report, char *out, size_t cap);

/* Of a rule that has not fired; of one whose answers were not taken. */
void look_missed(
	const struct report *report, const struct report_rule *rule, char *out, size_t cap);
void look_untaken(
	const struct report *report, const struct report_rule *rule, char *out, size_t cap);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_MISSED_H
#define CHAOS_REPORT_MISSED_H

/* Rules that matched no call, and the call that they were nearest to. */

#include "report.h"

struct missed {
	const struct report_attempt *nearest; /* NULL: there was no call */
	const char *field; /* "service", "region", "operation"; NULL: none differs */
	char why[1024];
};

/* False: the rule has matched. */
bool missed_find(
	const struct report *report, const struct report_rule *rule, struct missed *missed);

#endif

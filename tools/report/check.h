/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_CHECK_H
#define CHAOS_REPORT_CHECK_H

/* Does a run show what was expected of it? */

#include "expect.h"
#include "report.h"

/* One thing that was expected. `got` and `look` are of use where it has failed. */
struct verdict {
	const char *expected;
	bool is_met;
	char got[256];	 /* "1", "no rule of that name" */
	char look[1024]; /* where to look; "": nowhere */
};

void check_expectation(const struct report *report, const struct expectation *expectation,
	struct verdict *verdict);

/* Has every rule fired? Has every error that was delivered been taken? */
void check_unmatched(const struct report *report, struct verdict *verdict);
void check_untaken(const struct report *report, struct verdict *verdict);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_CALLS_H
#define CHAOS_REPORT_CALLS_H

#include "report.h"

/* Puts the attempts of each call together. */
void calls_find(struct report *report);

/* Has report->counted say calls, failed and recovered as calls_find() has put them together, where no attempt
 * of the operation is missing: sums of attempts cannot tell which of them are of one call. Its `succeeded`
 * is of calls from then on. */
void calls_count(struct report *report);

#endif

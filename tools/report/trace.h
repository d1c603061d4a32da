/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_TRACE_H
#define CHAOS_REPORT_TRACE_H

/* One line for each attempt, as it ends. */

#include "report.h"

/* Nothing is left in a buffer. */
void trace_line(
	FILE *out, bool colours, const struct report *report, const struct report_attempt *attempt);

#endif

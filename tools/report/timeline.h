/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_TIMELINE_H
#define CHAOS_REPORT_TIMELINE_H

#include "report.h"

/* Draws when each attempt was under way and how it ended, as SVG: a row for each operation. */
void timeline_write(FILE *out, const struct report *report);

/* The class that the page's style has for an attempt: "good", "fault", "bad", "slow". */
const char *timeline_class(const struct report_attempt *attempt);

#endif

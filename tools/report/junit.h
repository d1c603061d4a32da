/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_JUNIT_H
#define CHAOS_REPORT_JUNIT_H

/* A report as CI servers read it: JUnit's XML, a test case for each expectation, and one for the command. */

#include "check.h"

void junit_write(
	FILE *out, const struct report *report, const struct verdict *verdicts, size_t count);

#endif

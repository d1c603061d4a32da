/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_WRITE_H
#define CHAOS_REPORT_WRITE_H

#include "wanted.h"

/* Writes the reports that are wanted. False: one could not be written, which has been said. */
bool write_reports(const struct report *report, const struct wanted *wanted,
	const struct verdict *verdicts, size_t count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_HTML_H
#define CHAOS_REPORT_HTML_H

/* A report as one page that needs nothing else: light and dark, on paper, too. */

#include "check.h"

void html_write(
	FILE *out, const struct report *report, const struct verdict *verdicts, size_t count);

#endif

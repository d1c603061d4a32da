/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_TEXT_H
#define CHAOS_REPORT_TEXT_H

/* A report for a person to read. */

#include "report.h"

void text_write(FILE *out, bool colours, const struct report *report);

#endif

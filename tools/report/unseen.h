/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_UNSEEN_H
#define CHAOS_REPORT_UNSEEN_H

/* What a report cannot tell of, in sentences. */

#include "report.h"

/* Tells each one, without a line end; `told` may be NULL. Returns how many. */
uint32_t unseen_each(
	const struct report *report, void (*told)(void *context, const char *line), void *context);

#endif

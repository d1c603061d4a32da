/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_WATCH_H
#define CHAOS_REPORT_WATCH_H

/* What all programs of a daemon do, while they do it. */

#include <stdbool.h>
#include <stdint.h>

#include "observe.h"

struct watch {
	const char *folder;
	char *const
		*patterns; /* SERVICE, SERVICE.OPERATION or rule:NAME, NULL-terminated; none: all */
	uint32_t pid;	   /* 0: any */
	bool json;	   /* events as the API has them */
	bool redact;
	bool once; /* top: one interval, and no clearing of the screen */
	unsigned interval_ms;
};

/* A line for each attempt as it ends; a table of rates, again and again. Until a signal, or nobody reads.
 * Return 0, or -errno with the reason. */
int watch_calls(const struct watch *watch, char reason[OBSERVE_REASON_MAX]);
int watch_rates(const struct watch *watch, char reason[OBSERVE_REASON_MAX]);

#endif

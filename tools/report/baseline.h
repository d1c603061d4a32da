/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_BASELINE_H
#define CHAOS_REPORT_BASELINE_H

/* Compares how two runs tried again. */

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

/* The report of another run, as --report=json has written it; NULL with the reason. The caller deletes it. */
#define BASELINE_REASON_MAX 512
cJSON *baseline_read(const char *path, char reason[BASELINE_REASON_MAX]);

/* Both as reports in JSON are. */
void baseline_write(
	FILE *out, bool colours, const char *path, const cJSON *before, const cJSON *now);

#endif

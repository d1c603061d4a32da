/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_REPORT_H
#define CHAOS_CONTROL_REPORT_H

#include <cjson/cJSON.h>

#include "held.h"

/*
 * What is in force and what has happened, as a JSON object; the caller frees it and holds the lock.
 * `totals` count what all programs have done since the journal was made; `fired` counts per rule, in
 * the order of the lists.
 */
char *report_status(const struct api *api);

/* These totals alone. */
cJSON *report_totals(const struct writer *writer);

#endif

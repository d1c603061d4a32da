/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_SUMMARY_H
#define CHAOS_CONTROL_SUMMARY_H

/* All that was counted, for the API. The caller holds the lock, and frees the text. */

#include <cjson/cJSON.h>

#include "held.h"

/* Of events: how many were begun, and how many nobody can read any more, or ever could. */
struct summary_events {
	uint64_t events, lost, overwritten;
};
struct summary_events summary_events(const struct journal *journal);

/* {"operations": […], "rules": […], "totals": {…}}. */
cJSON *summary_stats(const struct api *api);
char *summary_stats_text(const struct api *api);

/* What a snapshot says before its events: all but "]}" behind them. `redact`: without the
 * arguments of programs. */
char *summary_snapshot(const struct api *api, bool redact);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_QUANTILES_H
#define CHAOS_REPORT_QUANTILES_H

/* Of durations that are known one by one; the journal's buckets know them within a sixteenth. */

#include "control/stats.h"
#include "report.h"

/* The least of them that this share (0 to 1) does not lie above; 0: there are none. Sorts them. */
uint64_t quantiles_exact(uint64_t *durations, size_t count, double share);

/* Puts them in the place of what buckets say, for each operation of which all attempts were kept. */
void quantiles_correct(const struct report *report, struct stats_operation *all, uint32_t count);

#endif

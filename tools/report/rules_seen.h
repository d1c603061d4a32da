/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_RULES_SEEN_H
#define CHAOS_REPORT_RULES_SEEN_H

/* The rules that are in force while a run goes on, also those that go before it ends. */

#include "report.h"

struct rules_seen;

/* Notes the rules of the folder's table, and what they have counted so far. `report->folder` stays the
 * caller's. */
struct rules_seen *rules_seen_begin(struct report *report, const struct journal *journal);

/* Looks for rules that have come, and counts. `final`: also asks the daemon how they were written. */
void rules_seen_look(struct rules_seen *seen, bool final);

/* Fills in what the rules of the report have counted in this run. */
void rules_seen_end(struct rules_seen *seen);

#endif

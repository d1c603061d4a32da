/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_BASE_H
#define CHAOS_REPORT_BASE_H

/* What the journal had counted before a run, and what is the run's own of what it has counted since. */

#include "report.h"

struct base;

/* The caller frees it with base_free(). */
struct base *base_note(const struct journal *journal);

void base_free(struct base *base);

/* Notes which processes have blind connections, while they still have their lines in the journal. */
void base_look(struct base *base, const struct journal *journal);

/* Fills in report->counted and whatever is told of connections, processes and programs. */
void base_compare(struct base *base, const struct journal *journal, struct report *report);

/* Attempts that have begun since, and not ended. */
uint64_t base_under_way(const struct base *base, const struct journal *journal);

/* Attempts that have ended since. */
uint64_t base_ended(const struct base *base, const struct journal *journal);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_JOURNAL_HEADER_H
#define CHAOS_TOOLS_JOURNAL_HEADER_H

/* The journal's totals, for the programs of ours that add to them. */

#include "shim/memory/journal.h"

/* What stands in front of the counters, mapped to be written to; NULL: there is no journal. */
struct journal *journal_header_map(const char *folder);

/* Counts for --strict a program that could not be given the rules. */
void journal_count_unattached(const char *folder);

#endif

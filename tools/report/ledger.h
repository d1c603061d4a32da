/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_LEDGER_H
#define CHAOS_REPORT_LEDGER_H

/* How the programs of a run tried again. */

#include "ledger_groups.h"
#include "ledger_judge.h"

/* The report is to outlive it. ledger_free() frees what it holds. */
void ledger_make(struct ledger *ledger, const struct report *report);
void ledger_free(struct ledger *ledger);

#endif

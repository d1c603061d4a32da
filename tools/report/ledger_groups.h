/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_LEDGER_GROUPS_H
#define CHAOS_REPORT_LEDGER_GROUPS_H

#include "ledger_calls.h"

/* The calls that failed at least once, by SDK, mode, service and trouble. */
void ledger_group_calls(struct ledger *ledger);

#endif

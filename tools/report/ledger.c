/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <stdlib.h>

#include "control/memory.h"

void ledger_make(struct ledger *ledger, const struct report *report)
{
	*ledger = (struct ledger){.report = report};
	ledger->next = sure(calloc((size_t)report->attempt_count + 1, sizeof(*ledger->next)));
	ledger->calls = sure(calloc((size_t)report->call_count + 1, sizeof(*ledger->calls)));
	ledger_find_calls(ledger);
	ledger_group_calls(ledger);
	ledger_judge(ledger);
}

void ledger_free(struct ledger *ledger)
{
	free(ledger->next);
	free(ledger->calls);
	free(ledger->groups);
	free(ledger->said);
	*ledger = (struct ledger){0};
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_LEDGER_JUDGE_H
#define CHAOS_REPORT_LEDGER_JUDGE_H

#include "ledger_calls.h"

/* What is to be said of the calls, which have been put into groups. */
void ledger_judge(struct ledger *ledger);

/* "retry storm"; what it is, in a sentence; what to do about it. */
const char *ledger_finding_name(enum ledger_finding finding);
const char *ledger_remedy(enum ledger_finding finding);
#define LEDGER_TEXT_MAX 512
void ledger_explain(
	const struct ledger *ledger, const struct ledger_said *said, char text[LEDGER_TEXT_MAX]);

#endif

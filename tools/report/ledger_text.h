/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_LEDGER_TEXT_H
#define CHAOS_REPORT_LEDGER_TEXT_H

/* The ledger for a person to read. */

#include "ledger.h"

void ledger_text_write(FILE *out, bool colours, const struct ledger *ledger);

#endif

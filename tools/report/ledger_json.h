/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_LEDGER_JSON_H
#define CHAOS_REPORT_LEDGER_JSON_H

/* The ledger as the member "ledger" of a report's JSON. The names are for good. */

#include <cjson/cJSON.h>

#include "ledger.h"

/* The caller deletes it. */
cJSON *ledger_json(const struct ledger *ledger);

#endif

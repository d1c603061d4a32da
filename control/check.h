/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_CHECK_H
#define CHAOS_CONTROL_CHECK_H

/* One rule or the effects, from JSON to what is put in force. */

#include <cjson/cJSON.h>

#include "refusal.h"
#include "rule.h"

/* An hour: what a longer one would look like is a program that hangs. */
#define LATENCY_MAX_MS (60 * 60 * 1000)

/*
 * Checks a rule as it was sent and fills in the defaults of its list; the id stays 0.
 * Returns 0, and the caller has to call rule_clear(); or -EINVAL with the field in *why.
 */
int check_rule(const cJSON *sent, enum table_list list, struct rule *rule, struct refusal *why);

void rule_clear(struct rule *rule);

/* Checks {"latency": milliseconds}. Returns 0 or -EINVAL. */
int check_effects(const cJSON *sent, int *latency_ms, struct refusal *why);

#endif

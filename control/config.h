/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_CONFIG_H
#define CHAOS_CONTROL_CONFIG_H

/*
 * The configuration: two lists of rules and the latency. It is a value: a change makes a new one,
 * which shares the rules that stay, so that the old one is there until the new one is saved and in
 * force. Not for several threads at once.
 */

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "refusal.h"
#include "rule.h"

/* A rule of the configuration, shared by counting. */
struct config_rule {
	unsigned owners;
	char *text;	 /* as it was sent, on one line */
	char *canonical; /* equal for rules that are deeply equal */
	struct rule rule;
};

struct config_list {
	struct config_rule **rules;
	size_t count;
};

struct config {
	struct config_list lists[2]; /* by enum table_list */
	int latency_ms;
	uint32_t flags;	  /* set of enum table_flag */
	uint64_t next_id; /* of the rule that comes next */
};

enum config_change { CONFIG_REPLACE, CONFIG_APPEND, CONFIG_REMOVE };

/*
 * Checks a body: an array of rules, or one rule alone if it cannot be mistaken (not for
 * CONFIG_REPLACE, where one object may as well be a slip). A rule that stands there twice is
 * refused, since the published schema asks for unique items.
 * Returns 0, and the caller has to call config_list_clear(); or -EINVAL.
 */
int config_read(const cJSON *body, enum table_list list, enum config_change change,
	struct config_list *rules, struct refusal *why);

/*
 * Makes *next from *now. Which rules are equal is said by their canonical texts.
 * CONFIG_REPLACE: all rules are new ones, also if equal ones were there: their counts start anew.
 * CONFIG_APPEND: a rule that is there already stays as it is, so that a client may repeat a request
 * of which it does not know whether it came through.
 * CONFIG_REMOVE: a rule that is not there is no error, for the same reason.
 * The caller has to call config_clear() on both.
 */
void config_change(const struct config *now, enum table_list list, enum config_change change,
	const struct config_list *rules, struct config *next);

/* Is there a rule in `list` that is equal to rules->rules[i]? An answer for each i; the caller frees
 * them. */
bool *config_find(const struct config_list *list, const struct config_list *rules);

/* Makes *next from *now with another latency, or with other flags. */
void config_set_latency(const struct config *now, int latency_ms, struct config *next);
void config_set_flags(const struct config *now, uint32_t flags, struct config *next);

/* All rules in the order in which they are tried; the caller frees the array alone. */
const struct rule **config_rules(const struct config *config, size_t *count);

/* A list or the effects as the API shows them; the caller frees it. */
char *config_list_text(const struct config_list *list);
char *config_effects_text(const struct config *config);

/* One owner less; the last one frees it. */
void config_rule_release(struct config_rule *rule);

void config_list_clear(struct config_list *list);
void config_clear(struct config *config);

#endif

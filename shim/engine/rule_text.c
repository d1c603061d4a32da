/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule answers a call with. */

#include "aws/model.h"
#include "rules.h"

#define DEFAULT_STATUS 503

static void append(struct rules_text *answer, struct span text)
{
	size_t room = sizeof(answer->message) - answer->message_len;
	size_t len = text.len < room ? text.len : room;

	if (len)
		memcpy(answer->message + answer->message_len, text.at, len);
	answer->message_len += (uint32_t)len;
}

static void outage_message(
	struct rules_text *answer, const struct aws_call *call, int candidate, bool with_region)
{
	append(answer, SPAN("Service '"));
	append(answer, call->candidates[candidate].service);
	append(answer, SPAN("' not accessible "));
	if (with_region && call->region.len) {
		append(answer, SPAN("in '"));
		append(answer, call->region);
		append(answer, SPAN("' region "));
	}
	append(answer, SPAN("due to an outage"));
}

static int status_of(const struct table_rule *rule, const struct rules_text *answer, int model)
{
	int status = table_load(rule->status);

	if (status == 0 && model >= 0)
		status = aws_model_error_status(
			model, (struct span){answer->code, answer->code_len});
	return status >= 400 && status <= 599 ? status : DEFAULT_STATUS;
}

bool rules_text(const struct table *table, const struct rules_verdict *verdict,
	const struct aws_call *call, struct rules_text *answer)
{
	struct table_view view = table_look(table);
	const struct table_rule *rule;

	if (!view.slot || view.generation != verdict->generation ||
		verdict->place >= view.slot->capacity.rules)
		return false;
	rule = &view.slot->rules[verdict->place];
	answer->code_len = table_copy(view.slot, &rule->code, answer->code, sizeof(answer->code));
	answer->status = status_of(rule, answer, call->candidates[verdict->candidate].model);
	answer->message_len = 0;
	switch (table_load(rule->message_kind)) {
	case TABLE_MESSAGE_OUTAGE:
		outage_message(answer, call, verdict->candidate, false);
		break;
	case TABLE_MESSAGE_REGION_OUTAGE:
		outage_message(answer, call, verdict->candidate, true);
		break;
	default:
		answer->message_len = table_copy(
			view.slot, &rule->message, answer->message, sizeof(answer->message));
	}
	return table_still(&view);
}

void rules_decide(const struct table *table, const struct aws_call *call, struct dice *dice,
	struct rules_verdict *verdict, struct rules_text *answer)
{
	do
		rules_match(table, call, dice, verdict);
	while (verdict->is_fault && !rules_text(table, verdict, call, answer));
}

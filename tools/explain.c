/* SPDX-License-Identifier: Apache-2.0 */

#include "explain.h"

#include <stdio.h>

#include "shim/engine/aws/identify.h"
#include "shim/engine/rules.h"
#include "shim/engine/tls.h"

#define RESOURCE_MAX 2048

struct explanation {
	const char *reason; /* why it is no call; NULL: it is one */
	struct aws_call call;
	struct rules_verdict verdict;  /* of the first rule that may fire */
	struct rules_text answer;      /* what it says */
	const struct table_slot *slot; /* NULL: no rules */
	size_t resource_len;
	char resource[RESOURCE_MAX];
};

/* ---- the engine ---- */

/* `error`: what http1_parse() says. */
static const char *why_no_head(struct span raw, ssize_t error)
{
	if (tls_sniff(raw.at, raw.len))
		return "it is TLS; what goes into TLS can be explained";
	if (span_starts(raw, SPAN("{")))
		return "it is not HTTP/1; lines of JSON are explained by --jsonl";
	if (error == HTTP1_PARTIAL && http1_sniff(raw.at, raw.len) != 0)
		return "its head has no end; an empty line is to follow it";
	return "it is not HTTP/1";
}

/* The body is what belongs to this request, as flow hands it on. */
static const char *read_request(
	struct span raw, struct http1_head *head, struct aws_body *body, struct aws_call *call)
{
	ssize_t size = http1_parse(head, raw.at, raw.len, 0);
	struct http1_body framing;
	ssize_t count;

	if (size < 0)
		return why_no_head(raw, size);
	http1_body_begin(&framing, head);
	count = http1_body_feed(&framing, raw.at + size, raw.len - (size_t)size, NULL);
	if (count < 0)
		return "the chunks of its body are malformed";
	body->bytes = (struct span){raw.at + size, (size_t)count};
	body->complete = true;
	return aws_identify(head, body, AWS_WANT_ALL, call) == AWS_CALL
		       ? NULL
		       : "nothing in it tells of AWS";
}

static void look_at(struct explanation *explanation, const struct table *table, struct span raw)
{
	struct http1_head head;
	struct aws_body body;

	explanation->verdict.is_fault = false;
	explanation->reason = read_request(raw, &head, &body, &explanation->call);
	if (explanation->reason)
		return;
	explanation->resource_len = aws_resource(&head, &body, &explanation->call,
		explanation->resource, sizeof(explanation->resource));
	rules_decide(table, &explanation->call, NULL, &explanation->verdict, &explanation->answer);
}

/* ---- words for both ---- */

static void put(struct sink *out, const char *text)
{
	sink_put(out, span_of(text));
}

static const char *protocol_name(enum aws_protocol protocol)
{
	static const char *const names[AWS_PROTOCOLS] = {
		[AWS_JSON] = "json",
		[AWS_QUERY] = "query",
		[AWS_EC2] = "ec2",
		[AWS_REST_JSON] = "rest-json",
		[AWS_REST_XML] = "rest-xml",
		[AWS_S3] = "rest-xml",
		[AWS_RPC_V2_CBOR] = "rpc-v2-cbor",
		[AWS_JSON_CBOR] = "json-cbor",
		[AWS_RPC_V2_JSON] = "rpc-v2-json",
	};

	return names[protocol];
}

static const char *list_name(const struct table_rule *rule)
{
	return table_load(rule->list) == TABLE_OUTAGES ? "outages" : "faults";
}

/* Counted from 1, as the daemon does in its messages. */
static uint64_t rule_number(const struct table_rule *rule)
{
	return (uint64_t)table_load(rule->position) + 1;
}

static void put_probability(struct sink *out, const struct table_rule *rule)
{
	char text[32];

	snprintf(text, sizeof(text), "%.15g", (double)table_load(rule->threshold) / TABLE_CERTAIN);
	put(out, text);
}

static bool is_certain(const struct table_rule *rule)
{
	return table_load(rule->threshold) >= TABLE_CERTAIN;
}

/* What the rule says in the field that differs, copied out of the table. */
static struct span wanted_name(const struct table_slot *slot, const struct table_rule *rule,
	const char *field, char copy[TABLE_NAME_MAX])
{
	uint32_t id = *field == 's'   ? table_load(rule->service)
		      : *field == 'r' ? table_load(rule->region)
				      : table_load(rule->operation);

	if (id == 0 || id > slot->capacity.names)
		return (struct span){0};
	return (struct span){
		copy, table_copy(slot, &slot->names[id - 1].text, copy, TABLE_NAME_MAX)};
}

typedef void put_rule_fn(struct sink *out, const struct explanation *explanation,
	const struct table_rule *rule, const char *differs);

/* All rules that are tried: up to the first that matches and leaves nothing to the dice. */
static void each_rule(
	struct sink *out, const struct explanation *explanation, put_rule_fn *put_rule)
{
	const struct table_slot *slot = explanation->slot;
	uint32_t count = slot ? table_load(slot->head->rule_count) : 0;

	for (uint32_t i = 0; i < count && i < slot->capacity.rules; i++) {
		const struct table_rule *rule = &slot->rules[i];
		const char *differs = rules_differs(slot, rule, &explanation->call);

		put_rule(out, explanation, rule, differs);
		if (!differs && is_certain(rule))
			break;
	}
}

/* ---- JSON ---- */

static void put_string(struct sink *out, struct span text)
{
	if (!text.len) {
		put(out, "null");
		return;
	}
	sink_byte(out, '"');
	sink_json(out, text);
	sink_byte(out, '"');
}

static void put_member(struct sink *out, const char *key, struct span text)
{
	put(out, key);
	put_string(out, text);
}

/* Each service once, the likeliest first. */
static void put_services(struct sink *out, const struct aws_call *call, int count)
{
	put(out, "{\"services\": [");
	for (int i = 0; i < count; i++) {
		int earlier = 0;

		while (!span_equal(call->candidates[earlier].service, call->candidates[i].service))
			earlier++;
		if (earlier < i)
			continue;
		put(out, i ? ", " : "");
		put_string(out, call->candidates[i].service);
	}
	sink_byte(out, ']');
}

static void put_candidates(struct sink *out, const struct aws_call *call, int count)
{
	put(out, ", \"candidates\": [");
	for (int i = 0; i < count; i++) {
		put_member(out,
			i ? ", {\"service\": " : "{\"service\": ", call->candidates[i].service);
		put_member(out, ", \"operation\": ", call->candidates[i].operation);
		sink_byte(out, '}');
	}
	sink_byte(out, ']');
}

static void put_attempt(struct sink *out, int attempt)
{
	put(out, ", \"attempt\": ");
	if (attempt > 0)
		sink_number(out, (uint64_t)attempt, 1);
	else
		put(out, "null");
}

/* The rule that fires, or may. */
static void put_fault(struct sink *out, const struct explanation *explanation, bool with_message)
{
	const struct rules_verdict *verdict = &explanation->verdict;
	const struct table_rule *rule;

	put(out, ", \"rule\": ");
	if (!verdict->is_fault || !explanation->slot) {
		put(out, "null");
		return;
	}
	rule = &explanation->slot->rules[verdict->place];
	put(out, "{\"list\": \"");
	put(out, list_name(rule));
	put(out, "\", \"number\": ");
	sink_number(out, rule_number(rule), 1);
	put(out, ", \"probability\": ");
	put_probability(out, rule);
	put_member(
		out, ", \"service\": ", explanation->call.candidates[verdict->candidate].service);
	put(out, ", \"statusCode\": ");
	sink_number(out, (uint64_t)explanation->answer.status, 1);
	put_member(out, ", \"code\": ",
		(struct span){explanation->answer.code, explanation->answer.code_len});
	if (with_message)
		put_member(out, ", \"message\": ",
			(struct span){
				explanation->answer.message, explanation->answer.message_len});
	sink_byte(out, '}');
}

/* What every form of JSON begins with. */
static void put_call(struct sink *out, const struct explanation *explanation)
{
	const struct aws_call *call = &explanation->call;

	put_services(out, call, call->candidate_count);
	put_member(out, ", \"region\": ", call->region);
	put_member(out, ", \"operation\": ", call->candidates[0].operation);
	put_member(out, ", \"resource\": ",
		(struct span){explanation->resource, explanation->resource_len});
	put_member(out, ", \"protocol\": ", span_of(protocol_name(call->protocol)));
	put_attempt(out, call->attempt);
}

static void put_line(struct sink *out, const struct explanation *explanation)
{
	if (explanation->reason) {
		put(out, "{\"services\": [], \"region\": null, \"operation\": null, "
			 "\"resource\": null, \"protocol\": null, \"attempt\": null, "
			 "\"rule\": null}");
		return;
	}
	put_call(out, explanation);
	put_fault(out, explanation, false);
	sink_byte(out, '}');
}

static void put_json_rule(struct sink *out, const struct explanation *explanation,
	const struct table_rule *rule, const char *differs)
{
	char copy[TABLE_NAME_MAX];

	put(out, rule == explanation->slot->rules ? "{\"list\": \"" : ", {\"list\": \"");
	put(out, list_name(rule));
	put(out, "\", \"number\": ");
	sink_number(out, rule_number(rule), 1);
	put(out, ", \"probability\": ");
	put_probability(out, rule);
	put_member(out, ", \"differs\": ", differs ? span_of(differs) : (struct span){0});
	if (differs)
		put_member(
			out, ", \"wants\": ", wanted_name(explanation->slot, rule, differs, copy));
	sink_byte(out, '}');
}

static void put_json(struct sink *out, const struct explanation *explanation)
{
	const struct aws_call *call = &explanation->call;

	if (explanation->reason) {
		put(out, "{\"services\": []");
		put_member(out, ", \"reason\": ", span_of(explanation->reason));
		sink_byte(out, '}');
		return;
	}
	put_call(out, explanation);
	put_candidates(out, call, call->candidate_count);
	put_member(out, ", \"home_region\": ", call->home_region);
	put_member(out, ", \"invocation_id\": ", call->invocation_id);
	put_member(out, ", \"sdk\": ", call->sdk);
	put(out, ", \"latency\": ");
	sink_number(out, explanation->verdict.latency_ns / 1000000, 1);
	put_fault(out, explanation, true);
	put(out, ", \"rules\": [");
	each_rule(out, explanation, put_json_rule);
	put(out, "]}");
}

/* ---- text ---- */

/* What comes off the wire must not steer a terminal. */
static void put_visible(struct sink *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		sink_byte(out, byte < ' ' || byte == 0x7f ? '?' : (char)byte);
	}
}

static void put_label(struct sink *out, const char *label)
{
	char text[32];

	snprintf(text, sizeof(text), "%-15s", label);
	put(out, text);
}

/* Nothing for what the wire does not tell. */
static void put_row(struct sink *out, const char *label, struct span text)
{
	if (!text.len)
		return;
	put_label(out, label);
	put_visible(out, text);
	sink_byte(out, '\n');
}

static void put_number_row(struct sink *out, const char *label, uint64_t number, const char *unit)
{
	if (!number)
		return;
	put_label(out, label);
	sink_number(out, number, 1);
	put(out, unit);
	sink_byte(out, '\n');
}

static void put_text_candidates(struct sink *out, const struct aws_call *call)
{
	for (int i = 0; i < call->candidate_count; i++) {
		const struct aws_candidate *candidate = &call->candidates[i];

		put_label(out, i ? "  or" : "call");
		put_visible(out, candidate->service);
		sink_byte(out, ' ');
		put_visible(out, candidate->operation.len ? candidate->operation
							  : SPAN("(operation unknown)"));
		sink_byte(out, '\n');
	}
}

static void put_rule_name(struct sink *out, const struct table_rule *rule)
{
	put(out, table_load(rule->list) == TABLE_OUTAGES ? "outage rule " : "fault rule ");
	sink_number(out, rule_number(rule), 1);
}

/* Does the call say anything in the field that differs? */
static bool is_told(const struct aws_call *call, const char *field)
{
	bool is_operation = false;

	if (*field == 's')
		return true;
	if (*field == 'r')
		return call->region.len || call->home_region.len;
	for (int i = 0; i < call->candidate_count; i++)
		is_operation |= call->candidates[i].operation.len != 0;
	return is_operation;
}

static void put_difference(struct sink *out, const struct explanation *explanation,
	const struct table_rule *rule, const char *field)
{
	bool told = is_told(&explanation->call, field);
	char copy[TABLE_NAME_MAX];

	put(out, told ? " is about another " : " is about ");
	put(out, field);
	put(out, told ? ": " : " ");
	put_visible(out, wanted_name(explanation->slot, rule, field, copy));
	put(out, told ? "" : ", and the request tells none");
}

static void put_text_rule(struct sink *out, const struct explanation *explanation,
	const struct table_rule *rule, const char *differs)
{
	put(out, "  ");
	put_rule_name(out, rule);
	if (differs) {
		put_difference(out, explanation, rule, differs);
	} else {
		put(out, " matches");
		if (!is_certain(rule)) {
			put(out, ", with probability ");
			put_probability(out, rule);
		}
	}
	sink_byte(out, '\n');
}

static void put_text_fault(struct sink *out, const struct explanation *explanation)
{
	const struct rules_verdict *verdict = &explanation->verdict;

	put_label(out, "rule");
	if (!verdict->is_fault || !explanation->slot) {
		put(out, "none\n");
		return;
	}
	put_rule_name(out, &explanation->slot->rules[verdict->place]);
	put(out, ": ");
	sink_number(out, (uint64_t)explanation->answer.status, 1);
	sink_byte(out, ' ');
	put_visible(out, (struct span){explanation->answer.code, explanation->answer.code_len});
	put(out, explanation->answer.message_len ? ", " : "");
	put_visible(
		out, (struct span){explanation->answer.message, explanation->answer.message_len});
	sink_byte(out, '\n');
}

static void put_text(struct sink *out, const struct explanation *explanation)
{
	const struct aws_call *call = &explanation->call;

	if (explanation->reason) {
		put(out, "no call to AWS: ");
		put(out, explanation->reason);
		sink_byte(out, '\n');
		return;
	}
	put_text_candidates(out, call);
	put_row(out, "region", call->region);
	put_row(out, "home region", call->home_region);
	put_row(out, "resource", (struct span){explanation->resource, explanation->resource_len});
	put_row(out, "protocol", span_of(protocol_name(call->protocol)));
	put_number_row(out, "attempt", (uint64_t)call->attempt, "");
	put_row(out, "invocation id", call->invocation_id);
	put_row(out, "sdk", call->sdk);
	put_number_row(out, "latency", explanation->verdict.latency_ns / 1000000, " ms");
	put_text_fault(out, explanation);
	each_rule(out, explanation, put_text_rule);
}

void explain(struct sink *out, enum explain_form form, const struct table *table, struct span raw)
{
	static void (*const forms[])(struct sink *, const struct explanation *) = {
		[EXPLAIN_LINE] = put_line, [EXPLAIN_JSON] = put_json, [EXPLAIN_TEXT] = put_text};
	size_t begin = out->len;
	struct explanation explanation;
	struct table_view view;

	/* Once more when the daemon has published other rules meanwhile. */
	do {
		view = table ? table_look(table) : (struct table_view){0};
		out->len = begin;
		look_at(&explanation, table, raw);
		explanation.slot = view.slot;
		forms[form](out, &explanation);
	} while (view.slot && !table_still(&view));
}

size_t explain_request_size(struct span raw)
{
	struct http1_body framing;
	struct http1_head head;
	ssize_t size = http1_parse(&head, raw.at, raw.len, 0), count;

	if (size < 0)
		return raw.len;
	http1_body_begin(&framing, &head);
	count = http1_body_feed(&framing, raw.at + size, raw.len - (size_t)size, NULL);
	return count < 0 ? raw.len : (size_t)(size + count);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <stddef.h>

#include "http1_scan.h"
#include "record_code.h"
#include "shim/memory/blocks.h"

#define SAMPLE_MAX 4000u

/* So many bytes of a body are hashed. */
#define BODY_HASHED 256u

/* botocore, Java v2, JS v3 and Go v2 say app/NAME among the products of their User-Agent. */
static struct span app_of(const struct http1_head *head)
{
	struct span rest = http1_known(head, HTTP1_USER_AGENT);
	const struct span name = SPAN("app/");
	const char *end;

	if (!span_starts(rest, name)) {
		const char *at = scan_for_blank_and(rest, name);

		rest = at ? span_from(rest, (size_t)(at - rest.at)) : (struct span){NULL, 0};
	}
	if (!rest.len)
		return rest;
	rest = span_from(rest, name.len);
	end = span_find(rest, ' ');
	return (struct span){rest.at, end ? (size_t)(end - rest.at) : rest.len};
}

static struct span mode_of_letter(struct span list)
{
	static const char *const modes[] = {"legacy", "standard", "adaptive"};

	for (size_t i = 2; i < list.len; i++)
		if (list.at[i] >= 'D' && list.at[i] <= 'F' && (i == 2 || list.at[i - 1] == ',') &&
			(i + 1 == list.len || list.at[i + 1] == ','))
			return span_of(modes[list.at[i] - 'D']);
	return (struct span){NULL, 0};
}

/* botocore says cfg/retry-mode#NAME; others have a letter in the list m/, which stands at the end. */
static struct span mode_of(const struct http1_head *head)
{
	struct span rest = http1_known(head, HTTP1_USER_AGENT), name = SPAN("cfg/retry-mode#");
	const char *at = scan_for_blank_and(rest, SPAN("cfg/")), *end;

	if (at && span_starts(span_from(rest, (size_t)(at - rest.at)), name)) {
		rest = span_from(rest, (size_t)(at - rest.at) + name.len);
		end = span_find(rest, ' ');
		return (struct span){rest.at, end ? (size_t)(end - rest.at) : rest.len};
	}
	while (rest.len && (at = memrchr(rest.at, ' ', rest.len))) {
		struct span last = span_from(rest, (size_t)(at - rest.at) + 1);

		if (span_starts(last, SPAN("m/")))
			return mode_of_letter(last);
		rest.len = (size_t)(at - rest.at);
	}
	return (struct span){NULL, 0};
}

static int number_at(struct span text)
{
	int number = 0;

	for (size_t i = 0; i < text.len && text.at[i] >= '0' && text.at[i] <= '9' && i < 4; i++)
		number = number * 10 + (text.at[i] - '0');
	return number;
}

/* Older SDKs count retries: "2/4" (PHP), "2/100/500" (Java v1). */
static int attempt_of(const struct http1_head *head, const struct aws_call *call)
{
	struct span retry;

	/* Nobody tries so often. */
	if (call->attempt > UINT16_MAX)
		return 0;
	if (call->attempt)
		return call->attempt;
	retry = http1_field(head, SPAN("amz-sdk-retry"));
	if (!retry.len)
		retry = http1_field(head, SPAN("aws-sdk-retry"));
	return retry.len ? number_at(retry) + 1 : 0;
}

/* "attempt=1; max=3" */
static uint8_t attempts_max_of(const struct http1_head *head)
{
	struct span text = http1_known(head, HTTP1_SDK_REQUEST);
	const char *at = text.len ? memrchr(text.at, '=', text.len) : NULL;
	int number;

	if (!at || at - text.at < 3 || memcmp(at - 3, "max", 3) != 0)
		return 0;
	number = number_at(span_from(text, (size_t)(at - text.at) + 1));
	return (uint8_t)(number < UINT8_MAX ? number : UINT8_MAX);
}

static struct span invocation_of(const struct http1_head *head, const struct aws_call *call)
{
	return call->invocation_id.len ? call->invocation_id
				       : http1_field(head, SPAN("aws-sdk-invocation-id"));
}

/* The services that the wire cannot tell from the first one. */
static void add_others(struct event *event, const struct aws_call *call)
{
	char text[EVENT_TEXT_MAX];
	size_t len = 0;

	for (int c = 1; c < call->candidate_count; c++) {
		struct span service = call->candidates[c].service;

		if (span_equal(service, call->candidates[0].service) ||
			len + service.len + 1 > sizeof(text))
			continue;
		if (len)
			text[len++] = ',';
		memcpy(text + len, service.at, service.len);
		len += service.len;
	}
	event_add(event, EVENT_ALSO, (struct span){text, len});
}

static void add_texts(struct event *event, const struct http1_head *head,
	const struct aws_body *body, const struct aws_call *call)
{
	char resource[EVENT_TEXT_MAX];
	size_t len = aws_subject(head, body, call, resource, sizeof(resource), &event->token);

	event_add(event, EVENT_SERVICE, call->candidates[0].service);
	event_add(event, EVENT_OPERATION, call->candidates[0].operation);
	event_add(event, EVENT_REGION, call->region);
	event_add(event, EVENT_INVOCATION, invocation_of(head, call));
	event_add(event, EVENT_RESOURCE, (struct span){resource, len});
	event_add(event, EVENT_SDK, call->sdk);
	event_add(event, EVENT_APP, app_of(head));
	add_others(event, call);
	event_add(event, EVENT_MODE, mode_of(head));
}

static uint64_t mix(uint64_t hash, const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* Tells requests of one operation and resource apart. Two halves at once take half of the time. */
static uint32_t hash_of(struct span body)
{
	uint64_t left = body.len, right = 1;
	char last[16] = "";
	size_t i = 0, len = body.len < BODY_HASHED ? body.len : BODY_HASHED;

	if (!len)
		return 0;
	for (; i + sizeof(last) <= len; i += sizeof(last)) {
		left = mix(left, body.at + i);
		right = mix(right, body.at + i + 8);
	}
	memcpy(last, body.at + i, len - i);
	left = mix(left, last);
	right = mix(right, last + 8);
	return (uint32_t)((left ^ right * 3) >> 32) | 1;
}

struct record *record_begin(const struct record_host *host, void *user,
	const struct http1_head *head, const struct aws_body *body, const struct aws_call *call)
{
	struct record *record = host->take(sizeof(*record));
	struct event *event;

	if (!record) {
		host->missed();
		return NULL;
	}
	event = &record->event;
	memset(record, 0, offsetof(struct record, event.texts));
	record->protocol = call->protocol;
	record->model = call->candidates[0].model;
	event->started = host->now();
	event->attempt = (uint16_t)attempt_of(head, call);
	event->attempts_max = attempts_max_of(head);
	add_texts(event, head, body, call);
	event->body = hash_of(body->bytes);
	record->wants_body = !body->bytes.len && record->model >= 0 && call->protocol != AWS_S3;
	record->host = host;
	record->place = host->begun(user, event);
	if (record->place)
		return record;
	host->missed();
	blocks_give(record);
	return NULL;
}

void record_body(struct record *record, struct span body, bool is_whole)
{
	struct event *event = &record->event;
	struct aws_call call;
	char resource[EVENT_TEXT_MAX];
	size_t len;

	record->wants_body = false;
	call.protocol = record->protocol;
	call.candidate_count = 1;
	call.candidates[0] = (struct aws_candidate){.model = record->model,
		.service = event_text(event, EVENT_SERVICE),
		.operation = event_text(event, EVENT_OPERATION)};
	event->body = hash_of(body);
	len = aws_body_subject(&call, body, is_whole, resource, sizeof(resource), &event->token);
	if (len && !event->lengths[EVENT_RESOURCE])
		event_replace(event, EVENT_RESOURCE, (struct span){resource, len});
}

void record_delay(struct record *record, uint64_t delay)
{
	record->event.delayed = delay;
	record->event.action |= EVENT_DELAY;
}

void record_reply(struct record *record, uint64_t rule, int status, struct span code, size_t len)
{
	struct event *event = &record->event;

	event->rule = rule;
	event->status = (uint16_t)status;
	event->received = len;
	event->action |= EVENT_ERROR;
	event->taken = EVENT_NEVER_READ;
	event_replace(event, EVENT_CODE, code);
}

static void keep_sample(struct record *record, const char *data, size_t len)
{
	size_t room = SAMPLE_MAX - record->sample_len;

	if (!record->sample)
		record->sample = record->host->take(SAMPLE_MAX);
	if (!record->sample)
		return;
	if (len > room)
		len = room;
	memcpy(record->sample + record->sample_len, data, len);
	record->sample_len += (uint32_t)len;
}

static uint64_t elapsed(const struct record *record)
{
	uint64_t now = record->host->now(), started = record->event.started;

	return now > started ? now - started : 0;
}

void record_reading(struct record *record)
{
	if (record && !record->event.first)
		record->event.first = elapsed(record);
}

void record_received(struct record *record, int status, const char *data, size_t len, bool is_all)
{
	struct event *event = &record->event;
	bool is_first = !event->first;

	event->received += len;
	if (status < 200 && status != 101)
		return;
	record_reading(record);
	/* One look at the clock is enough for an answer that comes at once. */
	if (is_first && is_all)
		event->ended = event->first;
	event->status = (uint16_t)status;
	if (status >= 400)
		keep_sample(record, data, len);
}

void record_unsent(struct record *record, size_t len)
{
	uint64_t sent = record->event.sent;

	record->event.sent = len < sent ? sent - len : 0;
}

void record_disown(struct record *record)
{
	if (record)
		record->place = NULL;
}

void record_forget(struct record **record)
{
	if (*record)
		blocks_give((*record)->sample);
	blocks_give(*record);
	*record = NULL;
}

void record_end(struct record **place, enum event_end end, enum event_taken taken)
{
	struct record *record = *place;
	struct event *event;

	if (!record)
		return;
	event = &record->event;
	event->end = (uint8_t)end;
	event->taken = (uint8_t)taken;
	if (!event->ended)
		event->ended = elapsed(record);
	if (record->sample)
		event_replace(event, EVENT_CODE,
			record_code((struct span){record->sample, record->sample_len}));
	if (record->place)
		record->host->ended(record->place, event);
	record_forget(place);
}

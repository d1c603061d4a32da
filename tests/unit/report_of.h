/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_REPORT_OF_H
#define CHAOS_TESTS_REPORT_OF_H

/* Reports of runs that nobody made. */

#include <stdlib.h>
#include <string.h>

#include "shim/memory/event.h"
#include "tools/report/calls.h"
#include "tools/report/report.h"

/* Milliseconds. What is left out is of one run of one program with one SDK. */
struct told {
	const char *call, *service, *operation, *resource;
	unsigned at, takes;
	int status;
	const char *code, *mode;
	uint32_t token, body, received;
	uint32_t pid;
	int attempts_max;
};

static inline uint32_t put_text(struct report *report, const char *text)
{
	return text ? texts_put(&report->texts, span_of(text)) : 0;
}

static inline void tell(struct report *report, const struct told *told)
{
	struct report_attempt *attempt;

	report->attempts =
		realloc(report->attempts, (report->attempt_count + 1) * sizeof(*report->attempts));
	attempt = &report->attempts[report->attempt_count++];
	*attempt = (struct report_attempt){.started = 1000000000ull + told->at * 1000000ull,
		.ended = told->takes * 1000000ull,
		.status = (uint16_t)told->status,
		.end = told->status ? EVENT_WHOLE : EVENT_CUT,
		.pid = told->pid ?: 7,
		.sent = 300,
		.received = told->received,
		.token = told->token,
		.body = told->body,
		.attempts_max = (uint8_t)told->attempts_max,
		.next = REPORT_NONE};
	attempt->texts[EVENT_INVOCATION] = put_text(report, told->call);
	attempt->texts[EVENT_SERVICE] = put_text(report, told->service ?: "dynamodb");
	attempt->texts[EVENT_OPERATION] = put_text(report, told->operation ?: "PutItem");
	attempt->texts[EVENT_RESOURCE] = put_text(report, told->resource ?: "jobs");
	attempt->texts[EVENT_REGION] = put_text(report, "eu-west-1");
	attempt->texts[EVENT_CODE] = put_text(report, told->code);
	attempt->texts[EVENT_SDK] = put_text(report, told->call ? "Boto3/1.44.8" : "curl/7");
	attempt->texts[EVENT_MODE] = put_text(report, told->mode);
	attempt->texts[EVENT_PROCESS] = put_text(report, "python3 jobs.py");
}

static inline void tell_all(struct report *report, const struct told *told, size_t count)
{
	for (size_t i = 0; i < count; i++)
		tell(report, &told[i]);
	calls_find(report);
}

#endif

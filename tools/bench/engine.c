/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the engine takes for one request, in the memory of one process:
 *
 *   engine copy COUNT RULES FILE     memcpy of the request, to compare with
 *   engine parse COUNT RULES FILE    its head alone
 *   engine none COUNT RULES FILE     whether it is a call, the head being parsed
 *   engine service COUNT RULES FILE  its service and region
 *   engine all COUNT RULES FILE      all of the call
 *   engine match COUNT RULES FILE    what so many rules say of the call
 *   engine call COUNT RULES FILE     parse, all and match
 *   engine pass COUNT RULES FILE     what a connection makes of it and of its answer
 *   engine record COUNT RULES FILE   the same, while somebody observes
 *
 * FILE holds a request as it goes out. No rule matches it. Prints the median in nanoseconds.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "control/compile.h"
#include "shim/engine/aws/identify.h"
#include "shim/engine/aws/model.h"
#include "shim/engine/exchange.h"
#include "shim/engine/rules.h"
#include "shim/memory/blocks.h"
#include "shim/memory/journal.h"
#include "tests/unit/table_in_memory.h"

#define REQUEST_MAX 65536

/* So many are timed together: a look at the clock takes as long as a call. */
#define BATCH 64

struct subject {
	char request[REQUEST_MAX], copy[REQUEST_MAX];
	size_t len;
	struct table *table;
	struct dice dice;
	struct http1_head head;
	struct aws_body body;
	struct aws_call call;
	struct rules_verdict verdict;
};

static void read_request(struct subject *subject, const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		err(1, "%s", path);
	subject->len = fread(subject->request, 1, sizeof(subject->request), file);
	fclose(file);
}

/* ---- what is measured ---- */

static void copy(struct subject *subject)
{
	memcpy(subject->copy, subject->request, subject->len);
	__asm__ volatile("" : : "r"(subject->copy) : "memory");
}

static void match(struct subject *subject)
{
	rules_match(subject->table, &subject->call, &subject->dice, &subject->verdict);
}

static void parse(struct subject *subject)
{
	ssize_t size = http1_parse(&subject->head, subject->request, subject->len, 0);

	if (size < 0)
		errx(1, "no whole request");
	subject->body.complete = true;
	subject->body.bytes = (struct span){subject->request + size, subject->len - (size_t)size};
}

static void identify(struct subject *subject, unsigned wanted)
{
	if (aws_identify(&subject->head, &subject->body, wanted, &subject->call) != AWS_CALL)
		errx(1, "no call");
}

static void none(struct subject *subject)
{
	identify(subject, 0);
}

static void service(struct subject *subject)
{
	identify(subject, AWS_WANT_SERVICE | AWS_WANT_REGION);
}

static void all(struct subject *subject)
{
	identify(subject, AWS_WANT_ALL);
}

static void call(struct subject *subject)
{
	parse(subject);
	all(subject);
	match(subject);
}

/* ---- a connection ---- */

static struct subject *observed;
static struct operation operations[OPERATIONS];
static struct event_slot events[JOURNAL_EVENTS];
static _Atomic uint64_t head, calls;

static const struct table *table_of_subject(void)
{
	return observed->table;
}

static uint64_t clock_of_events(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static bool always(void)
{
	return true;
}

/* As the library does it. */
static void *begun(void *user, struct event *event)
{
	event_add(event, EVENT_PROCESS, SPAN("/usr/local/bin/program"));
	event_add(event, EVENT_LABEL, SPAN(""));
	event->operation = (uint16_t)operations_find(
		operations, event_text(event, EVENT_SERVICE), event_text(event, EVENT_OPERATION));
	operations_begin(&operations[event->operation], event);
	atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
	return user;
}

static void ended(void *place, const struct event *event)
{
	(void)place;
	operations_end(&operations[event->operation], event);
	event_write(events, JOURNAL_EVENTS, &head, event);
}

static void nothing(void)
{
}

static void say_nothing(void *user)
{
	(void)user;
}

static void no_call(void *user, const struct aws_call *call, const struct rules_verdict *verdict)
{
	(void)user;
	(void)call;
	(void)verdict;
}

static const struct record_host recorder = {.wants = always,
	.now = clock_of_events,
	.take = blocks_take,
	.begun = begun,
	.ended = ended,
	.missed = nothing};
static const struct exchange_host passing = {
	.table = table_of_subject, .connection = say_nothing, .call = no_call};
static const struct exchange_host recording = {
	.table = table_of_subject, .connection = say_nothing, .call = no_call, .record = &recorder};

static void serve(struct subject *subject, const struct exchange_host *host)
{
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nServer: Server\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
		"Content-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n"
		"x-amzn-RequestId: 01234567-89ab-cdef-0123-456789abcdef\r\n"
		"x-amz-crc32: 2745614147\r\n\r\n{}";
	static struct exchange exchange;
	static struct exchange_step step;
	struct exchange_env env = {host, subject, &subject->dice};
	struct iovec iov = {subject->request, subject->len};

	observed = subject;
	if (!exchange_offer(&exchange, &env, &iov, 1, &step))
		errx(1, "a rule matches");
	exchange_sent(&exchange, subject->len, subject->len);
	exchange.unanswered = false;
	exchange_answered(&exchange, answer, sizeof(answer) - 1);
}

static void pass(struct subject *subject)
{
	serve(subject, &passing);
}

static void record(struct subject *subject)
{
	serve(subject, &recording);
}

/* ---- rules ---- */

/* Any name of the model but the call's own. */
static char *service_name(const struct subject *subject, long number)
{
	struct span name = aws_model_service_name((int)(number % aws_model_service_count()));

	if (span_equal(name, subject->call.candidates[0].service))
		name = SPAN("none");
	return strndup(name.at, name.len);
}

static char *operation_name(const struct subject *subject, long number)
{
	int service = (int)(number % aws_model_service_count());
	int count = aws_model_operation_count(service);
	struct span name = aws_model_operation_name(service, (int)(number * 7 % count));

	if (span_equal(name, subject->call.candidates[0].operation))
		name = SPAN("None");
	return strndup(name.at, name.len);
}

static char *own_name(struct span name)
{
	return strndup(name.at, name.len);
}

/* A service's, an operation's, an operation of the call's own service, or its service in a region
 * elsewhere: no rule matches. */
static void make_rule(struct rule *rule, const struct subject *subject, long number)
{
	*rule = (struct rule){.id = (uint64_t)number + 1,
		.list = TABLE_FAULTS,
		.probability = 1,
		.status = 503,
		.code = (char *)"ServiceUnavailable"};
	switch (number % 4) {
	case 0:
		rule->service = own_name(subject->call.candidates[0].service);
		rule->operation = operation_name(subject, number);
		break;
	case 1:
		rule->service = service_name(subject, number);
		rule->operation = operation_name(subject, number);
		break;
	case 2:
		rule->service = own_name(subject->call.candidates[0].service);
		if (asprintf(&rule->region, "xx-%ld", number) < 0)
			err(1, "asprintf");
		break;
	default:
		rule->service = service_name(subject, number);
		break;
	}
}

static void make_table(struct subject *subject, long count)
{
	struct rule *rules = calloc((size_t)count + 1, sizeof(*rules));
	const struct rule **list = calloc((size_t)count + 1, sizeof(*list));
	struct compiled compiled;
	const char *reason;

	if (!rules || !list)
		err(1, "rules");
	for (long i = 0; i < count; i++) {
		make_rule(&rules[i], subject, i);
		list[i] = &rules[i];
	}
	if (compile_rules(&compiled, list, (size_t)count, 0, &reason))
		errx(1, "%s", reason);
	subject->table = table_of_compiled(&compiled);
	if (!subject->table)
		err(1, "table");
	compiled_free(&compiled);
}

/* ---- the clock ---- */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(struct subject *subject, void (*measured)(struct subject *), long count)
{
	long batches = count / BATCH;
	double *times = calloc((size_t)batches, sizeof(*times)), result;

	if (!times)
		err(1, "times");
	for (long i = 0; i < batches; i++) {
		double begin = now();

		for (int k = 0; k < BATCH; k++)
			measured(subject);
		times[i] = (now() - begin) / BATCH;
	}
	qsort(times, (size_t)batches, sizeof(*times), compare);
	result = times[batches / 2];
	free(times);
	return result;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*measured)(struct subject *);
	} things[] = {{"copy", copy}, {"parse", parse}, {"none", none}, {"service", service},
		{"all", all}, {"match", match}, {"call", call}, {"pass", pass}, {"record", record}};
	static struct subject subject;
	long count = argc == 5 ? atol(argv[2]) : 0;

	if (count < BATCH)
		errx(2,
			"copy|parse|none|service|all|match|call|pass|record COUNT RULES FILE; "
			"COUNT is at least %d",
			BATCH);
	read_request(&subject, argv[4]);
	parse(&subject);
	all(&subject);
	make_table(&subject, atol(argv[3]));
	/* A page of the ring is met for the first time once in many calls. */
	memset(events, 0, sizeof(events));
	match(&subject);
	if (subject.verdict.is_fault)
		errx(1, "a rule matches");
	for (size_t i = 0; i < sizeof(things) / sizeof(*things); i++)
		if (strcmp(things[i].name, argv[1]) == 0)
			printf("%.1f\n", median(&subject, things[i].measured, count));
	return 0;
}

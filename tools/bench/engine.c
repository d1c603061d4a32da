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
#include "shim/engine/rules.h"
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
		{"all", all}, {"match", match}, {"call", call}};
	static struct subject subject;
	long count = argc == 5 ? atol(argv[2]) : 0;

	if (count < BATCH)
		errx(2,
			"copy|parse|none|service|all|match|call COUNT RULES FILE; COUNT is at "
			"least %d",
			BATCH);
	read_request(&subject, argv[4]);
	parse(&subject);
	all(&subject);
	make_table(&subject, atol(argv[3]));
	match(&subject);
	if (subject.verdict.is_fault)
		errx(1, "a rule matches");
	for (size_t i = 0; i < sizeof(things) / sizeof(*things); i++)
		if (strcmp(things[i].name, argv[1]) == 0)
			printf("%.1f\n", median(&subject, things[i].measured, count));
	return 0;
}

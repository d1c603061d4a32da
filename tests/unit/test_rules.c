/* SPDX-License-Identifier: Apache-2.0 */
#include "table_of.h"

#include <stdio.h>

#include "shim/engine/aws/identify.h"
#include "shim/engine/aws/model.h"
#include "shim/engine/rules.h"
#include "suite.h"

static struct aws_candidate candidate_of(const char *service, const char *operation)
{
	return (struct aws_candidate){
		span_of(service), span_of(operation), aws_model_find(span_of(service))};
}

/* A call with one candidate. "": not known. */
static struct aws_call call_of(const char *service, const char *region, const char *operation)
{
	return (struct aws_call){
		.candidate_count = 1,
		.candidates = {candidate_of(service, operation)},
		.region = span_of(region),
		.home_region = SPAN(""),
	};
}

/* The id of the rule that fires, 0 for none. */
static uint64_t fired(const struct table *table, const struct aws_call *call)
{
	struct rules_verdict verdict;
	struct dice dice = {1};

	rules_match(table, call, &dice, &verdict);
	return verdict.is_fault ? verdict.rule : 0;
}

static const struct {
	const char *service, *region, *operation; /* of the rule */
	const char *called[3];			  /* service, region, operation */
	const char *home;
	const char *differs; /* NULL: it matches */
} pairs[] = {
	{NULL, NULL, NULL, {"s3", "us-east-1", "GetObject"}, "", NULL},
	{NULL, NULL, NULL, {"s3", "", ""}, "", NULL},
	{"s3", NULL, NULL, {"s3", "us-east-1", "GetObject"}, "", NULL},
	{"s3", NULL, NULL, {"s3control", "us-east-1", "GetObject"}, "", "service"},
	{"S3", NULL, NULL, {"s3", "us-east-1", "GetObject"}, "", "service"},
	{NULL, "us-east-1", NULL, {"s3", "us-east-1", "GetObject"}, "", NULL},
	{NULL, "us-east-1", NULL, {"s3", "us-east-2", "GetObject"}, "", "region"},
	{NULL, NULL, "GetObject", {"s3", "us-east-1", "GetObject"}, "", NULL},
	{NULL, NULL, "GetObject", {"s3", "us-east-1", "getObject"}, "", "operation"},
	{"s3", "us-east-1", "GetObject", {"s3", "us-east-1", "GetObject"}, "", NULL},
	{"s3", "us-east-1", "GetObject", {"s3", "us-east-1", "PutObject"}, "", "operation"},
	{"s3", "us-east-1", "GetObject", {"s3", "eu-west-1", "GetObject"}, "", "region"},
	{"s3", "us-east-1", "GetObject", {"sqs", "us-east-1", "GetObject"}, "", "service"},
	/* globs */
	{"*", "*", "*", {"s3", "", ""}, "", NULL},
	{"s3*", NULL, NULL, {"s3control", "us-east-1", "GetObject"}, "", NULL},
	{"s3?*", NULL, NULL, {"s3", "us-east-1", "GetObject"}, "", "service"},
	{NULL, "us-*", NULL, {"s3", "us-gov-west-1", "GetObject"}, "", NULL},
	{NULL, "us-*", NULL, {"s3", "eu-west-1", "GetObject"}, "", "region"},
	{"s3", "us-*", NULL, {"s3", "us-east-1", "GetObject"}, "", NULL},
	{NULL, NULL, "Get*", {"s3", "us-east-1", "GetObject"}, "", NULL},
	{NULL, NULL, "Get?", {"s3", "us-east-1", "GetObject"}, "", "operation"},
	{"*s*", "*-1", "*Object", {"s3", "us-east-1", "GetObject"}, "", NULL},
	/* a name of one dimension is nothing in another */
	{"us-east-1", NULL, NULL, {"s3", "us-east-1", "GetObject"}, "", "service"},
	{NULL, NULL, "us-*", {"s3", "us-east-1", "GetObject"}, "", "operation"},
	/* what is not known is matched by "any" alone */
	{NULL, "us-east-1", NULL, {"s3", "", "GetObject"}, "", "region"},
	{NULL, "?*", NULL, {"s3", "", "GetObject"}, "", "region"},
	{NULL, NULL, "GetObject", {"s3", "us-east-1", ""}, "", "operation"},
	{NULL, NULL, "?*", {"s3", "us-east-1", ""}, "", "operation"},
	/* where a global service lives */
	{"iam", "us-east-1", NULL, {"iam", "eu-west-1", "GetUser"}, "us-east-1", NULL},
	{"iam", "eu-west-1", NULL, {"iam", "eu-west-1", "GetUser"}, "us-east-1", NULL},
	{"iam", "us-*", NULL, {"iam", "", "GetUser"}, "us-east-1", NULL},
	{"iam", "eu-*", NULL, {"iam", "", "GetUser"}, "us-east-1", "region"},
	/* region sets of SigV4a */
	{NULL, "us-west-2", NULL, {"s3", "us-east-1,us-west-2", "GetObject"}, "", NULL},
	{NULL, "us-west-2", NULL, {"s3", "us-east-1, us-west-2", "GetObject"}, "", NULL},
	{NULL, "eu-*", NULL, {"s3", "us-east-1,us-west-2", "GetObject"}, "", "region"},
	{NULL, "us-east-1,us-west-2", NULL, {"s3", "us-east-1,us-west-2", "GetObject"}, "",
		"region"},
	{NULL, "eu-west-1", NULL, {"s3", "*", "GetObject"}, "", NULL},
	{NULL, "eu-*", NULL, {"s3", "*", "GetObject"}, "", NULL},
	{"sqs", "eu-west-1", NULL, {"s3", "*", "GetObject"}, "", "service"},
	{NULL, "us-west-2", NULL, {"s3", "us-*", "GetObject"}, "", NULL},
	{NULL, "eu-west-2", NULL, {"s3", "us-*", "GetObject"}, "", "region"},
	{NULL, "us-east-1", NULL, {"s3", ",,", "GetObject"}, "", "region"},
};

START_TEST(a_rule_matches_the_calls_that_its_names_are_about)
{
	const struct rule rule =
		rule_of(7, pairs[_i].service, pairs[_i].region, pairs[_i].operation);
	struct table *table = table_of(&rule, 1);
	struct aws_call call =
		call_of(pairs[_i].called[0], pairs[_i].called[1], pairs[_i].called[2]);

	call.home_region = span_of(pairs[_i].home);
	ck_assert_uint_eq(fired(table, &call), pairs[_i].differs ? 0 : 7);
	ck_assert_pstr_eq(rules_differs(&table->slots[1], &table->slots[1].rules[0], &call),
		pairs[_i].differs);
	free(table);
}
END_TEST

START_TEST(the_first_rule_that_matches_wins_however_it_is_written)
{
	const char *const services[] = {NULL, "s3", "s*"};
	const char *const regions[] = {NULL, "us-east-1", "us-*"};
	const char *const operations[] = {NULL, "GetObject", "Get*"};
	const struct aws_call call = call_of("s3", "us-east-1", "GetObject");
	struct rule rules[27];

	for (int i = 0; i < 27; i++)
		rules[i] = rule_of(
			1 + (uint64_t)i, services[i / 9], regions[i / 3 % 3], operations[i % 3]);
	/* Any of the 27 can be the first. */
	for (int first = 0; first < 27; first++) {
		struct rule turned[27];
		struct table *table;

		for (int i = 0; i < 27; i++)
			turned[i] = rules[(first + i) % 27];
		table = table_of(turned, 27);
		ck_assert_uint_eq(fired(table, &call), turned[0].id);
		free(table);
	}
}
END_TEST

START_TEST(any_candidate_may_match_and_the_likeliest_counts)
{
	const struct rule rules[] = {
		rule_of(1, "docdb", NULL, "CreateDBCluster"),
		rule_of(2, "neptune", NULL, NULL),
	};
	struct table *table = table_of(rules, 2);
	struct aws_call call = call_of("rds", "us-east-1", "DeleteDBCluster");
	struct rules_verdict verdict;
	struct dice dice = {1};

	call.candidates[1] = candidate_of("neptune", "DeleteDBCluster");
	call.candidates[2] = candidate_of("neptune", "DeleteDBCluster");
	call.candidate_count = 1;
	ck_assert_uint_eq(fired(table, &call), 0);
	call.candidate_count = 3;
	rules_match(table, &call, &dice, &verdict);
	ck_assert_uint_eq(verdict.rule, 2);
	ck_assert_int_eq(verdict.candidate, 1);
	free(table);
}
END_TEST

START_TEST(service_and_operation_must_be_of_the_same_candidate)
{
	const struct rule rule = rule_of(1, "docdb", NULL, "CreateDBCluster");
	struct table *table = table_of(&rule, 1);
	struct aws_call call = call_of("rds", "us-east-1", "CreateDBCluster");

	call.candidates[1] = candidate_of("docdb", "DeleteDBCluster");
	call.candidate_count = 2;
	ck_assert_uint_eq(fired(table, &call), 0);
	ck_assert_str_eq(
		rules_differs(&table->slots[1], &table->slots[1].rules[0], &call), "operation");
	call.candidates[1] = candidate_of("docdb", "CreateDBCluster");
	ck_assert_uint_eq(fired(table, &call), 1);
	free(table);
}
END_TEST

START_TEST(nothing_is_in_force_without_a_table_or_a_publication)
{
	struct table *table = calloc(1, sizeof(*table));
	const struct aws_call call = call_of("s3", "us-east-1", "GetObject");
	struct rules_verdict verdict = {.is_fault = true, .latency_ns = 1};
	struct dice dice = {1};

	rules_match(NULL, &call, &dice, &verdict);
	ck_assert(!verdict.is_fault);
	ck_assert_uint_eq(verdict.latency_ns, 0);
	verdict = (struct rules_verdict){.is_fault = true, .latency_ns = 1};
	rules_match(table, &call, &dice, &verdict);
	ck_assert(!verdict.is_fault);
	ck_assert_uint_eq(verdict.latency_ns, 0);
	free(table);
}
END_TEST

START_TEST(every_call_waits_the_latency_fault_or_not)
{
	const struct rule rule = rule_of(1, "s3", NULL, NULL);
	const struct aws_call calls[] = {call_of("s3", "", ""), call_of("sqs", "", "")};
	struct rules_verdict verdict;
	struct dice dice = {1};

	for (size_t rules = 0; rules < 2; rules++) {
		struct table *table = table_of(&rule, rules);

		table->slots[1].head->latency_ns = 1500000000;
		for (int i = 0; i < 2; i++) {
			rules_match(table, &calls[i], &dice, &verdict);
			ck_assert_int_eq(verdict.is_fault, rules == 1 && i == 0);
			ck_assert_uint_eq(verdict.latency_ns, 1500000000);
		}
		free(table);
	}
}
END_TEST

static const struct {
	enum table_message kind;
	const char *text, *region, *expected;
} messages[] = {
	{TABLE_MESSAGE_OUTAGE, NULL, "us-east-1", "Service 's3' not accessible due to an outage"},
	{TABLE_MESSAGE_REGION_OUTAGE, NULL, "us-east-1",
		"Service 's3' not accessible in 'us-east-1' region due to an outage"},
	{TABLE_MESSAGE_REGION_OUTAGE, NULL, "", "Service 's3' not accessible due to an outage"},
	{TABLE_MESSAGE_TEXT, "It broke.\nBadly.", "us-east-1", "It broke.\nBadly."},
	{TABLE_MESSAGE_TEXT, "", "us-east-1", ""},
};

START_TEST(the_message_names_the_service_that_was_called)
{
	struct rule rule = rule_of(9, NULL, NULL, NULL);
	const struct aws_call call = call_of("s3", messages[_i].region, "CreateBucket");
	struct rules_verdict verdict;
	struct rules_text text;
	struct dice dice = {1};
	struct table *table;

	rule.code = (char *)"Some.Code";
	rule.message_kind = messages[_i].kind;
	rule.message = (char *)messages[_i].text;
	table = table_of(&rule, 1);
	rules_decide(table, &call, &dice, &verdict, &text);
	ck_assert(span_equal((struct span){text.code, text.code_len}, SPAN("Some.Code")));
	ck_assert(span_equal(
		(struct span){text.message, text.message_len}, span_of(messages[_i].expected)));
	free(table);
}
END_TEST

START_TEST(names_off_the_wire_do_not_make_a_message_overflow)
{
	const struct rule rule = rule_of(1, NULL, NULL, NULL);
	struct table *table = table_of(&rule, 1);
	struct rules_verdict verdict;
	struct rules_text text;
	struct dice dice = {1};
	static char name[2 * TABLE_MESSAGE_MAX];
	struct aws_call call = call_of("s3", "", "");

	memset(name, 'n', sizeof(name));
	call.candidates[0].service = (struct span){name, sizeof(name)};
	rules_decide(table, &call, &dice, &verdict, &text);
	ck_assert(verdict.is_fault);
	ck_assert_uint_eq(text.message_len, TABLE_MESSAGE_MAX);
	free(table);
}
END_TEST

static const struct {
	int rule;
	const char *service, *code;
	int expected;
} statuses[] = {
	{400, "lambda", "TooManyRequestsException", 400},
	{599, "lambda", "TooManyRequestsException", 599},
	{0, "lambda", "TooManyRequestsException", 429},
	{0, "lambda", "ResourceNotFoundException", 404},
	{0, "lambda", "NotAnErrorOfLambda", 503},
	{0, "not-a-service", "TooManyRequestsException", 503},
	{399, "lambda", "TooManyRequestsException", 503},
	{65535, "lambda", "TooManyRequestsException", 503},
};

START_TEST(the_status_is_the_rules_or_the_models)
{
	struct rule rule = rule_of(1, NULL, NULL, NULL);
	const struct aws_call call = call_of(statuses[_i].service, "", "");
	struct rules_verdict verdict;
	struct rules_text text;
	struct dice dice = {1};
	struct table *table;

	rule.status = statuses[_i].rule;
	rule.code = (char *)statuses[_i].code;
	table = table_of(&rule, 1);
	rules_decide(table, &call, &dice, &verdict, &text);
	ck_assert_int_eq(text.status, statuses[_i].expected);
	free(table);
}
END_TEST

START_TEST(dice_are_uniform)
{
	struct dice dice = {42};
	int heads[64] = {0};

	for (int i = 0; i < 100000; i++) {
		uint64_t draw = dice_draw(&dice);

		for (int bit = 0; bit < 64; bit++)
			heads[bit] += draw >> bit & 1;
	}
	for (int bit = 0; bit < 64; bit++)
		ck_assert(heads[bit] > 49000 && heads[bit] < 51000);
}
END_TEST

START_TEST(without_dice_the_first_rule_that_may_fire_does)
{
	struct rule rules[] = {
		rule_of(1, "lambda", NULL, NULL),
		rule_of(2, "s3", NULL, NULL),
		rule_of(3, "s3", NULL, "GetObject"),
		rule_of(4, NULL, NULL, NULL),
	};
	const struct aws_call call = call_of("s3", "us-east-1", "GetObject");
	struct rules_verdict verdict;
	struct table *table;

	rules[1].probability = 0;
	rules[2].probability = 1e-9;
	table = table_of(rules, COUNT(rules));
	rules_match(table, &call, NULL, &verdict);
	ck_assert(verdict.is_fault);
	ck_assert_uint_eq(verdict.rule, 3);
	ck_assert_uint_eq(verdict.place, 2);
	free(table);
}
END_TEST

/* How many of 20,000 calls a rule of this probability hits. Within 6 standard deviations (426 at
 * most), or the test fails; the dice being seeded, it does so always or never. */
static void assert_rate(const struct table *table, const struct aws_call *call, double rate)
{
	struct rules_verdict verdict;
	struct dice dice = {2024};
	int hits = 0;

	for (int i = 0; i < 20000; i++) {
		rules_match(table, call, &dice, &verdict);
		hits += verdict.is_fault;
	}
	ck_assert_msg(hits > 20000 * rate - 426 && hits < 20000 * rate + 426, "%d of 20,000", hits);
}

START_TEST(a_rule_fires_as_often_as_its_probability_says)
{
	const double probabilities[] = {0.01, 0.3, 0.5, 0.99};
	const struct aws_call call = call_of("kinesis", "us-east-1", "PutRecord");
	struct rule rule = rule_of(1, "kinesis", NULL, "PutRecord");
	struct table *table;

	rule.probability = probabilities[_i];
	table = table_of(&rule, 1);
	assert_rate(table, &call, probabilities[_i]);
	free(table);
}
END_TEST

/* Three candidates and two regions lead to the rule by a literal, a glob or none at all. */
static const char *const services[] = {NULL, "*d*", "rds"};
static const char *const regions[] = {NULL, "*-1", "us-east-1"};

START_TEST(the_dice_are_thrown_once_however_many_names_lead_to_a_rule)
{
	struct rule rule = rule_of(1, services[_i % 3], regions[_i / 3], NULL);
	struct aws_call call = call_of("rds", "eu-west-1", "CreateDBCluster");
	struct table *table;

	call.home_region = SPAN("us-east-1");
	call.candidates[1] = candidate_of("docdb", "CreateDBCluster");
	call.candidates[2] = candidate_of("rds", "CreateDBCluster");
	call.candidate_count = 3;
	rule.probability = 0.5;
	table = table_of(&rule, 1);
	assert_rate(table, &call, 0.5);
	/* By the scan over all rules as well. */
	call.region = SPAN("*");
	assert_rate(table, &call, 0.5);
	free(table);
}
END_TEST

START_TEST(a_rule_whose_dice_say_no_lets_the_next_one_try)
{
	struct rule rules[] = {
		rule_of(1, "s3", NULL, NULL),
		rule_of(2, NULL, "us-*", NULL),
		rule_of(3, "s3", NULL, NULL),
		rule_of(4, "s3", "us-east-1", "GetObject"),
	};
	const struct aws_call call = call_of("s3", "us-east-1", "GetObject");
	struct table *table;

	rules[0].probability = rules[1].probability = rules[2].probability = 0;
	table = table_of(rules, 4);
	ck_assert_uint_eq(fired(table, &call), 4);
	free(table);
	rules[0].probability = rules[1].probability = 0.5;
	table = table_of(rules, 2);
	assert_rate(table, &call, 0.75);
	free(table);
}
END_TEST

/* More globs and runs than the look-up keeps: it scans instead, and the order holds. */
START_TEST(any_number_of_globs_may_match)
{
	enum { GLOBS = 300 };
	static char names[GLOBS][400];
	static struct rule rules[GLOBS + 1];
	struct aws_call call = call_of("s3", "us-east-1", "GetObject");
	struct table *table;

	for (int i = 0; i < GLOBS; i++) {
		/* "G*", "G**", "G***", … */
		snprintf(names[i], sizeof(names[i]), "G%.*s", 1 + i % 200,
			"****************************************************************"
			"****************************************************************"
			"****************************************************************"
			"****************************************************************");
		rules[i] = rule_of(
			1 + (uint64_t)i, i % 2 ? "s*" : NULL, i % 3 ? "us-*" : NULL, names[i]);
		rules[i].probability = 0;
	}
	rules[GLOBS] = rule_of(GLOBS + 1, "s3", NULL, NULL);
	table = table_of(rules, GLOBS + 1);
	ck_assert_uint_eq(fired(table, &call), GLOBS + 1);
	table->slots[1].rules[217].threshold = TABLE_CERTAIN;
	ck_assert_uint_eq(fired(table, &call), 218);
	call.candidates[0].operation = SPAN("PutObject");
	ck_assert_uint_eq(fired(table, &call), GLOBS + 1);
	free(table);
}
END_TEST

static const char *pick(const char *const *names, size_t count, struct dice *dice)
{
	return names[dice_draw(dice) % count];
}

START_TEST(the_look_up_finds_what_a_scan_over_all_rules_finds)
{
	static const char *const some_services[] = {
		NULL, "s3", "rds", "neptune", "docdb", "s*", "*d*", "???", "*"};
	static const char *const some_regions[] = {
		NULL, "us-east-1", "us-west-2", "eu-west-1", "us-*", "*-1", "*-?-*"};
	static const char *const some_operations[] = {
		NULL, "GetObject", "PutObject", "Get*", "*Object", "*", "List?"};
	static const char *const called_regions[] = {
		"", "us-east-1", "us-west-2", "eu-west-1", "us-east-1,eu-west-1", "*", "us-*"};
	static const char *const called_operations[] = {"", "GetObject", "PutObject", "ListB"};
	struct dice dice = {(uint64_t)_i};
	struct rule rules[12];
	struct table *table;

	for (size_t i = 0; i < COUNT(rules); i++)
		rules[i] = rule_of(1 + i, pick(some_services, COUNT(some_services), &dice),
			pick(some_regions, COUNT(some_regions), &dice),
			pick(some_operations, COUNT(some_operations), &dice));
	table = table_of(rules, COUNT(rules));
	for (int round = 0; round < 200; round++) {
		struct aws_call call = call_of("", pick(called_regions, 7, &dice), "");
		uint64_t expected = 0;

		call.home_region = span_of(pick(called_regions, 4, &dice));
		call.candidate_count = 1 + (int)(dice_draw(&dice) % 4);
		for (int i = 0; i < call.candidate_count; i++)
			call.candidates[i] = candidate_of(pick(&some_services[1], 4, &dice),
				pick(called_operations, 4, &dice));
		for (size_t i = 0; i < COUNT(rules) && !expected; i++)
			if (!rules_differs(&table->slots[1], &table->slots[1].rules[i], &call))
				expected = rules[i].id;
		ck_assert_uint_eq(fired(table, &call), expected);
	}
	free(table);
}
END_TEST

START_TEST(the_last_of_ten_thousand_rules_is_found)
{
	enum { RULES = 10000 };
	static char names[RULES][16];
	static struct rule rules[RULES];
	struct aws_call call = call_of("s3", "us-east-1", "");
	struct table *table;

	for (int i = 0; i < RULES; i++) {
		snprintf(names[i], sizeof(names[i]), "Operation%d", i);
		rules[i] = rule_of((uint64_t)i + 1, "s3", i % 2 ? "us-east-1" : NULL, names[i]);
	}
	table = table_of(rules, RULES);
	call.candidates[0].operation = span_of(names[RULES - 1]);
	ck_assert_uint_eq(fired(table, &call), RULES);
	call.candidates[0].operation = SPAN("Operation10000");
	ck_assert_uint_eq(fired(table, &call), 0);
	free(table);
}
END_TEST

START_TEST(garbage_in_a_slot_is_survived)
{
	static const uint8_t garbage[] = {0x01, 0x7f, 0x80, 0xff, 0x5a};
	static const struct table_capacity capacity = {100, 100, 100, 128, 128, 5000};
	struct table *table = table_in_memory(&capacity);
	struct aws_call call = call_of("s3", "us-east-1", "GetObject");
	struct rules_verdict verdict;
	struct dice dice = {1};

	table->file.generation = 1;
	memset(table->slots[1].head, garbage[_i], table->file.layout.slot_size);
	rules_match(table, &call, &dice, &verdict);
	call.region = SPAN("*");
	rules_match(table, &call, &dice, &verdict);
	ck_assert(!verdict.is_fault); /* no such action, or no such counter */
	free(table);
}
END_TEST

START_TEST(garbage_in_a_rule_is_kept_within_limits)
{
	/* Texts may be as long as a message and a name. */
	enum { ROOM = TABLE_MESSAGE_MAX + 2 };
	static char message[TABLE_MESSAGE_MAX + 1];
	struct rule rule = rule_of(1, "s3", NULL, NULL);
	struct table *table;
	const struct aws_call call = call_of("s3", "us-east-1", "GetObject");
	struct table_rule *garbled;
	struct rules_verdict verdict;
	struct rules_text text;
	struct dice dice = {1};

	memset(message, 'm', TABLE_MESSAGE_MAX);
	rule.code = NULL;
	rule.message = message;
	table = table_of(&rule, 1);
	garbled = &table->slots[1].rules[0];
	garbled->code = (struct table_text){0, ROOM};
	garbled->message = (struct table_text){1, ROOM};
	garbled->message_kind = 999;
	rules_decide(table, &call, &dice, &verdict, &text);
	ck_assert(verdict.is_fault);
	ck_assert_uint_eq(text.code_len, TABLE_CODE_MAX);
	ck_assert_uint_eq(text.message_len, 0);
	garbled->message = (struct table_text){0, ROOM};
	rules_decide(table, &call, &dice, &verdict, &text);
	ck_assert_uint_eq(text.message_len, TABLE_MESSAGE_MAX);
	garbled->counter = UINT32_MAX;
	ck_assert_uint_eq(fired(table, &call), 0);
	garbled->counter = 0;
	garbled->action = 2;
	ck_assert_uint_eq(fired(table, &call), 0);
	free(table);
}
END_TEST

START_TEST(a_run_of_rules_that_turns_back_ends)
{
	const struct rule rules[] = {rule_of(1, "s3", NULL, NULL), rule_of(2, "s3", NULL, NULL)};
	struct table *table = table_of(rules, 2);
	const struct aws_call call = call_of("s3", "us-east-1", "GetObject");

	table->slots[1].rules[0].threshold = 0;
	ck_assert_uint_eq(fired(table, &call), 2);
	table->slots[1].order[1] = 0;
	ck_assert_uint_eq(fired(table, &call), 0);
	table->slots[1].order[1] = 2; /* past the rules in use */
	ck_assert_uint_eq(fired(table, &call), 0);
	free(table);
}
END_TEST

static const struct {
	const char *names[2][3]; /* service, region and operation of two rules */
	unsigned wanted;
} wants[] = {
	{{{NULL, NULL, NULL}, {"*", "*", "*"}}, 0},
	{{{"s3", NULL, NULL}, {NULL, NULL, NULL}}, AWS_WANT_SERVICE},
	{{{NULL, "us-*", NULL}, {NULL, NULL, NULL}}, AWS_WANT_REGION},
	{{{NULL, NULL, "Get*"}, {NULL, NULL, NULL}}, AWS_WANT_OPERATION},
	{{{"s3", NULL, NULL}, {NULL, "us-east-1", NULL}}, AWS_WANT_SERVICE | AWS_WANT_REGION},
	{{{"s3", "us-east-1", NULL}, {"s3", NULL, "GetObject"}},
		AWS_WANT_SERVICE | AWS_WANT_REGION | AWS_WANT_OPERATION},
};

START_TEST(what_rules_look_at_is_wanted)
{
	const char *const *first = wants[_i].names[0], *const *second = wants[_i].names[1];
	struct rule rules[] = {rule_of(1, first[0], first[1], first[2]),
		rule_of(2, second[0], second[1], second[2])};
	struct table *table = table_of(rules, COUNT(rules));

	ck_assert_uint_eq(rules_wanted(table), wants[_i].wanted);
	free(table);
}
END_TEST

START_TEST(without_rules_nothing_is_wanted)
{
	struct table *table = table_of(NULL, 0);

	table->slots[1].head->latency_ns = 1;
	ck_assert_uint_eq(rules_wanted(table), 0);
	ck_assert_uint_eq(rules_wanted(NULL), 0);
	table->file.generation = 0;
	ck_assert_uint_eq(rules_wanted(table), 0);
	free(table);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules");
	TCase *tests = tcase_create("rules");

	tcase_add_loop_test(
		tests, a_rule_matches_the_calls_that_its_names_are_about, 0, COUNT(pairs));
	tcase_add_test(tests, the_first_rule_that_matches_wins_however_it_is_written);
	tcase_add_test(tests, any_candidate_may_match_and_the_likeliest_counts);
	tcase_add_test(tests, service_and_operation_must_be_of_the_same_candidate);
	tcase_add_test(tests, nothing_is_in_force_without_a_table_or_a_publication);
	tcase_add_test(tests, every_call_waits_the_latency_fault_or_not);
	tcase_add_loop_test(
		tests, the_message_names_the_service_that_was_called, 0, COUNT(messages));
	tcase_add_test(tests, names_off_the_wire_do_not_make_a_message_overflow);
	tcase_add_loop_test(tests, the_status_is_the_rules_or_the_models, 0, COUNT(statuses));
	tcase_add_loop_test(tests, what_rules_look_at_is_wanted, 0, COUNT(wants));
	tcase_add_test(tests, without_rules_nothing_is_wanted);
	tcase_add_test(tests, dice_are_uniform);
	tcase_add_test(tests, without_dice_the_first_rule_that_may_fire_does);
	tcase_add_loop_test(tests, a_rule_fires_as_often_as_its_probability_says, 0, 4);
	tcase_add_loop_test(
		tests, the_dice_are_thrown_once_however_many_names_lead_to_a_rule, 0, 9);
	tcase_add_test(tests, a_rule_whose_dice_say_no_lets_the_next_one_try);
	tcase_add_test(tests, any_number_of_globs_may_match);
	tcase_add_loop_test(tests, the_look_up_finds_what_a_scan_over_all_rules_finds, 0, 50);
	tcase_add_test(tests, the_last_of_ten_thousand_rules_is_found);
	tcase_add_loop_test(tests, garbage_in_a_slot_is_survived, 0, 5);
	tcase_add_test(tests, garbage_in_a_rule_is_kept_within_limits);
	tcase_add_test(tests, a_run_of_rules_that_turns_back_ends);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

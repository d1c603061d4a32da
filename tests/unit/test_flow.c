/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <ucontext.h>

#include "shim/engine/flow.h"
#include "shim/memory/journal.h"
#include "suite.h"
#include "table_of.h"

#define SIGNED(service)                                                                            \
	"Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/" service              \
	"/aws4_request, SignedHeaders=host, Signature=0\r\n"

#define JSON_CALL                                                                                  \
	"POST / HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(                                      \
		"kinesis") "X-Amz-Target: Kinesis_20131202.PutRecord\r\n"                          \
			   "Content-Type: application/x-amz-json-1.1\r\nContent-Length: "          \
			   "2\r\n\r\n{}"
#define QUERY_HEAD                                                                                 \
	"POST / HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(                                      \
		"sns") "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 36\r\n"
#define QUERY_BODY "Version=2010-03-31&Action=ListTopics"
#define S3_PUT                                                                                     \
	"PUT /bucket/key HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(                             \
		"s3") "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
#define PLAIN_CALL "GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct table *table;
static struct dice dice;

/* A table in which the rules are in force. */
static void set_rules(const struct rule *rules, size_t count, uint64_t latency_ns)
{
	const struct rule *list[8];

	for (size_t i = 0; i < count; i++)
		list[i] = &rules[i];
	table = table_with(list, count, latency_ns);
}

static struct rule rule_for(const char *service, const char *operation)
{
	return (struct rule){.id = 1,
		.list = TABLE_FAULTS,
		.service = (char *)service,
		.operation = (char *)operation,
		.probability = 1,
		.status = 503,
		.code = (char *)"ServiceUnavailable"};
}

static void fault_all(void)
{
	struct rule rule = rule_for(NULL, NULL);

	set_rules(&rule, 1, 0);
}

static void setup(void)
{
	table = NULL;
}

static void teardown(void)
{
	free(table);
}

static struct flow_step feed_at(
	struct flow *flow, const char *data, size_t len, uint64_t now, enum flow_patience patience)
{
	struct flow_env env = {.table = table, .dice = &dice, .now = now, .patience = patience};
	struct flow_step step;
	/* At the end of a heap block, so that ASan finds a read past it. */
	char *copy = malloc(len);

	memcpy(copy, data, len);
	flow_feed(flow, &env, copy, len, &step);
	free(copy);
	return step;
}

static struct flow_step feed(struct flow *flow, const char *text)
{
	return feed_at(flow, text, strlen(text), 1000, FLOW_WAITS);
}

START_TEST(without_a_table_all_calls_are_forwarded)
{
	struct flow flow = {0};
	struct flow_step step = feed(&flow, JSON_CALL);

	ck_assert_int_eq(step.action, FLOW_FORWARD);
	ck_assert_uint_eq(step.count, strlen(JSON_CALL));
	ck_assert(step.is_call);
	ck_assert_uint_eq(step.due, 0);
}
END_TEST

START_TEST(a_call_that_a_rule_is_about_is_swallowed_and_answered)
{
	struct flow flow = {0};
	struct flow_step step;

	fault_all();
	step = feed(&flow, JSON_CALL);
	ck_assert_int_eq(step.action, FLOW_REPLY);
	ck_assert_uint_eq(step.count, strlen(JSON_CALL));
	ck_assert_uint_eq(step.due, 0);
	ck_assert(step.rules.is_fault);
	ck_assert_int_eq(step.text.status, 503);
}
END_TEST

START_TEST(a_request_that_is_no_call_is_forwarded_whatever_the_rules)
{
	struct flow flow = {0};
	struct flow_step step;

	fault_all();
	step = feed(&flow, PLAIN_CALL);
	ck_assert_int_eq(step.action, FLOW_FORWARD);
	ck_assert(!step.is_call);
	/* The next request of the connection is looked at again. */
	ck_assert_int_eq(feed(&flow, JSON_CALL).action, FLOW_REPLY);
}
END_TEST

START_TEST(latency_makes_the_request_wait_and_its_fault_too)
{
	struct rule rule = rule_for("kinesis", NULL);
	struct flow flow = {0};

	set_rules(&rule, 1, 5000);
	ck_assert_uint_eq(feed(&flow, JSON_CALL).due, 6000);

	struct flow_step step = feed(&flow, QUERY_HEAD "\r\n" QUERY_BODY);

	ck_assert_int_eq(step.action, FLOW_FORWARD);
	ck_assert_uint_eq(step.due, 6000);
}
END_TEST

START_TEST(a_delayed_body_does_not_overtake_its_head)
{
	struct flow flow = {0};
	const char *head =
		"PUT /bucket/key HTTP/1.1\r\nHost: h\r\n" SIGNED("s3") "Content-Length: 6\r\n\r\n";

	set_rules(NULL, 0, 5000);
	ck_assert_uint_eq(feed(&flow, head).due, 6000);
	ck_assert_uint_eq(feed_at(&flow, "abc", 3, 2000, FLOW_WAITS).due, 6000);
	ck_assert_uint_eq(feed_at(&flow, "def", 3, 7000, FLOW_WAITS).due, 0);
}
END_TEST

START_TEST(a_head_in_pieces_is_held_until_it_is_whole)
{
	struct flow flow = {0};
	size_t len = strlen(JSON_CALL);

	fault_all();
	for (size_t i = 1; i < len - 2; i++) {
		struct flow_step step = feed_at(&flow, JSON_CALL, i, 1000, FLOW_WAITS);

		ck_assert_int_eq(step.action, FLOW_HOLD);
	}
	ck_assert_int_eq(feed_at(&flow, JSON_CALL, len - 2, 1000, FLOW_WAITS).action, FLOW_REPLY);
	/* The body shares the fate of its head. */
	ck_assert_int_eq(feed(&flow, "{}").action, FLOW_SWALLOW);
}
END_TEST

START_TEST(a_query_call_waits_for_its_action)
{
	struct rule rule = rule_for("sns", "ListTopics");
	struct flow flow = {0};

	set_rules(&rule, 1, 0);
	ck_assert_int_eq(feed(&flow, QUERY_HEAD "\r\n").action, FLOW_HOLD);
	ck_assert_int_eq(feed(&flow, QUERY_HEAD "\r\nVersion=2010-03-31").action, FLOW_HOLD);
	ck_assert_int_eq(feed(&flow, QUERY_HEAD "\r\n" QUERY_BODY).action, FLOW_REPLY);
}
END_TEST

START_TEST(a_query_call_whose_body_does_not_come_is_decided_without)
{
	struct rule rule = rule_for("sns", "ListTopics");
	struct flow flow = {0};
	const char *head = QUERY_HEAD "\r\n";
	struct flow_step step;

	set_rules(&rule, 1, 0);
	ck_assert_int_eq(feed(&flow, head).action, FLOW_HOLD);
	step = feed_at(&flow, head, strlen(head), 1000, FLOW_HURRIES);
	ck_assert_int_eq(step.action, FLOW_FORWARD);
	ck_assert(step.is_call);
}
END_TEST

START_TEST(a_client_that_expects_100_continue_is_not_kept_waiting)
{
	struct flow flow = {0};

	ck_assert_int_eq(
		feed(&flow, QUERY_HEAD "Expect: 100-continue\r\n\r\n").action, FLOW_FORWARD);
}
END_TEST

START_TEST(a_chunked_body_is_followed_to_its_end)
{
	struct flow flow = {0};

	fault_all();
	ck_assert_int_eq(feed(&flow, S3_PUT).action, FLOW_REPLY);
	ck_assert_int_eq(feed(&flow, "5\r\nab").action, FLOW_SWALLOW);
	ck_assert_int_eq(feed(&flow, "cde\r\n0\r\n\r\n").action, FLOW_SWALLOW);
	ck_assert_int_eq(feed(&flow, PLAIN_CALL).action, FLOW_FORWARD);
}
END_TEST

START_TEST(a_step_ends_where_the_request_ends)
{
	struct flow flow = {0};
	struct flow_step step = feed(&flow, JSON_CALL PLAIN_CALL);

	ck_assert_uint_eq(step.count, strlen(JSON_CALL));
}
END_TEST

START_TEST(a_pipelined_call_gets_no_fault_and_is_counted)
{
	struct flow flow = {0};
	struct flow_env env = {.dice = &dice, .pipelined = true};
	struct flow_step step;

	fault_all();
	env.table = table;
	feed(&flow, PLAIN_CALL);
	flow_feed(&flow, &env, JSON_CALL, strlen(JSON_CALL), &step);
	ck_assert_int_eq(step.action, FLOW_FORWARD);
	ck_assert_int_eq(step.blind, JOURNAL_BLIND_PIPELINED);
}
END_TEST

static const struct {
	const char *data;
	int blind;
} strangers[] = {
	{"SSH-2.0-OpenSSH_9.2\r\n", FLOW_NOT_BLIND},
	{"*1\r\n$4\r\nPING\r\n", FLOW_NOT_BLIND},
	{"GET key\r\n", FLOW_NOT_BLIND},
	{"\x16\x03\x01\x02", JOURNAL_BLIND_TLS},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", JOURNAL_BLIND_HTTP2},
};

START_TEST(a_stream_that_is_not_http_is_let_go_for_good)
{
	struct flow flow = {0};
	struct flow_step step = feed(&flow, strangers[_i].data);

	ck_assert_int_eq(step.action, FLOW_LET_GO);
	ck_assert_int_eq(step.blind, strangers[_i].blind);
	ck_assert_uint_eq(step.count, strlen(strangers[_i].data));
	ck_assert_int_eq(feed(&flow, JSON_CALL).action, FLOW_LET_GO);
}
END_TEST

START_TEST(a_request_with_senseless_framing_is_let_go_and_counted)
{
	struct flow flow = {0};

	feed(&flow, PLAIN_CALL);

	struct flow_step step = feed(&flow, "PUT / HTTP/1.1\r\nContent-Length: 1\r\n"
					    "Transfer-Encoding: chunked\r\n\r\n");

	ck_assert_int_eq(step.action, FLOW_LET_GO);
	ck_assert_int_eq(step.blind, JOURNAL_BLIND_FRAMING);
}
END_TEST

START_TEST(a_swallowed_body_that_loses_its_framing_is_swallowed_to_the_end)
{
	struct flow flow = {0};

	fault_all();
	feed(&flow, S3_PUT);
	ck_assert_int_eq(feed(&flow, "what?").action, FLOW_SWALLOW);
	ck_assert_int_eq(feed(&flow, JSON_CALL).action, FLOW_SWALLOW);
}
END_TEST

START_TEST(an_incomplete_head_is_held_while_the_client_waits_and_sent_when_it_ends)
{
	struct flow flow = {0};

	ck_assert_int_eq(
		feed_at(&flow, "GET / HTTP/1.1\r\n", 16, 1000, FLOW_HURRIES).action, FLOW_HOLD);
	ck_assert_int_eq(
		feed_at(&flow, "GET / HTTP/1.1\r\n", 16, 1000, FLOW_ENDS).action, FLOW_LET_GO);
}
END_TEST

START_TEST(after_connect_the_stream_begins_anew)
{
	struct flow flow = {0};

	feed(&flow, "CONNECT s3.amazonaws.com:443 HTTP/1.1\r\nHost: s3.amazonaws.com:443\r\n\r\n");
	ck_assert_int_eq(feed(&flow, "\x16\x03\x01\x02").blind, JOURNAL_BLIND_TLS);
}
END_TEST

START_TEST(a_first_byte_that_may_be_http_is_held_only_until_the_wait_is_over)
{
	struct flow flow = {0};

	ck_assert_int_eq(feed(&flow, "P").action, FLOW_HOLD);
	ck_assert_int_eq(feed_at(&flow, "P", 1, 1000, FLOW_HURRIES).action, FLOW_LET_GO);
}
END_TEST

/*
 * Programs call from threads, fibers and signal handlers with small stacks.
 */

static const struct {
	const char *request;
	enum flow_action action;
} on_stack[] = {
	{JSON_CALL, FLOW_REPLY},
	{QUERY_HEAD "\r\n" QUERY_BODY, FLOW_REPLY},
	{S3_PUT, FLOW_REPLY},
	{PLAIN_CALL, FLOW_FORWARD},
};

static struct {
	ucontext_t test, fiber;
	char stack[256 * 1024];
	const char *request;
	struct flow flow;
	struct flow_step step;
} fiber;

static void run_fiber(void)
{
	struct flow_env env = {.table = table, .dice = &dice};

	flow_feed(&fiber.flow, &env, fiber.request, strlen(fiber.request), &fiber.step);
}

#ifdef __SANITIZE_ADDRESS__ /* which widens all frames */
#define STACK_MAX (64 * 1024)
#else
#define STACK_MAX (8 * 1024)
#endif

static size_t stack_used(void)
{
	size_t untouched = 0;

	while (untouched < sizeof(fiber.stack) && fiber.stack[untouched] == 0x5a)
		untouched++;
	return sizeof(fiber.stack) - untouched;
}

START_TEST(a_request_takes_less_than_8_kib_of_the_stack)
{
	fault_all();
	fiber.request = on_stack[_i].request;
	memset(fiber.stack, 0x5a, sizeof(fiber.stack));
	ck_assert_int_eq(getcontext(&fiber.fiber), 0);
	fiber.fiber.uc_stack = (stack_t){.ss_sp = fiber.stack, .ss_size = sizeof(fiber.stack)};
	fiber.fiber.uc_link = &fiber.test;
	makecontext(&fiber.fiber, run_fiber, 0);
	ck_assert_int_eq(swapcontext(&fiber.test, &fiber.fiber), 0);
	ck_assert_int_eq(fiber.step.action, on_stack[_i].action);
	ck_assert_uint_lt(stack_used(), STACK_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flow");
	TCase *tests = tcase_create("flow");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, without_a_table_all_calls_are_forwarded);
	tcase_add_test(tests, a_call_that_a_rule_is_about_is_swallowed_and_answered);
	tcase_add_test(tests, a_request_that_is_no_call_is_forwarded_whatever_the_rules);
	tcase_add_test(tests, latency_makes_the_request_wait_and_its_fault_too);
	tcase_add_test(tests, a_delayed_body_does_not_overtake_its_head);
	tcase_add_test(tests, a_head_in_pieces_is_held_until_it_is_whole);
	tcase_add_test(tests, a_query_call_waits_for_its_action);
	tcase_add_test(tests, a_query_call_whose_body_does_not_come_is_decided_without);
	tcase_add_test(tests, a_client_that_expects_100_continue_is_not_kept_waiting);
	tcase_add_test(tests, a_chunked_body_is_followed_to_its_end);
	tcase_add_test(tests, a_step_ends_where_the_request_ends);
	tcase_add_test(tests, a_pipelined_call_gets_no_fault_and_is_counted);
	tcase_add_loop_test(
		tests, a_stream_that_is_not_http_is_let_go_for_good, 0, COUNT(strangers));
	tcase_add_test(tests, a_request_with_senseless_framing_is_let_go_and_counted);
	tcase_add_test(tests, a_swallowed_body_that_loses_its_framing_is_swallowed_to_the_end);
	tcase_add_test(
		tests, an_incomplete_head_is_held_while_the_client_waits_and_sent_when_it_ends);
	tcase_add_test(tests, after_connect_the_stream_begins_anew);
	tcase_add_test(tests, a_first_byte_that_may_be_http_is_held_only_until_the_wait_is_over);
	tcase_add_loop_test(tests, a_request_takes_less_than_8_kib_of_the_stack, 0,
		(int)(sizeof(on_stack) / sizeof(*on_stack)));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

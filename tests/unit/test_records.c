/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded of calls while somebody observes. */

#include "exchange_calls.h"
#include "shim/engine/record.h"
#include "shim/engine/record_code.h"

#define FULL_HEAD                                                                                  \
	"POST / HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(                                      \
		"dynamodb") "X-Amz-Target: DynamoDB_20120810.PutItem\r\n"                          \
			    "Content-Type: application/x-amz-json-1.0\r\n"                         \
			    "User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 app/orders "            \
			    "cfg/retry-mode#legacy\r\n"                                            \
			    "amz-sdk-invocation-id: 01234567-89ab-cdef-0123-456789abcdef\r\n"      \
			    "amz-sdk-request: attempt=2; max=3\r\nContent-Length: 20\r\n\r\n"
#define FULL_BODY "{\"TableName\":\"jobs\"}"

#define HEAD_CALL "HEAD /bucket/key HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED("s3") "\r\n"
#define GET_CALL  "GET /bucket/key HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED("s3") "\r\n"

/* The one event. */
static const struct event *only_event(void)
{
	ck_assert_int_eq(connection.begun, 1);
	ck_assert_int_eq(connection.ended, 1);
	return &connection.events[0];
}

#define ck_assert_text(event, which, text)                                                         \
	do {                                                                                       \
		struct span there = event_text(event, which);                                      \
		ck_assert_uint_eq(there.len, strlen(text));                                        \
		ck_assert_mem_eq(there.at, text, there.len);                                       \
	} while (0)

static void observe(void)
{
	connection.is_observed = true;
}

START_TEST(without_an_observer_nothing_is_recorded)
{
	write_text(&connection, GET_CALL);
	answer_with(&connection, OK);
	ck_assert_int_eq(connection.begun, 0);
	ck_assert(!exchange_wants_answers(&connection.exchange));
}
END_TEST

START_TEST(what_is_no_call_is_not_recorded)
{
	observe();
	write_text(&connection, PLAIN_CALL);
	ck_assert_int_eq(connection.begun, 0);
	ck_assert(!exchange_wants_answers(&connection.exchange));
}
END_TEST

START_TEST(an_event_tells_who_was_called_by_whom_and_what_came)
{
	const struct event *event;

	observe();
	write_text(&connection, FULL_HEAD FULL_BODY);
	connection.now = NOW + 70;
	answer_with(&connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	ck_assert_int_eq(connection.ended, 0);
	connection.now = NOW + 100;
	answer_with(&connection, "ok");
	event = only_event();
	ck_assert_text(event, EVENT_SERVICE, "dynamodb");
	ck_assert_text(event, EVENT_OPERATION, "PutItem");
	ck_assert_text(event, EVENT_REGION, "us-east-1");
	ck_assert_text(event, EVENT_CODE, "");
	ck_assert_text(event, EVENT_RESOURCE, "jobs");
	ck_assert_text(event, EVENT_INVOCATION, "01234567-89ab-cdef-0123-456789abcdef");
	ck_assert_text(event, EVENT_SDK, "Boto3/1.43.11");
	ck_assert_text(event, EVENT_APP, "orders");
	ck_assert_text(event, EVENT_MODE, "legacy");
	ck_assert_uint_eq(event->attempts_max, 3);
	ck_assert_text(event, EVENT_PROCESS, "a test");
	ck_assert_uint_eq(event->attempt, 2);
	ck_assert_uint_eq(event->started, NOW);
	ck_assert_uint_eq(event->first, 70);
	ck_assert_uint_eq(event->ended, 100);
	ck_assert_uint_eq(event->status, 200);
	ck_assert_uint_eq(event->sent, strlen(FULL_HEAD FULL_BODY));
	ck_assert_uint_eq(event->received, strlen(OK));
	ck_assert_uint_eq(event->end, EVENT_WHOLE);
	ck_assert_uint_eq(event->action, 0);
	ck_assert_uint_eq(event->taken, EVENT_NOTHING_TO_TAKE);
	ck_assert(!event->is_reused);
}
END_TEST

START_TEST(an_attempt_that_nobody_can_have_got_to_is_not_told)
{
	observe();
	write_text(
		&connection, "GET /bucket/key HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(
				     "s3") "amz-sdk-request: attempt=99999999999; max=3\r\n\r\n");
	answer_with(&connection, OK);
	ck_assert_uint_eq(only_event()->attempt, 0);
}
END_TEST

START_TEST(the_resource_is_found_in_a_body_that_comes_later)
{
	observe();
	write_text(&connection, FULL_HEAD);
	write_text(&connection, FULL_BODY);
	answer_with(&connection, OK);
	ck_assert_text(only_event(), EVENT_RESOURCE, "jobs");
	ck_assert_uint_eq(only_event()->sent, strlen(FULL_HEAD FULL_BODY));
}
END_TEST

/* How a program retries, as its SDK says it. */
static const struct {
	const char *agent, *mode;
} modes[] = {
	{"aws-sdk-js/3.1169.0 ua/2.1 m/E,n", "standard"},
	{"aws-sdk-java/2.57.8 md/io#sync m/Z,D", "legacy"},
	{"Boto3/1.44.8 m/F,b cfg/retry-mode#adaptive", "adaptive"},
	{"aws-sdk-go-v2/1.48.0 m/EE", ""},
	{"", ""},
};

START_TEST(the_mode_of_retrying_is_what_the_user_agent_says)
{
	char call[512];

	snprintf(call, sizeof(call),
		"GET /bucket/key HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(
			"s3") "User-Agent: %s\r\n\r\n",
		modes[_i].agent);
	observe();
	write_text(&connection, call);
	answer_with(&connection, OK);
	ck_assert_text(only_event(), EVENT_MODE, modes[_i].mode);
}
END_TEST

/* Idempotency tokens: in the body, whole or in part; in the head. */
#define TRANSACT(length)                                                                           \
	"POST / HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(                                      \
		"dynamodb") "X-Amz-Target: DynamoDB_20120810.TransactWriteItems\r\n"               \
			    "Content-Type: application/x-amz-json-1.0\r\nContent-Length: " length  \
			    "\r\n\r\n"
static const struct {
	const char *pieces[2];
	uint32_t least, most;
} tokens[] = {
	{{TRANSACT("26") "{\"ClientRequestToken\":\"12\"}"}, EVENT_TOKENS, UINT32_MAX},
	{{TRANSACT("26"), "{\"ClientRequestToken\":\"12\"}"}, EVENT_TOKENS, UINT32_MAX},
	{{TRANSACT("2"), "{}"}, EVENT_TOKEN_MISSING, EVENT_TOKEN_MISSING},
	{{TRANSACT("2") "{}"}, EVENT_TOKEN_MISSING, EVENT_TOKEN_MISSING},
	{{TRANSACT("9") "{\"Tra"}, EVENT_TOKEN_UNSEEN, EVENT_TOKEN_UNSEEN},
	{{GET_CALL}, EVENT_HAS_NO_TOKEN, EVENT_HAS_NO_TOKEN},
	{{FULL_HEAD FULL_BODY}, EVENT_HAS_NO_TOKEN, EVENT_HAS_NO_TOKEN},
};

START_TEST(whether_an_idempotency_token_is_sent_is_seen)
{
	observe();
	for (int i = 0; i < 2 && tokens[_i].pieces[i]; i++)
		write_text(&connection, tokens[_i].pieces[i]);
	answer_with(&connection, OK);
	ck_assert_uint_ge(only_event()->token, tokens[_i].least);
	ck_assert_uint_le(only_event()->token, tokens[_i].most);
}
END_TEST

START_TEST(bodies_are_told_apart)
{
	static const char *const bodies[] = {
		FULL_BODY, "{\"TableName\":\"jobs\"}", "{\"TableName\":\"jobz\"}"};

	observe();
	for (int i = 0; i < 3; i++) {
		write_text(&connection, FULL_HEAD);
		write_text(&connection, bodies[i]);
		answer_with(&connection, OK);
	}
	ck_assert_uint_ne(connection.events[0].body, 0);
	ck_assert_uint_eq(connection.events[0].body, connection.events[1].body);
	ck_assert_uint_ne(connection.events[0].body, connection.events[2].body);
}
END_TEST

/* Answers, in pieces as they are read. */
static const struct {
	const char *call;
	const char *pieces[3];
	bool server_ends;
	int status, end;
} answers[] = {
	{HEAD_CALL, {"HTTP/1.1 404 Not Found\r\nContent-Length: 90\r\n\r\n"}, false, 404,
		EVENT_WHOLE},
	{GET_CALL, {"HTTP/1.1 204 No Content\r\n\r\n"}, false, 204, EVENT_WHOLE},
	{GET_CALL,
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "0\r\n\r\n"},
		false, 200, EVENT_WHOLE},
	{GET_CALL, {"HTTP/1.1 200 OK\r\n\r\nabc", "def"}, true, 200, EVENT_WHOLE},
	{GET_CALL, {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}, true, 200, EVENT_CUT},
	{GET_CALL, {CONTINUE, "HTTP/1.1 20", "0 OK\r\nContent-Length: 0\r\n\r\n"}, false, 200,
		EVENT_WHOLE},
	{GET_CALL, {CONTINUE}, true, 0, EVENT_CUT},
	{GET_CALL, {"HTTP/1.1 101 Switching Protocols\r\n\r\n"}, false, 101, EVENT_WHOLE},
	{GET_CALL, {NULL}, true, 0, EVENT_CUT},
	{GET_CALL, {"SSH-2.0\r\n"}, false, 0, EVENT_UNKNOWN},
};

START_TEST(the_end_of_an_answer_is_known)
{
	observe();
	write_text(&connection, answers[_i].call);
	for (int i = 0; i < 3 && answers[_i].pieces[i]; i++)
		answer_with(&connection, answers[_i].pieces[i]);
	if (answers[_i].server_ends)
		exchange_server_ended(&connection.exchange);
	ck_assert_uint_eq(only_event()->end, answers[_i].end);
	ck_assert_int_eq(
		only_event()->end == EVENT_UNKNOWN ? 0 : only_event()->status, answers[_i].status);
}
END_TEST

START_TEST(a_connection_that_the_program_closes_cuts_its_answer)
{
	observe();
	write_text(&connection, GET_CALL);
	answer_with(&connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
	exchange_clear(&connection.exchange, &host);
	ck_assert_uint_eq(only_event()->end, EVENT_CUT);
	ck_assert_uint_eq(only_event()->status, 200);
}
END_TEST

START_TEST(what_another_process_goes_on_with_is_not_told_of_twice)
{
	observe();
	write_text(&connection, GET_CALL);
	record_forget(&connection.exchange.record);
	answer_with(&connection, OK);
	exchange_clear(&connection.exchange, &host);
	ck_assert_int_eq(connection.ended, 0);
}
END_TEST

START_TEST(what_is_in_use_as_another_process_goes_on_with_it_is_not_told_of)
{
	observe();
	write_text(&connection, GET_CALL);
	record_disown(connection.exchange.record);
	answer_with(&connection, OK);
	ck_assert_int_eq(connection.ended, 0);
	ck_assert_ptr_null(connection.exchange.record);
}
END_TEST

START_TEST(a_call_that_there_is_no_memory_for_is_counted_as_missed)
{
	observe();
	connection.is_poor = true;
	write_text(&connection, GET_CALL);
	answer_with(&connection, OK);
	ck_assert_int_eq(connection.begun, 0);
	ck_assert_int_eq(connection.missed, 1);
	ck_assert_str_eq(connection.log, "connection, call GetObject");
}
END_TEST

START_TEST(a_call_that_nobody_can_be_told_of_is_counted_as_missed)
{
	observe();
	connection.is_unobservable = true;
	write_text(&connection, GET_CALL);
	answer_with(&connection, OK);
	ck_assert_int_eq(connection.ended, 0);
	ck_assert_int_eq(connection.missed, 1);
}
END_TEST

START_TEST(an_answer_that_is_read_unseen_is_unknown)
{
	observe();
	write_text(&connection, GET_CALL);
	exchange_lose_sight(&connection.exchange);
	exchange_clear(&connection.exchange, &host);
	ck_assert_uint_eq(only_event()->end, EVENT_UNKNOWN);
}
END_TEST

START_TEST(what_the_kernel_did_not_take_was_not_sent)
{
	observe();
	connection.kernel_takes = 30;
	write_text(&connection, FULL_HEAD FULL_BODY);
	exchange_clear(&connection.exchange, &host);
	ck_assert_uint_eq(only_event()->sent, 30);
}
END_TEST

START_TEST(after_a_pipelined_call_no_answer_is_taken_for_that_of_another)
{
	observe();
	write_text(&connection, GET_CALL FULL_HEAD FULL_BODY);
	answer_with(&connection, OK);
	connection.exchange.unanswered = false;
	write_text(&connection, GET_CALL);
	answer_with(&connection, REFUSED);
	exchange_clear(&connection.exchange, &host);
	ck_assert_int_eq(connection.ended, 3);
	ck_assert_uint_eq(connection.events[2].end, EVENT_UNKNOWN);
	ck_assert_uint_eq(connection.events[2].status, 0);
}
END_TEST

START_TEST(the_next_call_of_a_connection_is_one_of_its_own)
{
	observe();
	write_text(&connection, GET_CALL);
	answer_with(&connection, OK);
	write_text(&connection, FULL_HEAD FULL_BODY);
	answer_with(&connection, REFUSED);
	ck_assert_int_eq(connection.ended, 2);
	ck_assert_text(&connection.events[0], EVENT_OPERATION, "GetObject");
	ck_assert_text(&connection.events[1], EVENT_OPERATION, "PutItem");
	ck_assert_uint_eq(connection.events[1].status, 403);
	ck_assert_uint_eq(connection.events[1].received, strlen(REFUSED));
	ck_assert(connection.events[1].is_reused);
}
END_TEST

START_TEST(a_pipelined_call_ends_the_one_before_it_unknown)
{
	observe();
	write_text(&connection, GET_CALL FULL_HEAD FULL_BODY);
	answer_with(&connection, OK);
	exchange_clear(&connection.exchange, &host);
	ck_assert_int_eq(connection.begun, 2);
	ck_assert_int_eq(connection.ended, 2);
	ck_assert_uint_eq(connection.events[0].end, EVENT_UNKNOWN);
	ck_assert_uint_eq(connection.events[1].end, EVENT_UNKNOWN);
	ck_assert_uint_eq(connection.events[1].status, 0);
}
END_TEST

/*
 * Faults
 */

START_TEST(a_reply_that_was_read_to_its_end_was_taken)
{
	fault_all();
	observe();
	write_text(&connection, JSON_CALL);
	ck_assert_int_eq(connection.delivered, 0);
	come_to(&connection, NOW + 5);
	exchange_reply_read(&connection.exchange, 10);
	ck_assert_int_eq(connection.delivered, 1);
	ck_assert_int_eq(connection.taken, 0);
	connection.now = NOW + 9;
	read_reply(&connection);
	ck_assert_int_eq(connection.delivered, 1);
	ck_assert_int_eq(connection.taken, 1);
	ck_assert_uint_eq(only_event()->taken, EVENT_TAKEN);
	ck_assert_uint_eq(only_event()->status, 503);
	ck_assert_uint_eq(only_event()->rule, 1);
	ck_assert_uint_eq(only_event()->action, EVENT_ERROR);
	ck_assert_uint_eq(only_event()->first, 5);
	ck_assert_uint_eq(only_event()->ended, 9);
	ck_assert_text(only_event(), EVENT_CODE, "ServiceUnavailable");
}
END_TEST

START_TEST(a_reply_that_was_read_in_part_was_not)
{
	fault_all();
	observe();
	write_text(&connection, JSON_CALL);
	come_to(&connection, NOW);
	exchange_reply_read(&connection.exchange, 10);
	exchange_clear(&connection.exchange, &host);
	ck_assert_uint_eq(only_event()->taken, EVENT_PARTLY_READ);
	ck_assert_int_eq(connection.taken, 0);
}
END_TEST

START_TEST(a_reply_that_nobody_reads_was_not)
{
	fault_all();
	observe();
	write_text(&connection, JSON_CALL);
	exchange_clear(&connection.exchange, &host);
	ck_assert_uint_eq(only_event()->taken, EVENT_NEVER_READ);
	ck_assert_int_eq(connection.delivered, 0);
}
END_TEST

START_TEST(where_a_reply_waits_on_its_way_it_is_taken_when_the_caller_says_so)
{
	fault_all();
	observe();
	connection.exchange.reply_settles_late = true;
	write_text(&connection, JSON_CALL);
	read_reply(&connection);
	ck_assert_int_eq(connection.taken, 0);
	ck_assert_int_eq(connection.ended, 0);
	exchange_reply_settle(&connection.exchange);
	exchange_reply_settle(&connection.exchange);
	ck_assert_int_eq(connection.taken, 1);
	ck_assert_uint_eq(only_event()->taken, EVENT_TAKEN);
}
END_TEST

START_TEST(replies_are_counted_without_an_observer_too)
{
	fault_all();
	write_text(&connection, JSON_CALL);
	read_reply(&connection);
	ck_assert_int_eq(connection.delivered, 1);
	ck_assert_int_eq(connection.taken, 1);
	ck_assert_int_eq(connection.begun, 0);
}
END_TEST

START_TEST(a_delay_is_an_action)
{
	delay_all(500, NULL);
	observe();
	write_text(&connection, JSON_CALL);
	come_to(&connection, NOW + 500);
	answer_with(&connection, OK);
	ck_assert_uint_eq(only_event()->action, EVENT_DELAY);
	ck_assert_uint_eq(only_event()->delayed, 500);
	ck_assert_uint_eq(only_event()->ended, 500);
	ck_assert_uint_eq(only_event()->rule, 0);
}
END_TEST

/*
 * Memory
 */

/* How many blocks of that size are there without a mapping. */
static int spare_blocks(size_t size)
{
	void *blocks[256];
	int count = 0;

	while (count < COUNT(blocks) && (blocks[count] = blocks_take_if(size, false)))
		count++;
	for (int i = 0; i < count; i++)
		blocks_give(blocks[i]);
	return count;
}

/* A connection that ends in one of many ways. */
static void live(int way)
{
	open_connection(&connection, table);
	observe();
	write_text(&connection, way % 4 < 2 ? GET_CALL : JSON_CALL);
	come_to(&connection, NOW + 5);
	if (way & 4)
		answer_with(&connection, "HTTP/1.1 404 No\r\nContent-Length: 90\r\n\r\n<Code>a");
	if (way & 8 && connection.exchange.reply)
		exchange_reply_read(&connection.exchange, 10);
	if (way & 16)
		exchange_server_ended(&connection.exchange);
	if (way & 32)
		exchange_lose_sight(&connection.exchange);
	if (way & 64 && !connection.exchange.reply)
		write_text(&connection, GET_CALL);
	if (way & 128)
		record_disown(connection.exchange.record);
	if (way & 256)
		record_forget(&connection.exchange.record);
	close_connection(&connection);
}

START_TEST(no_end_of_a_connection_leaves_memory_behind)
{
	int records, samples;

	fault("kinesis", NULL);
	live(0);
	live(4);
	ck_assert(blocks_reserve(sizeof(struct record)) && blocks_reserve(4000));
	records = spare_blocks(sizeof(struct record));
	samples = spare_blocks(4000);
	ck_assert_int_gt(records, 60);
	for (int way = 0; way < 512; way++)
		live(way);
	ck_assert_int_eq(spare_blocks(sizeof(struct record)), records);
	ck_assert_int_eq(spare_blocks(4000), samples);
}
END_TEST

/*
 * Codes
 */

static const struct {
	const char *answer, *code;
} codes[] = {
	{"HTTP/1.1 404 N\r\n\r\n<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code></Error>",
		"NoSuchKey"},
	{"HTTP/1.1 400 B\r\n\r\n{\"__type\":\"com.amazonaws.dynamodb.v20120810#"
	 "ThrottlingException\"}",
		"ThrottlingException"},
	{"HTTP/1.1 400 B\r\n\r\n{\"__type\" : \"ThrottlingException\"}", "ThrottlingException"},
	{"HTTP/1.1 429 T\r\nx-amzn-ErrorType: TooManyRequestsException:http://internal/\r\n\r\n{}",
		"TooManyRequestsException"},
	{"HTTP/1.1 400 B\r\nx-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender"
	 "\r\n\r\n{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"}",
		"AWS.SimpleQueueService.NonExistentQueue"},
	{"HTTP/1.1 400 B\r\n\r\n\xbf\x66__type\x78\x1bsome.service#ErrorException\xff",
		"ErrorException"},
	{"HTTP/1.1 400 B\r\n\r\n\xa2\x66__type\x6cxa#TakenAwaygmessagecNo.", "TakenAway"},
	{"HTTP/1.1 400 B\r\n\r\n\xa2\x66__type\x6bx#NoSuchOneeStatecNo.", "NoSuchOne"},
	{"HTTP/1.1 400 B\r\n\r\n\xa1\x66__type\x70xyzNotFoundErrorfmessage", "xyzNotFoundError"},
	{"HTTP/1.1 400 B\r\n\r\n\xa1\x66__type\x78\x28"
	 "com.amazonaws.cloudwatch#ThrottledErrorXabc",
		"ThrottledErrorX"},
	{"HTTP/1.1 400 B\r\n\r\n\xa1\x66__type\x77xTooLong", "xTooLong"}, /* the rest is to come */
	{"HTTP/1.1 400 B\r\n\r\n\xa1\x66__type\x78", ""},
	{"HTTP/1.1 400 B\r\n\r\n\xa1\x66__type\x60more", ""},
	{"HTTP/1.1 400 B\r\n\r\n{\"__type\":\"xyzError\"}", "xyzError"},
	{"HTTP/1.1 400 B\r\n\r\n<Error><Code>yError</Code></Error>", "yError"},
	{"HTTP/1.1 400 B\r\nx-amzn-errortype: zError\r\n\r\n{}", "zError"},
	{"HTTP/1.1 500 I\r\n\r\n{\"code\": \"InternalError\", \"message\": \"x\"}",
		"InternalError"},
	{"HTTP/1.1 500 I\r\n\r\n<html>oh</html>", ""},
	{"HTTP/1.1 500 I\r\n\r\n<Code>", ""},
	{"", ""},
};

START_TEST(the_code_of_an_error_is_found_in_each_protocol)
{
	size_t len = strlen(codes[_i].answer);
	char *answer = block_of(codes[_i].answer, len);
	struct span code = record_code((struct span){answer, len});

	ck_assert_uint_eq(code.len, strlen(codes[_i].code));
	ck_assert(!code.len || memcmp(code.at, codes[_i].code, code.len) == 0);
	free(answer);
}
END_TEST

START_TEST(the_services_own_errors_have_their_codes)
{
	observe();
	write_text(&connection, GET_CALL);
	answer_with(
		&connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 37\r\n\r\n<Error><Code>");
	answer_with(&connection, "NoSuchKey</Code></Error>");
	ck_assert_text(only_event(), EVENT_CODE, "NoSuchKey");
	ck_assert_text(only_event(), EVENT_PROCESS, "a test");
}
END_TEST

static void add_answers(TCase *tests)
{
	tcase_add_test(tests, without_an_observer_nothing_is_recorded);
	tcase_add_test(tests, what_is_no_call_is_not_recorded);
	tcase_add_test(tests, an_event_tells_who_was_called_by_whom_and_what_came);
	tcase_add_test(tests, an_attempt_that_nobody_can_have_got_to_is_not_told);
	tcase_add_test(tests, the_resource_is_found_in_a_body_that_comes_later);
	tcase_add_loop_test(tests, the_mode_of_retrying_is_what_the_user_agent_says, 0,
		sizeof(modes) / sizeof(*modes));
	tcase_add_test(tests, bodies_are_told_apart);
	tcase_add_loop_test(tests, whether_an_idempotency_token_is_sent_is_seen, 0,
		sizeof(tokens) / sizeof(*tokens));
	tcase_add_loop_test(tests, the_end_of_an_answer_is_known, 0, COUNT(answers));
	tcase_add_test(tests, a_connection_that_the_program_closes_cuts_its_answer);
	tcase_add_test(tests, what_another_process_goes_on_with_is_not_told_of_twice);
	tcase_add_test(tests, the_next_call_of_a_connection_is_one_of_its_own);
	tcase_add_test(tests, a_pipelined_call_ends_the_one_before_it_unknown);
	tcase_add_test(tests, after_a_pipelined_call_no_answer_is_taken_for_that_of_another);
	tcase_add_test(tests, what_is_in_use_as_another_process_goes_on_with_it_is_not_told_of);
	tcase_add_test(tests, a_call_that_there_is_no_memory_for_is_counted_as_missed);
	tcase_add_test(tests, a_call_that_nobody_can_be_told_of_is_counted_as_missed);
	tcase_add_test(tests, an_answer_that_is_read_unseen_is_unknown);
	tcase_add_test(tests, what_the_kernel_did_not_take_was_not_sent);
}

static void add_faults(TCase *tests)
{
	tcase_add_test(tests, a_reply_that_was_read_to_its_end_was_taken);
	tcase_add_test(tests, a_reply_that_was_read_in_part_was_not);
	tcase_add_test(tests, a_reply_that_nobody_reads_was_not);
	tcase_add_test(tests, where_a_reply_waits_on_its_way_it_is_taken_when_the_caller_says_so);
	tcase_add_test(tests, replies_are_counted_without_an_observer_too);
	tcase_add_test(tests, a_delay_is_an_action);
	tcase_add_test(tests, no_end_of_a_connection_leaves_memory_behind);
}

static void add_codes(TCase *tests)
{
	tcase_add_loop_test(tests, the_code_of_an_error_is_found_in_each_protocol, 0, COUNT(codes));
	tcase_add_test(tests, the_services_own_errors_have_their_codes);
}

int main(void)
{
	static const struct exchange_part parts[] = {
		{"answers", add_answers},
		{"faults", add_faults},
		{"codes", add_codes},
	};

	return run_parts("records", parts, COUNT(parts));
}

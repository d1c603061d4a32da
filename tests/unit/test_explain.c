/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "table_of.h"
#include "tools/explain.h"
#include "suite.h"

#define SIGNED(service)                                                                            \
	"Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-2/" service              \
	"/aws4_request, SignedHeaders=host, Signature=0\r\n"
#define HOST "Host: localhost:4566\r\n"

#define PUT_RECORD                                                                                 \
	"POST / HTTP/1.1\r\n" HOST SIGNED("kinesis") "X-Amz-Target: "                              \
						     "Kinesis_20131202.PutRecord\r\n"
#define RDS_BODY "Action=DescribeDBInstances&Version=2014-10-31"
#define RDS_CALL                                                                                   \
	"POST / HTTP/1.1\r\n" HOST SIGNED("rds") "Content-Type: "                                  \
						 "application/x-www-form-urlencoded\r\n"           \
						 "Content-Length: 45\r\n\r\n" RDS_BODY
#define S3_CALL "GET /bucket/k%C3%A9y HTTP/1.1\r\n" HOST SIGNED("s3") "\r\n"
#define IAM_CALL                                                                                   \
	"POST / HTTP/1.1\r\n" HOST SIGNED("iam") "Content-Type: "                                  \
						 "application/x-www-form-urlencoded\r\n"           \
						 "Content-Length: 35\r\n\r\n"                      \
						 "Action=ListUsers&Version=2010-05-08"

/* Compares with what is said. */
static void expect(
	enum explain_form form, const struct table *table, const char *raw, const char *expected)
{
	char text[8192];
	struct sink out = {text, sizeof(text) - 1, 0};

	explain(&out, form, table, span_of(raw));
	ck_assert_uint_le(out.len, out.cap);
	text[out.len] = '\0';
	ck_assert_str_eq(text, expected);
}

static const struct {
	const char *raw, *line;
} lines[] = {
	{S3_CALL,
		"{\"services\": [\"s3\"], \"region\": \"eu-west-2\", \"operation\": \"GetObject\", "
		"\"resource\": \"bucket/k\xc3\xa9y\", \"protocol\": \"rest-xml\", "
		"\"attempt\": null, \"rule\": null}"},
	{RDS_CALL, "{\"services\": [\"rds\", \"docdb\", \"neptune\"], \"region\": \"eu-west-2\", "
		   "\"operation\": \"DescribeDBInstances\", \"resource\": null, "
		   "\"protocol\": \"query\", \"attempt\": null, \"rule\": null}"},
	{PUT_RECORD "amz-sdk-request: attempt=3; max=5\r\n\r\n",
		"{\"services\": [\"kinesis\"], \"region\": \"eu-west-2\", "
		"\"operation\": \"PutRecord\", \"resource\": null, \"protocol\": \"json\", "
		"\"attempt\": 3, \"rule\": null}"},
	{"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
		"{\"services\": [], \"region\": null, \"operation\": null, \"resource\": null, "
		"\"protocol\": null, \"attempt\": null, \"rule\": null}"},
	{"", "{\"services\": [], \"region\": null, \"operation\": null, \"resource\": null, "
	     "\"protocol\": null, \"attempt\": null, \"rule\": null}"},
};

START_TEST(a_line_says_what_is_known_and_null_for_the_rest)
{
	expect(EXPLAIN_LINE, NULL, lines[_i].raw, lines[_i].line);
}
END_TEST

static const struct {
	const char *raw, *reason;
} others[] = {
	{"\x16\x03\x01", "it is TLS; what goes into TLS can be explained"},
	{"\x16\x03\x01\x02\x05\x01", "it is TLS; what goes into TLS can be explained"},
	{"GET / HTTP/1.1\r\nHost: s3.amazonaws.com\r\n",
		"its head has no end; an empty line is to follow it"},
	{"GET / HTTP/1.1\r\nHost: s3.amazonaws.com",
		"its head has no end; an empty line is to follow it"},
	{"GET / HT", "its head has no end; an empty line is to follow it"},
	{"{\"raw\": \"R0VU\"}\n", "it is not HTTP/1; lines of JSON are explained by --jsonl"},
	{"hello", "it is not HTTP/1"},
	{"GET / HTTP/2.0\r\n\r\n", "it is not HTTP/1"},
	{"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz",
		"the chunks of its body are malformed"},
	{"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "nothing in it tells of AWS"},
};

START_TEST(what_is_no_call_is_told_with_the_reason)
{
	char text[256];

	snprintf(text, sizeof(text), "{\"services\": [], \"reason\": \"%s\"}", others[_i].reason);
	expect(EXPLAIN_JSON, NULL, others[_i].raw, text);
	snprintf(text, sizeof(text), "no call to AWS: %s\n", others[_i].reason);
	expect(EXPLAIN_TEXT, NULL, others[_i].raw, text);
}
END_TEST

static const struct {
	const char *raw;
	size_t size;
} ends[] = {
	{"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET", 27},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcd", 50},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", 49},
	{"GET / HTTP/1.1\r\n", 16},
	{"hello", 5},
};

START_TEST(where_the_first_request_ends_is_known)
{
	ck_assert_uint_eq(explain_request_size(span_of(ends[_i].raw)), ends[_i].size);
}
END_TEST

/* Rules of which the fourth fires for PutRecord in eu-west-2, unless the third does. */
static struct table *some_rules(void)
{
	struct rule rules[] = {
		rule_of(1, "s3", NULL, NULL),
		rule_of(2, "kinesis", "us-*", NULL),
		rule_of(3, "kinesis", NULL, "PutRecord"),
		rule_of(4, "k*", NULL, NULL),
		rule_of(5, NULL, NULL, NULL),
	};

	rules[0].list = TABLE_OUTAGES;
	rules[2].probability = 0.3;
	for (unsigned i = 0; i < COUNT(rules); i++) {
		rules[i].message_kind = TABLE_MESSAGE_TEXT;
		rules[i].message = (char *)"a \"test\"";
	}
	return table_of(rules, COUNT(rules));
}

START_TEST(the_first_rule_that_may_fire_is_named_by_list_and_number)
{
	struct table *table = some_rules();

	expect(EXPLAIN_LINE, table, PUT_RECORD "\r\n",
		"{\"services\": [\"kinesis\"], \"region\": \"eu-west-2\", "
		"\"operation\": \"PutRecord\", \"resource\": null, \"protocol\": \"json\", "
		"\"attempt\": null, \"rule\": {\"list\": \"faults\", \"number\": 2, "
		"\"probability\": 0.3, \"service\": \"kinesis\", \"statusCode\": 503, "
		"\"code\": \"ServiceUnavailable\"}}");
	free(table);
}
END_TEST

START_TEST(rules_are_told_up_to_the_first_that_is_certain)
{
	struct table *table = some_rules();

	expect(EXPLAIN_TEXT, table, PUT_RECORD "User-Agent: Boto3/1.43.11 md\r\n\r\n",
		"call           kinesis PutRecord\n"
		"region         eu-west-2\n"
		"protocol       json\n"
		"sdk            Boto3/1.43.11\n"
		"rule           fault rule 2: 503 ServiceUnavailable, a \"test\"\n"
		"  outage rule 1 is about another service: s3\n"
		"  fault rule 1 is about another region: us-*\n"
		"  fault rule 2 matches, with probability 0.3\n"
		"  fault rule 3 matches\n");
	free(table);
}
END_TEST

START_TEST(what_the_request_does_not_tell_is_not_called_another)
{
	struct rule rules[] = {
		rule_of(1, "s3", "us-*", NULL),
		rule_of(2, "sqs", NULL, "SendMessage"),
		rule_of(3, "s3", NULL, "PutObject"),
	};
	struct table *table = table_of(rules, COUNT(rules));

	expect(EXPLAIN_TEXT, table,
		"GET /b/k?AWSAccessKeyId=A&Expires=1&Signature=x HTTP/1.1\r\n" HOST "\r\n",
		"call           s3 GetObject\n"
		"resource       b/k\n"
		"protocol       rest-xml\n"
		"rule           none\n"
		"  fault rule 1 is about region us-*, and the request tells none\n"
		"  fault rule 2 is about another service: sqs\n"
		"  fault rule 3 is about another operation: PutObject\n");
	expect(EXPLAIN_TEXT, table, "POST / HTTP/1.1\r\n" HOST SIGNED("sqs") "\r\n",
		"call           sqs (operation unknown)\n"
		"region         eu-west-2\n"
		"protocol       json\n"
		"rule           none\n"
		"  fault rule 1 is about another service: s3\n"
		"  fault rule 2 is about operation SendMessage, and the request tells none\n"
		"  fault rule 3 is about another service: s3\n");
	free(table);
}
END_TEST

START_TEST(json_has_all_of_it)
{
	struct table *table = some_rules();

	expect(EXPLAIN_JSON, table, IAM_CALL,
		"{\"services\": [\"iam\"], \"region\": \"eu-west-2\", "
		"\"operation\": \"ListUsers\", \"resource\": null, \"protocol\": \"query\", "
		"\"attempt\": null, "
		"\"candidates\": [{\"service\": \"iam\", \"operation\": \"ListUsers\"}], "
		"\"home_region\": \"us-east-1\", \"invocation_id\": null, \"sdk\": null, "
		"\"latency\": 0, \"rule\": {\"list\": \"faults\", \"number\": 4, "
		"\"probability\": 1, \"service\": \"iam\", \"statusCode\": 503, "
		"\"code\": \"ServiceUnavailable\", \"message\": \"a \\\"test\\\"\"}, "
		"\"rules\": ["
		"{\"list\": \"outages\", \"number\": 1, \"probability\": 1, "
		"\"differs\": \"service\", \"wants\": \"s3\"}, "
		"{\"list\": \"faults\", \"number\": 1, \"probability\": 1, "
		"\"differs\": \"service\", \"wants\": \"kinesis\"}, "
		"{\"list\": \"faults\", \"number\": 2, \"probability\": 0.3, "
		"\"differs\": \"service\", \"wants\": \"kinesis\"}, "
		"{\"list\": \"faults\", \"number\": 3, \"probability\": 1, "
		"\"differs\": \"service\", \"wants\": \"k*\"}, "
		"{\"list\": \"faults\", \"number\": 4, \"probability\": 1, "
		"\"differs\": null}]}");
	free(table);
}
END_TEST

START_TEST(bytes_off_the_wire_do_not_steer_a_terminal)
{
	expect(EXPLAIN_TEXT, NULL, PUT_RECORD "User-Agent: \033[2J\x7f\r\n\r\n",
		"call           kinesis PutRecord\n"
		"region         eu-west-2\n"
		"protocol       json\n"
		"sdk            ?[2J?\n"
		"rule           none\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain");
	TCase *tests = tcase_create("explain");

	tcase_add_loop_test(
		tests, a_line_says_what_is_known_and_null_for_the_rest, 0, COUNT(lines));
	tcase_add_loop_test(tests, what_is_no_call_is_told_with_the_reason, 0, COUNT(others));
	tcase_add_loop_test(tests, where_the_first_request_ends_is_known, 0, COUNT(ends));
	tcase_add_test(tests, the_first_rule_that_may_fire_is_named_by_list_and_number);
	tcase_add_test(tests, rules_are_told_up_to_the_first_that_is_certain);
	tcase_add_test(tests, what_the_request_does_not_tell_is_not_called_another);
	tcase_add_test(tests, json_has_all_of_it);
	tcase_add_test(tests, bytes_off_the_wire_do_not_steer_a_terminal);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

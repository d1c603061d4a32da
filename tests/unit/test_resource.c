/* SPDX-License-Identifier: Apache-2.0 */

#include "identify_of.h"
#include "suite.h"

static const struct {
	const char *request, *expected;
} examples[] = {
	{"GET /bucket/a%20key/b" LOCAL SIGNED("eu-west-2", "s3") END, "bucket/a key/b"},
	{"GET /bucket/" LOCAL SIGNED("eu-west-2", "s3") END, "bucket"},
	{"GET /bucket/folder/" LOCAL SIGNED("eu-west-2", "s3") END, "bucket/folder/"},
	{"GET /" LOCAL SIGNED("eu-west-2", "s3") END, ""},
	{"GET /a/b" HTTP HOST("bucket.s3.eu-west-2.amazonaws.com") SIGNED("eu-west-2", "s3") END,
		"bucket/a/b"},
	{"GET /" HTTP HOST("bucket.s3.eu-west-2.amazonaws.com") SIGNED("eu-west-2", "s3") END,
		"bucket"},
	{"POST /" LOCAL TARGET("DynamoDB_20120810.GetItem") SIGNED("eu-west-2", "dynamodb") END
		"{\"Key\":{\"TableName\":\"no\"},\"TableName\":\"music\"}",
		"music"},
	{"POST /" LOCAL TARGET("DynamoDB_20120810.BatchGetItem") SIGNED("eu-west-2", "dynamodb") END
		"{\"RequestItems\":{\"music\":{}}}",
		"music"},
	{"POST /" LOCAL TARGET("AmazonSQS.SendMessage") SIGNED("eu-west-2", "sqs") END
		"{\"QueueUrl\": \"http:\\/\\/localhost:4566\\/000000000000\\/q\"}",
		"http://localhost:4566/000000000000/q"},
	{"POST /000000000000/q" LOCAL FORM SIGNED("eu-west-2", "sqs") END
		"Action=SendMessage&Version=2012-11-05",
		"/000000000000/q"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "sqs") END
		"Action=SendMessage&Version=2012-11-05&QueueUrl=http%3A%2F%2Flocalhost%2Fq",
		"http://localhost/q"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "sns") END
		"Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-2%3A1%3At",
		"arn:aws:sns:eu-west-2:1:t"},
	{"POST /2015-03-31/functions/my%3Afunction/invocations" LOCAL SIGNED("eu-west-2", "lambda")
			END,
		"my:function"},
	{"GET /2015-03-31/event-source-mappings/?FunctionName=f%2Bg" LOCAL SIGNED(
		 "eu-west-2", "lambda") END,
		"f+g"},
	{"POST /" LOCAL "X-Amz-Target: Kinesis_20131202.PutRecord\r\n"
	 "Content-Type: application/x-amz-cbor-1.1\r\n" SIGNED("eu-west-2", "kinesis") END
		"\xbf\x64"
		"Data\x43"
		"abc\x6a"
		"StreamName\x66"
		"orders\xff",
		"orders"},
	{"POST /service/DynamoDB_20120810/operation/GetItem" LOCAL
	 "smithy-protocol: rpc-v2-json\r\n" SIGNED("eu-west-2", "dynamodb") END
		"{\"Key\":{},\"TableName\":\"orders\"}",
		"orders"},
	{"POST /" LOCAL TARGET("TrentService.Decrypt") SIGNED("eu-west-2", "kms") END
		"{\"CiphertextBlob\":\"x\",\"KeyId\":\"alias/k\\u00fc\"}",
		"alias/k\u00fc"},
	{"POST /" LOCAL TARGET("AWSStepFunctions.StartExecution") SIGNED("eu-west-2", "states") END
		"{\"stateMachineArn\":\"arn:aws:states:eu-west-2:1:stateMachine:m\",\"name\":"
		"\"n\"}",
		"arn:aws:states:eu-west-2:1:stateMachine:m"},
	{"POST /" LOCAL TARGET("secretsmanager.GetSecretValue")
			SIGNED("eu-west-2", "secretsmanager") END "{\"SecretId\":\"s\"}",
		"s"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "ec2") END
		"Action=StopInstances&Version=2016-11-15&Force=true&InstanceId.1=i-1&InstanceId.2="
		"i-2",
		"i-1"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "ec2") END
		"Action=DeleteVpcPeeringConnection&Version=2016-11-15&VpcPeeringConnectionId=pcx-1",
		"pcx-1"},
	{"GET /restapis/api1/resources/r1" LOCAL SIGNED("eu-west-2", "apigateway") END, "r1"},
	{"GET /v2/tiles/style/1/2/3" HTTP HOST("maps.geo.eu-west-2.amazonaws.com")
			SIGNED("eu-west-2", "geo-maps") END,
		"style"},
	{"POST /" LOCAL TARGET("DynamoDB_20120810.ListTables") SIGNED("eu-west-2", "dynamodb") END
		"{}",
		""},
	{"GET /things" LOCAL SIGNED("eu-west-2", "brandnew") END, ""},
};

START_TEST(the_resource_of_a_call_is_named)
{
	struct wire wire;
	char resource[128];
	size_t len;

	wire_identify(&wire, examples[_i].request, strlen(examples[_i].request), true);
	ck_assert_int_eq(wire.identity, AWS_CALL);
	len = aws_resource(&wire.head, &wire.body, &wire.call, resource, sizeof(resource) - 1);
	resource[len] = '\0';
	ck_assert_str_eq(resource, examples[_i].expected);
	wire_done(&wire);
}
END_TEST

START_TEST(a_resource_is_cut_to_the_room_there_is)
{
	for (size_t cap = 0; cap <= strlen(examples[_i].expected); cap++) {
		char *resource = malloc(cap ? cap : 1);
		struct wire wire;
		size_t len;

		wire_identify(&wire, examples[_i].request, strlen(examples[_i].request), true);
		len = aws_resource(&wire.head, &wire.body, &wire.call, resource, cap);
		ck_assert_uint_le(len, cap);
		ck_assert(memcmp(resource, examples[_i].expected, len) == 0);
		wire_done(&wire);
		free(resource);
	}
}
END_TEST

/* Documents that end early, nest too deep, or say that they are longer than they are. */
static const char *const json[] = {
	"",
	"{",
	"{\"",
	"{\"TableName\"",
	"{\"TableName\":",
	"{\"TableName\":\"a\\",
	"{\"TableName\":\"a\\u00",
	"{\"a\":[[[[{{{{\"TableName\":\"b\"",
	"{\"a\":}",
	"[\"TableName\"]",
};

START_TEST(broken_json_names_no_resource)
{
	char request[512], resource[64];
	struct wire wire;

	snprintf(request, sizeof(request), "%s%s",
		"POST /" LOCAL TARGET("DynamoDB_20120810.GetItem") SIGNED("eu-west-2", "dynamodb")
			END,
		json[_i]);
	wire_identify(&wire, request, strlen(request), true);
	ck_assert_uint_eq(
		aws_resource(&wire.head, &wire.body, &wire.call, resource, sizeof(resource)), 0);
	wire_done(&wire);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
} cbor[] = {
#define BYTES(text)                                                                                \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
	BYTES(""),
	BYTES("\xbf"),
	BYTES("\xa1\x6aStreamNam"),
	BYTES("\xa1\x6aStreamName"),
	BYTES("\xa1\x6aStreamName\x7b\xff\xff\xff\xff\xff\xff\xff\xff"),
	BYTES("\xa2\x61"
	      "a\x5b\xff\xff\xff\xff\xff\xff\xff\xfe\x6aStreamName\x61"
	      "b"),
	BYTES("\xa2\x61"
	      "a\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f"
	      "\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f"),
	BYTES("\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
	BYTES("\x81\x6aStreamName"),
#undef BYTES
};

START_TEST(broken_cbor_names_no_resource)
{
	static const char head[] =
		"POST /" LOCAL "X-Amz-Target: Kinesis_20131202.PutRecord\r\n"
		"Content-Type: application/x-amz-cbor-1.1\r\n" SIGNED("eu-west-2", "kinesis") END;
	char request[1024], resource[64];
	struct wire wire;

	memcpy(request, head, sizeof(head) - 1);
	memcpy(request + sizeof(head) - 1, cbor[_i].bytes, cbor[_i].len);
	wire_identify(&wire, request, sizeof(head) - 1 + cbor[_i].len, true);
	ck_assert_uint_eq(
		aws_resource(&wire.head, &wire.body, &wire.call, resource, sizeof(resource)), 0);
	wire_done(&wire);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resource");
	TCase *tests = tcase_create("resource");

	tcase_add_loop_test(tests, the_resource_of_a_call_is_named, 0, COUNT(examples));
	tcase_add_loop_test(tests, a_resource_is_cut_to_the_room_there_is, 0, COUNT(examples));
	tcase_add_loop_test(tests, broken_json_names_no_resource, 0, COUNT(json));
	tcase_add_loop_test(tests, broken_cbor_names_no_resource, 0, COUNT(cbor));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

/* SPDX-License-Identifier: Apache-2.0 */

#include "identify_of.h"
#include "suite.h"

#include <zlib.h>

/* Each protocol, recognised from the bytes alone. */
static const struct example protocols[] = {
	{"POST /" LOCAL TARGET("DynamoDB_20120810.GetItem") SIGNED("eu-west-2", "dynamodb") END
		"{}",
		"dynamodb:GetItem eu-west-2 json"},
	{"POST /" LOCAL TARGET("com.amazonaws.codestar.connections.CodeStar_connections_20191201."
			       "ListHosts") SIGNED("eu-west-2", "codestar-connections") END,
		"codestar-connections:ListHosts eu-west-2 json"},
	{"POST /" LOCAL "X-Amz-Target: Kinesis_20131202.PutRecord\r\n"
	 "Content-Type: application/x-amz-cbor-1.1\r\n" SIGNED("eu-west-2", "kinesis") END,
		"kinesis:PutRecord eu-west-2 json-cbor"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "sts") END
		"Action=GetCallerIdentity&Version=2011-06-15",
		"sts:GetCallerIdentity eu-west-2 query"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "ec2") END
		"Action=DescribeInstances&Version=2016-11-15",
		"ec2:DescribeInstances eu-west-2 ec2"},
	{"GET /2015-03-31/functions/f" LOCAL SIGNED("eu-west-2", "lambda") END,
		"lambda:GetFunction eu-west-2 rest-json"},
	{"GET /2013-04-01/hostedzone/Z1" LOCAL SIGNED("us-east-1", "route53") END,
		"route53:GetHostedZone us-east-1 rest-xml"},
	{"GET /bucket/key" LOCAL SIGNED("eu-west-2", "s3") END, "s3:GetObject eu-west-2 s3"},
	{"POST /service/GraniteServiceVersion20100801/operation/PutMetricData" LOCAL
	 "smithy-protocol: rpc-v2-cbor\r\n" SIGNED("eu-west-2", "monitoring") END,
		"cloudwatch:PutMetricData eu-west-2 cbor"},
	{"POST /service/GraniteServiceVersion20100801/operation/PutMetricData" LOCAL
	 "smithy-protocol: rpc-v2-json\r\nContent-Type: application/json\r\n" SIGNED(
		 "eu-west-2", "monitoring") END "{}",
		"cloudwatch:PutMetricData eu-west-2 rpc-json"},
	{"POST /" LOCAL TARGET("GraniteServiceVersion20100801.PutMetricData")
			SIGNED("eu-west-2", "monitoring") END,
		"cloudwatch:PutMetricData eu-west-2 json"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "monitoring") END
		"Action=PutMetricData&Version=2010-08-01",
		"cloudwatch:PutMetricData eu-west-2 query"},
};

START_TEST(every_protocol_is_recognised)
{
	check_example(&protocols[_i]);
}
END_TEST

static const struct example signatures[] = {
	{"GET /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260101%2Feu-west-2%2Fs3"
	 "%2Faws4_request&X-Amz-Signature=0" LOCAL END,
		"s3:GetObject eu-west-2 s3"},
	{"GET "
	 "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=AK/20260101/eu-west-2/sts/"
	 "aws4_request" LOCAL END,
		"sts:GetCallerIdentity eu-west-2 query"},
	{"GET /b/k" LOCAL SIGNED_V4A("s3") "X-Amz-Region-Set: us-east-1,us-west-2\r\n" END,
		"s3:GetObject us-east-1,us-west-2 s3"},
	{"GET /b/k" LOCAL "X-Amz-Region-Set: *\r\n" SIGNED_V4A("s3") END, "s3:GetObject * s3"},
	{"GET "
	 "/b/k?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AK%2F20260101%2Fs3%2Faws4"
	 "_request&X-Amz-Region-Set=eu-*" LOCAL END,
		"s3:GetObject eu-* s3"},
	{"GET "
	 "/b/k?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AK%2F20260101%2Fs3%2Faws4"
	 "_request&X-Amz-Region-Set=%2A" LOCAL END,
		"s3:GetObject * s3"},
	{"GET "
	 "/b/k?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AK%2F20260101%2Fs3%2Faws4"
	 "_request&X-Amz-Region-Set=us-east-1%2Cus-west-2" LOCAL END,
		"s3:GetObject us-east-1,us-west-2 s3"},
	{"GET /b/k" LOCAL "Authorization: AWS AK:c2ln\r\n" END, "s3:GetObject - s3"},
	{"GET /b/k?AWSAccessKeyId=AK&Signature=c2ln&Expires=1" LOCAL END, "s3:GetObject - s3"},
	{"POST /" LOCAL FORM END "AWSAccessKeyId=AK&Action=ListDomains&SignatureVersion=2&Version="
	 "2009-04-15&Signature=c2ln",
		"sdb:ListDomains - query"},
	{"GET /" LOCAL "Authorization: AWS4-HMAC-SHA256 Credential=A/K/20260101/eu-west-2/s3/"
	 "aws4_request, SignedHeaders=host, Signature=0\r\n" END,
		"s3:ListBuckets eu-west-2 s3"},
	{"PUT /v1/spaces" LOCAL "Authorization: Bearer t\r\n" SDK END, "none"},
	{"POST /v1/spaces" LOCAL "Authorization: Bearer t\r\n" SDK END,
		"codecatalyst:ListSpaces - rest-json"},
	{"POST /model/m/converse" HTTP HOST(
		 "bedrock-runtime.eu-west-2.amazonaws.com") "Authorization: Bearer t\r\n" END,
		"bedrock-runtime:Converse eu-west-2 rest-json"},
};

START_TEST(every_kind_of_signature_is_read)
{
	check_example(&signatures[_i]);
}
END_TEST

static const struct example unsigned_calls[] = {
	{"POST /" LOCAL TARGET("AWSCognitoIdentityProviderService.InitiateAuth") END,
		"cognito-idp:InitiateAuth - json"},
	{"POST /" LOCAL FORM END "Action=AssumeRoleWithSAML&Version=2011-06-15",
		"sts:AssumeRoleWithSAML - query"},
	{"GET /federation/credentials?role_name=r&account_id=1" LOCAL
	 "x-amz-sso_bearer_token: t\r\n" END,
		"sso:GetRoleCredentials - rest-json"},
	{"POST /token" LOCAL SDK END, "sso-oidc:CreateToken - rest-json"},
	{"POST /token" HTTP HOST("oidc.eu-west-2.amazonaws.com") END,
		"sso-oidc:CreateToken eu-west-2 rest-json"},
	{"POST /v1/token" HTTP HOST("eu-west-2.signin.aws.amazon.com") END,
		"signin:CreateOAuth2Token eu-west-2 rest-json"},
	{"GET /2015-03-31/functions" LOCAL SDK END, "lambda:ListFunctions - rest-json"},
	{"GET /2015-03-31/functions" LOCAL "User-Agent: aws-sdk-java/2.1\r\n" END,
		"lambda:ListFunctions - rest-json"},
	{"GET /bucket/key" LOCAL SDK END, "s3:GetObject - s3"},
	{"GET /key" HTTP HOST("b.s3.amazonaws.com") END, "s3:GetObject - s3"},
	{"GET /b/k" LOCAL "User-Agent: aws-sdk-js/3.1 ua/2.1 api/s3#3.1\r\n" END,
		"s3:GetObject - s3"},
	{"POST /000000000000/q" LOCAL FORM END "Action=SendMessage&MessageBody=b",
		"sqs:SendMessage - query"},
	{"GET /queue/us-east-1/000000000000/q?Action=ReceiveMessage" LOCAL END,
		"sqs:ReceiveMessage - query"},
};

START_TEST(unsigned_calls_need_strong_evidence)
{
	check_example(&unsigned_calls[_i]);
}
END_TEST

static const struct example others[] = {
	{"GET /foo" HTTP HOST("localhost:8080") END, "none"},
	{"GET /" HTTP HOST("example.org") END, "none"},
	{"PUT /bucket/key" HTTP HOST("localhost:9000") END, "none"},
	{"POST /token" HTTP HOST("login.example.org") END, "none"},
	{"POST /token" HTTP HOST("login.example.org") "Authorization: Bearer t\r\n" END, "none"},
	{"POST /" HTTP HOST("example.org") FORM END "Action=Login&Version=2", "none"},
	{"POST /" HTTP HOST("example.org") FORM END "Action=Login&Version=2011-06-15", "none"},
	{"GET /?Action=ListUsers" HTTP HOST("example.org") END, "none"},
	{"GET /index.html" HTTP HOST("b.s3-website.eu-west-2.amazonaws.com") END, "none"},
	{"GET /index.html" HTTP HOST("b.s3-website-us-east-1.amazonaws.com") END, "none"},
	{"GET /" HTTP HOST("ec2-1-2-3-4.eu-west-2.compute.amazonaws.com") END, "none"},
	{"GET /" HTTP HOST("lb-1.eu-west-2.elb.amazonaws.com") END, "none"},
	{"GET /_search" HTTP HOST("search-d.eu-west-2.es.amazonaws.com") END, "none"},
	{"GET /prod/pets" HTTP HOST("abc.execute-api.eu-west-2.amazonaws.com") END, "none"},
	{"GET /_localstack/health" HTTP HOST("localhost.localstack.cloud:4566") END, "none"},
	{"CONNECT s3.amazonaws.com:443" HTTP HOST("s3.amazonaws.com:443") END, "none"},
	{"OPTIONS /key" HTTP HOST("b.s3.amazonaws.com") "Origin: http://a\r\n" END, "none"},
	{"GET /latest/meta-data/" HTTP HOST("169.254.169.254") SDK END, "none"},
	{"GET /v2/credentials/1" HTTP HOST("localhost:1338") SDK END, "none"},
	{"GET /tags" HTTP HOST("localhost:1338") "User-Agent: aws-sdk-java/2.1\r\n" END, "none"},
	{"PUT /latest/api/token" HTTP HOST("localhost:1338") SDK END, "none"},
	{"GET /bucket/key" LOCAL "Authorization: Basic YTpi\r\n" END, "none"},
	{"GET /b/k" LOCAL "Authorization: AWS4-HMAC-SHA256 Credential=AK/s3\r\n" END, "none"},
};

START_TEST(what_is_not_aws_is_no_call)
{
	check_example(&others[_i]);
}
END_TEST

/* As most programs send them. */
static const char *const plain[] = {
	"GET /" LOCAL END,
	"GET /a/b" HTTP HOST("example.com") "User-Agent: curl/8.5.0\r\nAccept: */*\r\n" END,
	"GET /" HTTP HOST("[::1]:8080") "User-Agent: Mozilla/5.0 (X11) Gecko/20100101\r\n" END,
	"POST /" LOCAL "Content-Type: application/json; charset=utf-8\r\n" END,
	"PUT /" LOCAL "Content-Type: text/plain\r\nX-Request-Id: 1\r\n" END,
	"HEAD /" HTTP HOST("service.internal.") END,
};

START_TEST(a_plain_request_tells_nothing_of_aws)
{
	struct wire wire;

	wire_identify(&wire, plain[_i], strlen(plain[_i]), true);
	ck_assert(aws_tells_nothing(&wire.head));
	wire_done(&wire);
}
END_TEST

static const struct example unknown[] = {
	{"GET /things" LOCAL SIGNED("eu-west-2", "brandnew") END, "brandnew: eu-west-2 rest-json"},
	{"POST /" LOCAL TARGET("Brand_20300101.Do") END, "Brand_20300101:Do - json"},
	{"POST /" LOCAL TARGET("Brand_20300101.Do") SIGNED("eu-west-2", "brandnew") END,
		"brandnew:Do eu-west-2 json"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "brandnew") END "Action=Do&Version=2030-01-01",
		"brandnew:Do eu-west-2 query"},
	{"POST /service/Brand/operation/Do" LOCAL "smithy-protocol: rpc-v2-cbor\r\n" END,
		"Brand:Do - cbor"},
	{"POST /" LOCAL TARGET("DynamoDB_20120810.Invent") SIGNED("eu-west-2", "dynamodb") END,
		"dynamodb:Invent eu-west-2 json"},
	{"POST /" LOCAL TARGET("AmazonSQS_2.SendMessage") SIGNED("eu-west-2", "sqs") END,
		"sqs:SendMessage eu-west-2 json"},
	{"GET /2040-01-01/new" LOCAL SIGNED("eu-west-2", "polly") END,
		"polly: eu-west-2 rest-json"},
	{"GET /prod/pets" HTTP HOST("abc.execute-api.eu-west-2.amazonaws.com")
			SIGNED("eu-west-2", "execute-api") END,
		"execute-api: eu-west-2 rest-json"},
};

static const char *const unnamed[] = {
	"POST /" LOCAL TARGET("Brand_20300101.Do") END,
	"POST /" LOCAL TARGET("Brand_20300101.Do") SIGNED("eu-west-2", "brandnew") END,
	"POST /" LOCAL TARGET("DynamoDB_20120810.Invent") SIGNED("eu-west-2", "dynamodb") END,
	"POST /" LOCAL FORM SIGNED("eu-west-2", "sns") END "Action=Invent&Version=2010-03-31",
	"POST /" LOCAL FORM SIGNED("eu-west-2", "brandnew") END "Action=Do&Version=2030-01-01",
	"POST /service/Brand/operation/Do" LOCAL "smithy-protocol: rpc-v2-cbor\r\n" END,
	"GET /things" LOCAL SIGNED("eu-west-2", "brandnew") END,
	"GET /2040-01-01/new" LOCAL SIGNED("eu-west-2", "polly") END,
};

static bool is_unnamed_after(const char *request, uint32_t *last)
{
	struct wire wire;
	bool is;

	wire_identify(&wire, request, strlen(request), true);
	ck_assert_int_eq(wire.identity, AWS_CALL);
	is = aws_call_is_unnamed(&wire.call, last);
	wire_done(&wire);
	return is;
}

static bool is_unnamed(const char *request)
{
	uint32_t nowhere = UINT32_MAX;

	return is_unnamed_after(request, &nowhere);
}

START_TEST(a_call_that_the_model_has_no_name_for_is_unnamed)
{
	ck_assert(is_unnamed(unnamed[_i]));
}
END_TEST

static const char *const named[] = {
	"POST /" LOCAL TARGET("DynamoDB_20120810.GetItem") SIGNED("eu-west-2", "dynamodb") END,
	"POST /" LOCAL TARGET("Brand_20300101.GetItem") SIGNED("eu-west-2", "dynamodb") END,
	"POST /" LOCAL FORM SIGNED("eu-west-2", "sns") END "Action=Publish&Version=2010-03-31",
	"GET /v1/voices" LOCAL SIGNED("eu-west-2", "polly") END,
	"GET /bucket/key" LOCAL SIGNED("eu-west-2", "s3") END,
	/* Somebody's own API. */
	"GET /prod/pets" HTTP HOST("abc.execute-api.eu-west-2.amazonaws.com")
		SIGNED("eu-west-2", "execute-api") END,
};

START_TEST(a_call_that_the_model_has_a_name_for_is_not_unnamed)
{
	ck_assert(!is_unnamed(named[_i]));
}
END_TEST

START_TEST(where_the_call_before_stood_decides_nothing)
{
	const char *known = "POST /" LOCAL TARGET("DynamoDB_20120810.GetItem") END;
	const char *other = "POST /" LOCAL TARGET("DynamoDB_20120810.PutItem") END;
	uint32_t last = 0;

	ck_assert(!is_unnamed_after(known, &last));
	ck_assert(is_unnamed_after(unnamed[_i], &last));
	ck_assert(!is_unnamed_after(known, &last));
	ck_assert(!is_unnamed_after(other, &last));
}
END_TEST

START_TEST(what_the_model_does_not_know_keeps_its_name_off_the_wire)
{
	check_example(&unknown[_i]);
}
END_TEST

START_TEST(an_unknown_service_has_no_model)
{
	struct wire wire;
	const char *request = "GET /things" LOCAL SIGNED("eu-west-2", "brandnew") END;

	wire_identify(&wire, request, strlen(request), true);
	ck_assert_int_eq(wire.call.candidates[0].model, -1);
	wire_done(&wire);
}
END_TEST

static const struct example queries[] = {
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "ec2") END
		"InstanceId.1=i-1&Version=2016-11-15&Action=StopInstances",
		"ec2:StopInstances eu-west-2 ec2"},
	{"POST /?Action=ListUsers" LOCAL FORM SIGNED("eu-west-2", "iam") END "Version=2010-05-08",
		"iam:ListUsers eu-west-2 query"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "elasticloadbalancing") END
		"Action=DescribeLoadBalancers&Version=2012-06-01",
		"elb:DescribeLoadBalancers eu-west-2 query"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "elasticloadbalancing") END
		"Action=DescribeLoadBalancers&Version=2015-12-01",
		"elbv2:DescribeLoadBalancers eu-west-2 query"},
	{"POST /" LOCAL FORM "Transfer-Encoding: chunked\r\n" SIGNED("eu-west-2", "sts") END
		"c\r\nAction=GetCa\r\n20\r\nllerIdentity&Version=2011-06-15&\r\n0\r\n\r\n",
		"sts:GetCallerIdentity eu-west-2 query"},
	{"POST /123456789012/q" HTTP HOST("sqs.eu-west-2.amazonaws.com")
			FORM SIGNED("eu-west-2", "sqs") END "Action=SendMessage&Version=2012-11-05",
		"sqs:SendMessage eu-west-2 query"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "sts") END "Version=2011-06-15",
		"sts: eu-west-2 query"},
};

START_TEST(the_query_protocol_is_read_wherever_its_parameters_stand)
{
	check_example(&queries[_i]);
}
END_TEST

/* A gzip member of `text`, as a request. Returns its length. */
static size_t gzip_request(const char *text, size_t len, char *out, size_t cap)
{
	const char *head = "POST /" LOCAL FORM
			   "Content-Encoding: gzip\r\n" SIGNED("eu-west-2", "monitoring") END;
	z_stream stream = {0};
	size_t size = strlen(head);

	memcpy(out, head, size);
	deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	stream.next_in = (Bytef *)(uintptr_t)text;
	stream.avail_in = (uInt)len;
	stream.next_out = (Bytef *)out + size;
	stream.avail_out = (uInt)(cap - size);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size = cap - stream.avail_out;
	deflateEnd(&stream);
	return size;
}

START_TEST(a_compressed_query_is_unpacked)
{
	const char *text = "Namespace=n&Action=PutMetricData&Version=2010-08-01";
	char request[2048], words[1024];
	size_t len = gzip_request(text, strlen(text), request, sizeof(request));
	struct wire wire;

	wire_identify(&wire, request, len, true);
	ck_assert_str_eq(wire_words(&wire, words), "cloudwatch:PutMetricData eu-west-2 query");
	ck_assert(span_equal(wire.call.version, SPAN("2010-08-01")));
	wire_done(&wire);
}
END_TEST

START_TEST(a_compressed_query_is_waited_for)
{
	const char *text = "Namespace=n&Action=PutMetricData&Version=2010-08-01";
	char request[2048], words[1024];
	size_t len = gzip_request(text, strlen(text), request, sizeof(request));
	struct wire wire;

	for (size_t cut = 0; cut <= len; cut++) {
		struct http1_head head;
		const char *expected;

		if (http1_parse(&head, request, cut, 0) < 0)
			continue;
		wire_identify(&wire, request, cut, false);
		expected = wire_words(&wire, words);
		if (strcmp(expected, "more") != 0)
			ck_assert_str_eq(expected, "cloudwatch:PutMetricData eu-west-2 query");
		wire_done(&wire);
	}
}
END_TEST

START_TEST(a_huge_compressed_query_is_read_at_its_beginning)
{
	static char text[1 << 20], request[1 << 16];
	char words[1024];
	struct wire wire;
	size_t len;

	memset(text, 'a', sizeof(text));
	memcpy(text, "Action=PutMetricData&Version=2010-08-01&X=", 42);
	len = gzip_request(text, sizeof(text), request, sizeof(request));
	wire_identify(&wire, request, len, false);
	ck_assert_str_eq(wire_words(&wire, words), "cloudwatch:PutMetricData eu-west-2 query");
	wire_done(&wire);
}
END_TEST

START_TEST(the_body_is_waited_for_until_it_names_the_operation)
{
	const char *request = "POST /" LOCAL FORM SIGNED("eu-west-2", "sts") END
		"Version=2011-06-15&Action=GetCallerIdentity&X=1";
	const char *enough = strstr(request, "&X=1");
	char words[1024];
	struct wire wire;

	for (const char *end = strstr(request, "Version"); end <= request + strlen(request);
		end++) {
		wire_identify(&wire, request, (size_t)(end - request), false);
		ck_assert_str_eq(wire_words(&wire, words),
			end <= enough ? "more" : "sts:GetCallerIdentity eu-west-2 query");
		wire_done(&wire);
	}
}
END_TEST

START_TEST(nothing_is_waited_for_in_a_complete_body)
{
	const char *request = "POST /" LOCAL FORM SIGNED("eu-west-2", "sts") END;
	char words[1024];
	struct wire wire;

	wire_identify(&wire, request, strlen(request), false);
	ck_assert_str_eq(wire_words(&wire, words), "more");
	wire_done(&wire);
	wire_identify(&wire, request, strlen(request), true);
	ck_assert_str_eq(wire_words(&wire, words), "sts: eu-west-2 query");
	wire_done(&wire);
}
END_TEST

static const struct example hosts[] = {
	{"POST /" HTTP HOST("search-foo.us-west-2.kinesis.amazonaws.com")
			TARGET("Kinesis_20131202.PutRecord") END,
		"kinesis:PutRecord us-west-2 json"},
	{"POST /" HTTP HOST("timestream-ingest.eu-west-2.api.aws") TARGET(
		 "Timestream_20181101.ListTagsForResource") SIGNED("eu-west-2", "timestream") END,
		"timestream-write:ListTagsForResource eu-west-2 json"},
	{"POST /" HTTP HOST("query-cell2.timestream.eu-west-2.amazonaws.com") TARGET(
		 "Timestream_20181101.TagResource") SIGNED("eu-west-2", "timestream") END,
		"timestream-query:TagResource eu-west-2 json"},
	{"POST /" LOCAL TARGET("Timestream_20181101.ListTagsForResource")
			SIGNED("eu-west-2", "timestream") END,
		"timestream-query:ListTagsForResource timestream-write:ListTagsForResource "
		"eu-west-2 "
		"json"},
	{"GET /tags/a" HTTP HOST("ivsrealtime.eu-west-2.amazonaws.com") SIGNED("eu-west-2", "ivs")
			END,
		"ivs-realtime:ListTagsForResource eu-west-2 rest-json"},
	{"GET /v2/tile?x=1" HTTP HOST("maps.geo.eu-west-2.amazonaws.com")
			SIGNED("eu-west-2", "geo-maps") END,
		"geo-maps: eu-west-2 rest-json"},
	{"GET /v2/tiles/t/1/2/3" HTTP HOST("maps.geo.eu-west-2.amazonaws.com")
			SIGNED("eu-west-2", "geo-maps") END,
		"geo-maps:GetTile eu-west-2 rest-json"},
	{"POST /" HTTP HOST("vpce-1a-2b.sqs.eu-west-2.vpce.amazonaws.com") FORM END
		"Action=ListQueues&Version=2012-11-05",
		"sqs:ListQueues eu-west-2 query"},
	{"POST /" HTTP HOST("eu-west-2.queue.amazonaws.com") FORM END
		"Action=ListQueues&Version=2012-11-05",
		"sqs:ListQueues eu-west-2 query"},
	{"POST /" HTTP HOST("123456789012.ddb.eu-west-2.amazonaws.com")
			TARGET("DynamoDB_20120810.GetItem") END,
		"dynamodb:GetItem eu-west-2 json"},
	{"GET /2015-03-31/functions" HTTP HOST("lambda-fips.us-gov-west-1.amazonaws.com") END,
		"lambda:ListFunctions us-gov-west-1 rest-json"},
	{"GET /2015-03-31/functions" HTTP HOST("lambda.eusc-de-east-1.amazonaws.eu") END,
		"lambda:ListFunctions eusc-de-east-1 rest-json"},
	{"GET /2015-03-31/functions" HTTP HOST("lambda.us-isob-east-1.sc2s.sgov.gov") END,
		"lambda:ListFunctions us-isob-east-1 rest-json"},
	{"GET /2015-03-31/functions" HTTP HOST("lambda.cn-north-1.api.amazonwebservices.com.cn.")
			END,
		"lambda:ListFunctions cn-north-1 rest-json"},
	{"GET /2015-03-31/functions" HTTP HOST("lambda.xx-newland-12.amazonaws.com") END,
		"lambda:ListFunctions xx-newland-12 rest-json"},
	{"GET http://lambda.eu-west-2.amazonaws.com/2015-03-31/functions?MaxItems=1" HTTP HOST(
		 "proxy:3128") END,
		"lambda:ListFunctions eu-west-2 rest-json"},
	{"GET http://127.0.0.1:4566" HTTP HOST("proxy:3128") SIGNED("eu-west-2", "s3") END,
		"s3:ListBuckets eu-west-2 s3"},
};

START_TEST(hosts_tell_service_and_region)
{
	check_example(&hosts[_i]);
}
END_TEST

static const struct example shared[] = {
	{"GET /restapis" LOCAL SIGNED("eu-west-2", "apigateway") END,
		"apigateway:GetRestApis eu-west-2 rest-json"},
	{"GET /v2/apis" LOCAL SIGNED("eu-west-2", "apigateway") END,
		"apigatewayv2:GetApis eu-west-2 rest-json"},
	{"POST /v2/email/outbound-emails" LOCAL SIGNED("eu-west-2", "ses") END,
		"sesv2:SendEmail eu-west-2 rest-json"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "rds") END
		"Action=DescribeDBClusters&Version=2014-10-31",
		"rds:DescribeDBClusters docdb:DescribeDBClusters neptune:DescribeDBClusters "
		"eu-west-2 "
		"query"},
	{"POST /" LOCAL FORM SIGNED(
		 "eu-west-2", "rds") "User-Agent: aws-sdk-js/3.1 api/docdb#3.1\r\n" END
				     "Action=DescribeDBClusters&Version=2014-10-31",
		"docdb:DescribeDBClusters eu-west-2 query"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "rds") END
		"Action=DescribeDBShardGroups&Version=2014-10-31",
		"rds:DescribeDBShardGroups eu-west-2 query"},
	{"POST /imports/" LOCAL SIGNED("eu-west-2", "lex") END
		"{\"payload\":\"\",\"resourceType\":\"BOT\",\"mergeStrategy\":\"x\"}",
		"lex-models:StartImport eu-west-2 rest-json"},
	{"POST /imports/" LOCAL SIGNED("eu-west-2", "lex") END "{}",
		"lexv2-models:ListImports eu-west-2 rest-json"},
	{"PUT /bots/1/botversions" LOCAL SIGNED("eu-west-2",
		 "lex") "User-Agent: aws-sdk-js/3.1 ua/2.1 api/lex-models-v2#3.1 m/E\r\n" END,
		"lexv2-models:CreateBotVersion eu-west-2 rest-json"},
	{"GET /tags/a%2Fb" LOCAL SIGNED("eu-west-2", "wisdom") END,
		"qconnect:ListTagsForResource wisdom:ListTagsForResource eu-west-2 rest-json"},
	{"POST /2013-01-01/search" LOCAL FORM SIGNED("eu-west-2", "cloudsearch") END "q=a",
		"cloudsearchdomain:Search eu-west-2 rest-json"},
	{"POST /%40connections/c" LOCAL SIGNED("eu-west-2", "execute-api") END,
		"apigatewaymanagementapi:PostToConnection eu-west-2 rest-json"},
};

START_TEST(services_of_one_signing_name_are_told_apart_or_all_named)
{
	check_example(&shared[_i]);
}
END_TEST

START_TEST(only_body_bytes_that_matter_are_waited_for)
{
	const char *request = "POST /imports/" LOCAL SIGNED("eu-west-2", "lex") END;
	const char *other = "POST /tags/a" LOCAL SIGNED("eu-west-2", "lex") END;
	char words[1024];
	struct wire wire;

	wire_identify(&wire, request, strlen(request), false);
	ck_assert_str_eq(wire_words(&wire, words), "more");
	wire_done(&wire);
	wire_identify(&wire, other, strlen(other), false);
	ck_assert_int_eq(wire.identity, AWS_CALL);
	wire_done(&wire);
}
END_TEST

static const struct {
	const char *request, *home;
} homes[] = {
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "iam") END "Action=ListUsers&Version=2010-05-08",
		"us-east-1"},
	{"POST /" LOCAL FORM SIGNED("cn-northwest-1", "iam") END
		"Action=ListUsers&Version=2010-05-08",
		"cn-north-1"},
	{"GET /2013-04-01/hostedzone" LOCAL SIGNED("eu-west-2", "route53") END, "us-east-1"},
	{"POST /" LOCAL TARGET("AWSOrganizationsV20161128.ListRoots")
			SIGNED("us-gov-east-1", "organizations") END,
		"us-gov-west-1"},
	{"GET /global-networks" LOCAL SIGNED("eu-west-2", "networkmanager") END, "us-west-2"},
	{"POST /" LOCAL FORM SIGNED("eu-west-2", "sqs") END "Action=ListQueues&Version=2012-11-05",
		""},
	{"POST /" LOCAL TARGET("DynamoDB_20120810.ListTables") SIGNED("eu-west-2", "dynamodb") END,
		""},
	{"POST /" HTTP HOST("sts.amazonaws.com") FORM END
		"Action=AssumeRoleWithSAML&Version=2011-06-15",
		"us-east-1"},
	{"POST /" LOCAL TARGET("ArcRegionSwitch.ListPlans") SIGNED("eu-west-2", "arc-region-switch")
			END,
		"us-east-1"},
	{"POST /" LOCAL TARGET("ArcRegionSwitch.ListPlansInRegion")
			SIGNED("eu-west-2", "arc-region-switch") END,
		""},
};

START_TEST(global_services_have_a_home_region)
{
	struct wire wire;

	wire_identify(&wire, homes[_i].request, strlen(homes[_i].request), true);
	ck_assert_int_eq(wire.identity, AWS_CALL);
	ck_assert(span_equal(wire.call.home_region, span_of(homes[_i].home)));
	wire_done(&wire);
}
END_TEST

START_TEST(a_call_tells_of_its_sdk_and_its_attempt)
{
	const char *request = "HEAD /b" LOCAL SIGNED(
		"eu-west-2", "s3") "User-Agent: Boto3/1.43.11 md/Botocore#1.43.11\r\nContent-Type: "
				   "text/plain\r\n"
				   "amz-sdk-invocation-id: 0f9a-1\r\namz-sdk-request: ttl=1; "
				   "attempt=3; max=5\r\n" END;
	struct wire wire;

	wire_identify(&wire, request, strlen(request), true);
	ck_assert(wire.call.is_head);
	ck_assert_int_eq(wire.call.attempt, 3);
	ck_assert(span_equal(wire.call.invocation_id, SPAN("0f9a-1")));
	ck_assert(span_equal(wire.call.sdk, SPAN("Boto3/1.43.11")));
	ck_assert(span_equal(wire.call.content_type, SPAN("text/plain")));
	wire_done(&wire);
}
END_TEST

START_TEST(query_compatible_services_are_marked)
{
	const char *sqs =
		"POST /" LOCAL TARGET("AmazonSQS.SendMessage") SIGNED("eu-west-2", "sqs") END;
	const char *sns = "POST /" LOCAL FORM SIGNED("eu-west-2", "sns") END
		"Action=Publish&Version=2010-03-31";
	struct wire wire;

	wire_identify(&wire, sqs, strlen(sqs), true);
	ck_assert(wire.call.query_compatible);
	wire_done(&wire);
	wire_identify(&wire, sns, strlen(sns), true);
	ck_assert(!wire.call.query_compatible);
	ck_assert(span_equal(wire.call.version, SPAN("2010-03-31")));
	wire_done(&wire);
}
END_TEST

START_TEST(damaged_requests_are_read_within_their_bounds)
{
	static const struct {
		const struct example *at;
		int count;
	} all[] = {
		{protocols, COUNT(protocols)},
		{signatures, COUNT(signatures)},
		{unsigned_calls, COUNT(unsigned_calls)},
		{queries, COUNT(queries)},
		{hosts, COUNT(hosts)},
	};

	for (int i = 0; i < all[_i].count; i++)
		check_damaged(all[_i].at[i].request);
}
END_TEST

START_TEST(a_path_of_many_segments_takes_no_long_time)
{
	static char request[60000];
	size_t len = 0;
	char words[1024];
	struct wire wire;

	len += (size_t)sprintf(request, "GET /portals");
	while (len < 50000)
		len += (size_t)sprintf(request + len, "/portals");
	strcpy(request + len, LOCAL SIGNED("eu-west-2", "workspaces-web") END);
	for (int i = 0; i < 1000; i++) {
		wire_identify(&wire, request, strlen(request), true);
		ck_assert_str_eq(
			wire_words(&wire, words), "workspaces-web:GetPortal eu-west-2 rest-json");
		wire_done(&wire);
	}
}
END_TEST

#define SNS_HEAD                                                                                   \
	"POST /" HTTP HOST("sns.us-east-1.amazonaws.com")                                          \
		FORM SIGNED("us-east-1", "sns") "Content-Length: 99\r\n" END
#define RDS_HEAD "POST /" LOCAL FORM SIGNED("us-east-1", "rds") "Content-Length: 99\r\n" END

static const struct {
	const char *request; /* its body is still to come */
	unsigned wanted;
	const char *expected;
} brief[] = {
	/* the operation stands in the body, the service in the head */
	{SNS_HEAD, 0, ": - json"},
	{SNS_HEAD, AWS_WANT_SERVICE, "sns: - json"},
	{SNS_HEAD, AWS_WANT_SERVICE | AWS_WANT_REGION, "sns: us-east-1 json"},
	{SNS_HEAD, AWS_WANT_OPERATION, "more"},
	{SNS_HEAD, AWS_WANT_ALL, "more"},
	/* the version, too, which alone tells services of one signing name apart */
	{RDS_HEAD, 0, ": - json"},
	{RDS_HEAD, AWS_WANT_SERVICE, "more"},
	/* without a signature only the body tells of a call */
	{"POST /" LOCAL FORM "Content-Length: 99\r\n" END, 0, "more"},
	{"POST /" LOCAL "Content-Type: application/json\r\n" END, 0, "none"},
	{"OPTIONS /" LOCAL SIGNED("us-east-1", "s3") END, 0, ": - json"},
	{"CONNECT a:443" LOCAL SIGNED("us-east-1", "s3") END, 0, "none"},
};

START_TEST(what_is_not_wanted_is_not_waited_for)
{
	const char *request = brief[_i].request;
	struct wire wire;
	char words[1024];

	wire_identify_for(&wire, request, strlen(request), false, brief[_i].wanted);
	ck_assert_str_eq(wire_words(&wire, words), brief[_i].expected);
	wire_done(&wire);
}
END_TEST

/* All examples, asked for less than all. */
static void check_brief(const char *request, unsigned wanted)
{
	struct wire all, less;

	wire_identify(&all, request, strlen(request), true);
	wire_identify_for(&less, request, strlen(request), true, wanted);
	ck_assert_int_eq(less.identity, all.identity);
	if (all.identity == AWS_CALL)
		ck_assert_int_ge(less.call.candidate_count, 1);
	if (all.identity == AWS_CALL && wanted & AWS_WANT_SERVICE)
		ck_assert(span_equal(
			less.call.candidates[0].service, all.call.candidates[0].service));
	if (all.identity == AWS_CALL && wanted & AWS_WANT_OPERATION)
		ck_assert(span_equal(
			less.call.candidates[0].operation, all.call.candidates[0].operation));
	if (all.identity == AWS_CALL && wanted & AWS_WANT_REGION) {
		ck_assert(span_equal(less.call.region, all.call.region));
		ck_assert(span_equal(less.call.home_region, all.call.home_region));
	}
	wire_done(&all);
	wire_done(&less);
}

START_TEST(what_is_wanted_alone_is_told_as_with_all_else)
{
	for (int i = 0; i < COUNT(protocols); i++)
		check_brief(protocols[i].request, (unsigned)_i);
	for (int i = 0; i < COUNT(signatures); i++)
		check_brief(signatures[i].request, (unsigned)_i);
	for (int i = 0; i < COUNT(unsigned_calls); i++)
		check_brief(unsigned_calls[i].request, (unsigned)_i);
	for (int i = 0; i < COUNT(others); i++)
		check_brief(others[i].request, (unsigned)_i);
	for (int i = 0; i < COUNT(unknown); i++)
		check_brief(unknown[i].request, (unsigned)_i);
	for (int i = 0; i < COUNT(shared); i++)
		check_brief(shared[i].request, (unsigned)_i);
	for (int i = 0; i < COUNT(homes); i++)
		check_brief(homes[i].request, (unsigned)_i);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("identify");
	TCase *tests = tcase_create("identify");

	tcase_add_loop_test(tests, every_protocol_is_recognised, 0, COUNT(protocols));
	tcase_add_loop_test(tests, every_kind_of_signature_is_read, 0, COUNT(signatures));
	tcase_add_loop_test(tests, unsigned_calls_need_strong_evidence, 0, COUNT(unsigned_calls));
	tcase_add_loop_test(tests, what_is_not_aws_is_no_call, 0, COUNT(others));
	tcase_add_loop_test(tests, a_plain_request_tells_nothing_of_aws, 0, COUNT(plain));
	tcase_add_loop_test(
		tests, what_the_model_does_not_know_keeps_its_name_off_the_wire, 0, COUNT(unknown));
	tcase_add_loop_test(
		tests, a_call_that_the_model_has_no_name_for_is_unnamed, 0, COUNT(unnamed));
	tcase_add_loop_test(
		tests, a_call_that_the_model_has_a_name_for_is_not_unnamed, 0, COUNT(named));
	tcase_add_loop_test(tests, where_the_call_before_stood_decides_nothing, 0, COUNT(unnamed));
	tcase_add_test(tests, an_unknown_service_has_no_model);
	tcase_add_loop_test(
		tests, the_query_protocol_is_read_wherever_its_parameters_stand, 0, COUNT(queries));
	tcase_add_test(tests, a_compressed_query_is_unpacked);
	tcase_add_test(tests, a_compressed_query_is_waited_for);
	tcase_add_test(tests, a_huge_compressed_query_is_read_at_its_beginning);
	tcase_add_test(tests, the_body_is_waited_for_until_it_names_the_operation);
	tcase_add_test(tests, nothing_is_waited_for_in_a_complete_body);
	tcase_add_loop_test(tests, what_is_not_wanted_is_not_waited_for, 0, COUNT(brief));
	tcase_add_loop_test(tests, what_is_wanted_alone_is_told_as_with_all_else, 0, AWS_WANT_ALL);
	tcase_add_loop_test(tests, hosts_tell_service_and_region, 0, COUNT(hosts));
	tcase_add_loop_test(
		tests, services_of_one_signing_name_are_told_apart_or_all_named, 0, COUNT(shared));
	tcase_add_test(tests, only_body_bytes_that_matter_are_waited_for);
	tcase_add_loop_test(tests, global_services_have_a_home_region, 0, COUNT(homes));
	tcase_add_test(tests, a_call_tells_of_its_sdk_and_its_attempt);
	tcase_add_test(tests, query_compatible_services_are_marked);
	tcase_add_loop_test(tests, damaged_requests_are_read_within_their_bounds, 0, 5);
	tcase_add_test(tests, a_path_of_many_segments_takes_no_long_time);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

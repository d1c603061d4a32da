/* SPDX-License-Identifier: Apache-2.0 */
/* What IAM calls actions and resources, and the policy of a run. */

#include "report_of.h"
#include "suite.h"
#include "tools/report/policy.h"
#include "tools/report/policy_arn.h"

static const struct {
	const char *service, *operation, *actions;
} actions[] = {
	{"s3", "GetObject", "s3:GetObject"},
	{"s3", "HeadObject", "s3:GetObject"},
	{"s3", "ListObjectsV2", "s3:ListBucket"},
	{"s3", "ListBuckets", "s3:ListAllMyBuckets"},
	{"s3", "UploadPart", "s3:PutObject"},
	{"lambda", "Invoke", "lambda:InvokeFunction"},
	{"cloudwatch", "PutMetricData", "cloudwatch:PutMetricData"},
	{"stepfunctions", "StartExecution", "states:StartExecution"},
	{"elbv2", "DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancers"},
	{"sqs", "SendMessageBatch", "sqs:SendMessage"},
	{"dynamodb", "TransactGetItems", "dynamodb:GetItem"},
	{"apigateway", "GetRestApis", "apigateway:GET"},
	{"apigatewayv2", "UpdateApi", "apigateway:PATCH"},
	{"sts", "GetCallerIdentity", ""},
	{"sts", "AssumeRole", "sts:AssumeRole"},
};

START_TEST(actions_are_called_as_iam_calls_them)
{
	char text[POLICY_TEXT_MAX];

	policy_actions(actions[_i].service, actions[_i].operation, text);
	ck_assert_str_eq(text, actions[_i].actions);
}
END_TEST

static const struct {
	struct policy_call call;
	const char *arn;
} arns[] = {
	{{"s3", "GetObject", "eu-west-1", "b/a/k"}, "arn:aws:s3:::b/a/k"},
	{{"s3", "ListObjectsV2", "cn-north-1", "b"}, "arn:aws-cn:s3:::b"},
	{{"s3", "DeleteObjects", "eu-west-1", "b"}, "arn:aws:s3:::b/*"},
	{{"s3", "ListBuckets", "eu-west-1", ""}, "*"},
	{{"dynamodb", "PutItem", "eu-west-1", "jobs"}, "arn:aws:dynamodb:eu-west-1:*:table/jobs"},
	{{"dynamodb", "PutItem", "", "jobs"}, "arn:aws:dynamodb:*:*:table/jobs"},
	{{"dynamodb", "PutItem", "us-gov-west-1", "jobs"},
		"arn:aws-us-gov:dynamodb:us-gov-west-1:*:table/jobs"},
	{{"sqs", "SendMessage", "eu-west-1",
		 "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"},
		"arn:aws:sqs:eu-west-1:123456789012:jobs"},
	{{"sqs", "CreateQueue", "eu-west-1", "jobs"}, "arn:aws:sqs:eu-west-1:*:jobs"},
	{{"sns", "Publish", "eu-west-1", "arn:aws:sns:eu-west-1:1:t"}, "arn:aws:sns:eu-west-1:1:t"},
	{{"lambda", "Invoke", "eu-west-1", "f"}, "arn:aws:lambda:eu-west-1:*:function:f"},
	{{"ssm", "GetParameter", "eu-west-1", "/a/b"}, "arn:aws:ssm:eu-west-1:*:parameter/a/b"},
	{{"secretsmanager", "GetSecretValue", "eu-west-1", "s"},
		"arn:aws:secretsmanager:eu-west-1:*:secret:s-\?\?\?\?\?\?"},
	{{"kms", "Decrypt", "eu-west-1", "01234567-89ab-cdef-0123-456789abcdef"},
		"arn:aws:kms:eu-west-1:*:key/01234567-89ab-cdef-0123-456789abcdef"},
	{{"kms", "Encrypt", "eu-west-1", "alias/a"}, "*"},
	{{"s3", "GetObject", "eu-west-1", "b/a*/$k?"}, "arn:aws:s3:::b/a${*}/${$}k${?}"},
	{{"s3", "DeleteObjects", "eu-west-1", "b*"}, "arn:aws:s3:::b${*}/*"},
	{{"dynamodb", "PutItem", "", "$jobs"}, "arn:aws:dynamodb:*:*:table/${$}jobs"},
	{{"sqs", "SendMessage", "eu-west-1", "jobs*"}, "arn:aws:sqs:eu-west-1:*:jobs${*}"},
	{{"sns", "Publish", "eu-west-1", "arn:aws:sns:eu-west-1:1:t?"},
		"arn:aws:sns:eu-west-1:1:t${?}"},
	{{"secretsmanager", "GetSecretValue", "eu-west-1", "s?"},
		"arn:aws:secretsmanager:eu-west-1:*:secret:s${?}-\?\?\?\?\?\?"},
	{{"ec2", "DescribeInstances", "eu-west-1", "i-1"}, "*"},
	{{"dynamodb", "PutItem", "eu-west-1", "#0123456789abcdef"}, "*"}, /* redacted */
};

START_TEST(resources_are_arns_where_they_are_known)
{
	char text[POLICY_TEXT_MAX];

	policy_arn(&arns[_i].call, text);
	ck_assert_str_eq(text, arns[_i].arn);
}
END_TEST

static void assert_policy(struct report *report, const char *wanted)
{
	cJSON *policy = policy_json(report);
	char *text = cJSON_PrintUnformatted(policy);

	ck_assert_str_eq(text, wanted);
	free(text);
	cJSON_Delete(policy);
	report_free(report);
}

START_TEST(actions_on_the_same_resources_are_one_statement)
{
	static const struct told calls[] = {
		{.operation = "PutItem", .status = 200},
		{.operation = "GetItem", .status = 200},
		{.operation = "GetItem", .status = 500},
		{.operation = "GetItem", .status = 200, .resource = "users"},
		{.operation = "UpdateItem", .status = 200},
		{.service = "sts", .operation = "GetCallerIdentity", .status = 200},
	};
	struct report report = {0};

	tell_all(&report, calls, COUNT(calls));
	assert_policy(&report,
		"{\"Version\":\"2012-10-17\",\"Statement\":["
		"{\"Effect\":\"Allow\",\"Action\":[\"dynamodb:GetItem\"],\"Resource\":["
		"\"arn:aws:dynamodb:eu-west-1:*:table/jobs\","
		"\"arn:aws:dynamodb:eu-west-1:*:table/users\"]},"
		"{\"Effect\":\"Allow\",\"Action\":[\"dynamodb:PutItem\",\"dynamodb:UpdateItem\"],"
		"\"Resource\":[\"arn:aws:dynamodb:eu-west-1:*:table/jobs\"]}]}");
}
END_TEST

START_TEST(many_keys_of_a_bucket_are_all_of_them)
{
	struct report report = {0};
	char key[16];

	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "b/%d", i);
		tell(&report, &(struct told){.service = "s3",
				      .operation = "GetObject",
				      .resource = key,
				      .status = 200});
	}
	calls_find(&report);
	assert_policy(&report,
		"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
		"\"Action\":[\"s3:GetObject\"],\"Resource\":[\"arn:aws:s3:::b/*\"]}]}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tests = tcase_create("policy");

	tcase_add_loop_test(tests, actions_are_called_as_iam_calls_them, 0, COUNT(actions));
	tcase_add_loop_test(tests, resources_are_arns_where_they_are_known, 0, COUNT(arns));
	tcase_add_test(tests, actions_on_the_same_resources_are_one_statement);
	tcase_add_test(tests, many_keys_of_a_bucket_are_all_of_them);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

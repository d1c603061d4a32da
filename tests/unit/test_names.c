/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "control/names.h"
#include "suite.h"

static const struct {
	const char *one, *other;
	int distance; /* 4: above the limit of 3 */
} distances[] = {
	{"", "", 0},
	{"", "abc", 3},
	{"", "abcd", 4},
	{"kinesis", "kinesis", 0},
	{"Kinesis", "kinESIS", 0},
	{"kinesys", "kinesis", 1},
	{"kinesi", "kinesis", 1},
	{"kinesiss", "kinesis", 1},
	{"iknesis", "kinesis", 1},
	{"kniseis", "kinesis", 2},
	{"ca", "abc", 3},
	{"sqs", "sns", 1},
	{"dynamodb", "lambda", 4},
};

static const struct {
	const char *glob, *name;
	int distance; /* 4: above the limit of 3 */
} glob_distances[] = {
	{"*", "lambda", 0},
	{"lam*", "lambda", 0},
	{"*bda", "lambda", 0},
	{"l*m*a", "lambda", 0},
	{"lamda*", "lambda", 1},
	{"amlbda*", "lambda", 2},
	{"lambd?", "lambda", 0},
	{"lambdas*", "lambda", 1},
	{"xyzw*", "lambda", 4},
};

START_TEST(distance_to_a_glob_is_the_one_to_what_it_matches_best)
{
	ck_assert_int_eq(names_distance(span_of(glob_distances[_i].glob),
				 span_of(glob_distances[_i].name), 3),
		glob_distances[_i].distance);
}
END_TEST

START_TEST(distance_counts_letters_put_in_left_out_changed_or_swapped)
{
	struct span one = span_of(distances[_i].one), other = span_of(distances[_i].other);

	ck_assert_int_eq(names_distance(one, other, 3), distances[_i].distance);
	ck_assert_int_eq(names_distance(other, one, 3), distances[_i].distance);
}
END_TEST

/* A literal for a field of struct rule. */
#define T(text) ((char *)(text))
#define MODELED 0

static const struct {
	struct rule rule;
	const char *warning;
} odd[] = {
	{{.service = T("kinesys")},
		"rule 7: service 'kinesys' is not known; did you mean 'kinesis'?"},
	{{.service = T("S3")}, "rule 7: service 'S3' is not known; did you mean 's3'?"},
	{{.service = T("qqqqqqqqqqqq")},
		"rule 7: service 'qqqqqqqqqqqq' is not known: the rule matches no known call"},
	{{.service = T("qq*")},
		"rule 7: service 'qq*' matches no known name: the rule matches no known call"},
	{{.service = T("lamda*")},
		"rule 7: service 'lamda*' matches no known name; did you mean 'lambda', "
		"'lambda-core' or 'lambda-microvms'? As it "
		"stands, the rule matches no known call"},
	{{.service = T("s3api")}, "rule 7: service 's3api' is not known; did you mean 's3'?"},
	{{.service = T("sfn")},
		"rule 7: service 'sfn' is not known; did you mean 'stepfunctions'?"},
	{{.service = T("states")},
		"rule 7: service 'states' is not known; did you mean 'stepfunctions'?"},
	{{.service = T("eventbridge")},
		"rule 7: service 'eventbridge' is not known; did you mean 'events'?"},
	{{.service = T("email")},
		"rule 7: service 'email' is not known; did you mean 'pinpoint-email', 'ses' or "
		"'sesv2'?"},
	{{.service = T("monitoring")},
		"rule 7: service 'monitoring' is not known; did you mean 'cloudwatch'?"},
	{{.service = T("cognito")},
		"rule 7: service 'cognito' is not known; did you mean 'cognito-idp' or "
		"'cognito-identity'?"},
	{{.service = T("ddb")}, "rule 7: service 'ddb' is not known; did you mean 'dynamodb'?"},
	{{.service = T("elasticloadbalancing")},
		"rule 7: service 'elasticloadbalancing' is not known; did you mean 'elb' or "
		"'elbv2'?"},
	{{.service = T("cloudwatchlogs")},
		"rule 7: service 'cloudwatchlogs' is not known; did you mean 'logs'?"},
	{{.service = T("Secrets_Manager")},
		"rule 7: service 'Secrets_Manager' is not known; did you mean 'secretsmanager'?"},
	{{.service = T("kinesys"), .operation = T("PutRecord")},
		"rule 7: service 'kinesys' is not known; did you mean 'kinesis'?"},
	{{.region = T("us-eats-1")},
		"rule 7: region 'us-eats-1' is not known; did you mean 'us-east-1'"},
	{{.region = T("mars-*")},
		"rule 7: region 'mars-*' matches no known name: the rule matches no call but those "
		"signed for it"},
	{{.region = T("us-eats-*")},
		"rule 7: region 'us-eats-*' matches no known name; did you mean 'us-east-1'"},
	{{.service = T("sqs"), .operation = T("SendMesage")},
		"rule 7: operation 'SendMesage' is not known; did you mean 'SendMessage'?"},
	{{.operation = T("putitem")},
		"rule 7: operation 'putitem' is not known; did you mean 'PutItem'?"},
	{{.service = T("kinesis"), .operation = T("PutItem")},
		"rule 7: 'kinesis' has no operation 'PutItem'; it is one of 'dynamodb'. As it "
		"stands, the rule matches no known call"},
	{{.service = T("firehose"), .operation = T("*Strem")},
		"rule 7: operation '*Strem' matches no known name; did you mean "
		"'CreateDeliveryStream', 'DeleteDeliveryStream' or 'DescribeDeliveryStream'?"},
	{{.service = T("kinesis"), .operation = T("Put*Item")},
		"rule 7: operation 'Put*Item' matches no known name"},
	{{.service = T("kinesis"),
		 .status = 503,
		 .code = T("ProvisionedThroughputExceededException")},
		"rule 7: 'kinesis' sends ProvisionedThroughputExceededException with status 400, "
		"not 503"},
	{{.service = T("kinesis"), .code = T("NoSuchBucket"), .status = MODELED},
		"rule 7: no service that it matches has NoSuchBucket in its model, so that "
		"\"modeled\" is status 503"},
	{{.service = T("kinesis*"), .code = T("NoSuchBucket"), .status = MODELED},
		"rule 7: no service that it matches has NoSuchBucket"},
	{{.code = T("NobodyKnowsThisCode"), .status = MODELED},
		"rule 7: no service that it matches has NobodyKnowsThisCode"},
};

/* A rule that is not about the code has one, and a status, that nobody knows. */
static void check_rule(const struct rule *rule, struct names_warnings *warnings)
{
	struct names *names = names_open();
	struct rule checked = *rule;

	if (!checked.code) {
		checked.code = T("None");
		checked.status = 503;
	}
	names_begin(warnings);
	names_check(names, &checked, 7, warnings);
	names_close(names);
}

START_TEST(an_odd_name_brings_one_warning_with_the_nearest_names)
{
	struct names_warnings warnings;

	check_rule(&odd[_i].rule, &warnings);
	ck_assert_int_eq(warnings.count, 1);
	ck_assert_msg(strncmp(warnings.text[0], odd[_i].warning, strlen(odd[_i].warning)) == 0,
		"%s", warnings.text[0]);
}
END_TEST

static const struct rule sound[] = {
	{0},
	{.service = T("s3"), .region = T("eu-west-1"), .operation = T("ListObjectsV2")},
	{.service = T("s3*"), .region = T("us-*"), .operation = T("Put*")},
	{.service = T("dynamo??"), .operation = T("*Item")},
	{.region = T("cn-north-1"), .operation = T("PutRecord")},
	{.service = T("kinesis"),
		.status = 400,
		.code = T("ProvisionedThroughputExceededException")},
	{.service = T("kinesis"),
		.status = MODELED,
		.code = T("ProvisionedThroughputExceededException")},
	{.service = T("s*"), .status = MODELED, .code = T("NoSuchBucket")},
	{.status = MODELED, .code = T("NoSuchBucket")},
	{.service = T("kinesis"), .status = 418, .code = T("NobodyKnowsThisCode")},
};

START_TEST(known_names_bring_no_warning)
{
	struct names_warnings warnings;

	check_rule(&sound[_i], &warnings);
	ck_assert_msg(warnings.count == 0, "%s", warnings.text[0]);
}
END_TEST

START_TEST(more_warnings_than_there_is_room_for_end_in_a_last_one)
{
	struct names *names = names_open();
	struct names_warnings warnings;

	names_begin(&warnings);
	for (int i = 1; i <= 100; i++)
		names_check(names, &odd[0].rule, i, &warnings);
	ck_assert_int_eq(warnings.count, NAMES_WARNINGS);
	ck_assert_ptr_nonnull(strstr(warnings.text[NAMES_WARNINGS - 1], "there is more"));
	names_close(names);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("names");
	TCase *tests = tcase_create("names");

	tcase_add_loop_test(tests, distance_counts_letters_put_in_left_out_changed_or_swapped, 0,
		COUNT(distances));
	tcase_add_loop_test(tests, distance_to_a_glob_is_the_one_to_what_it_matches_best, 0,
		COUNT(glob_distances));
	tcase_add_loop_test(
		tests, an_odd_name_brings_one_warning_with_the_nearest_names, 0, COUNT(odd));
	tcase_add_loop_test(tests, known_names_bring_no_warning, 0, COUNT(sound));
	tcase_add_test(tests, more_warnings_than_there_is_room_for_end_in_a_last_one);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Outcomes, patterns of pauses, and what SDKs document. */

#include <string.h>

#include "suite.h"
#include "tools/report/retry.h"

static const struct {
	int status;
	const char *code;
	bool is_cut;
	enum retry_outcome outcome;
	bool is_ambiguous;
} outcomes[] = {
	{200, "", false, RETRY_SUCCEEDED, false},
	{304, "", false, RETRY_SUCCEEDED, false},
	{200, "", true, RETRY_NO_ANSWER, true},
	{0, "", true, RETRY_NO_ANSWER, true},
	{400, "ThrottlingException", false, RETRY_THROTTLED, false},
	{400, "ProvisionedThroughputExceededException", false, RETRY_THROTTLED, false},
	{503, "SlowDown", false, RETRY_THROTTLED, false},
	{429, "", false, RETRY_THROTTLED, false},
	{509, "BandwidthLimitExceeded", false, RETRY_THROTTLED, false},
	{500, "InternalError", false, RETRY_SERVER_ERROR, true},
	{502, "", false, RETRY_SERVER_ERROR, true},
	{503, "ServiceUnavailable", false, RETRY_SERVER_ERROR, false},
	{504, "", false, RETRY_SERVER_ERROR, true},
	{400, "RequestTimeout", false, RETRY_SERVER_ERROR, true},
	{501, "NotImplemented", false, RETRY_CLIENT_ERROR, false},
	{403, "RequestTimeTooSkewed", false, RETRY_REPAIRABLE, false},
	{400, "ExpiredTokenException", false, RETRY_REPAIRABLE, false},
	{400, "ValidationException", false, RETRY_CLIENT_ERROR, false},
	{403, "AccessDenied", false, RETRY_CLIENT_ERROR, false},
	{404, "", false, RETRY_CLIENT_ERROR, false},
};

START_TEST(an_answer_tells_whether_it_is_to_be_tried_again)
{
	enum retry_outcome outcome =
		retry_outcome(outcomes[_i].status, outcomes[_i].code, outcomes[_i].is_cut);

	ck_assert_int_eq(outcome, outcomes[_i].outcome);
	ck_assert_int_eq(
		retry_is_ambiguous(outcome, outcomes[_i].status), outcomes[_i].is_ambiguous);
}
END_TEST

/* Pauses of calls, in milliseconds; -1 ends one call. */
static const struct {
	int pauses[12];
	enum retry_pattern pattern;
} patterns[] = {
	{{-1}, RETRY_NONE},
	{{2, 1, 3, -1}, RETRY_AT_ONCE},
	{{0, -1}, RETRY_AT_ONCE},
	{{400, -1}, RETRY_ONCE},
	{{1000, 1001, 1004, -1}, RETRY_FIXED},
	{{100, -1, 103, -1}, RETRY_FIXED},
	{{50, 101, 203, 401, -1}, RETRY_EXPONENTIAL},
	{{100, 200, 400, 400, 400, -1}, RETRY_EXPONENTIAL},
	{{700, 300, 500, 600, -1}, RETRY_JITTERED},
	{{100, -1, 900, -1, 500, -1}, RETRY_JITTERED},
	{{30, 90, -1, 50, 20, -1, 10, 100, -1}, RETRY_EXPONENTIAL_JITTERED},
	{{400, 1900, 3900, -1}, RETRY_EXPONENTIAL_JITTERED},
};

START_TEST(pauses_show_a_pattern)
{
	struct retry_step steps[RETRY_STEPS] = {0};

	for (int i = 0, number = 0; i < 12 && (i == 0 || patterns[_i].pauses[i]); i++) {
		if (patterns[_i].pauses[i] < 0)
			number = 0;
		else
			retry_step_add(
				&steps[number++], (uint64_t)patterns[_i].pauses[i] * 1000000);
	}
	ck_assert_str_eq(retry_pattern_name(retry_pattern(steps, RETRY_STEPS)),
		retry_pattern_name(patterns[_i].pattern));
}
END_TEST

static const struct {
	const char *sdk, *mode, *service;
	enum retry_outcome outcome;
	int attempts_max, most;
	unsigned pauses[3]; /* milliseconds */
	const char *name, *why;
} documented[] = {
	{"Boto3/1.40", "legacy", "s3", RETRY_SERVER_ERROR, 5, 5, {900, 1900, 3900},
		"botocore legacy", ""},
	{"Boto3/1.40", "legacy", "dynamodb", RETRY_THROTTLED, 10, 10, {50, 100, 200},
		"botocore legacy", ""},
	{"Boto3/1.40", "standard", "s3", RETRY_SERVER_ERROR, 3, 3, {900, 1800},
		"botocore standard before 2026", ""},
	{"aws-cli/2.30", "standard", "s3", RETRY_SERVER_ERROR, 3, 3, {40, 90}, "botocore standard",
		""},
	{"Boto3/1.44", "standard", "dynamodb", RETRY_THROTTLED, 4, 4, {900, 1900, 3900},
		"botocore standard", ""},
	{"Boto3/1.44", "standard", "s3", RETRY_SERVER_ERROR, 3, 3, {5000}, "botocore standard",
		"retry 1 came after 5000 ms, not after 50 at most"},
	{"Boto3/1.44", "standard", "s3", RETRY_SERVER_ERROR, 8, 8, {40}, "botocore standard",
		"it is set to at most 8 attempts, not 3"},
	{"Boto3/1.44", "standard", "s3", RETRY_SERVER_ERROR, 0, 8, {40}, "botocore standard",
		"a call had 8 attempts, not 3 at most"},
	{"Boto3/1.44", "adaptive", "s3", RETRY_THROTTLED, 3, 3, {2500, 2500}, "botocore adaptive",
		""},
	{"aws-sdk-js/3.1169.0", "standard", "s3", RETRY_THROTTLED, 3, 3, {990, 1990},
		"JavaScript v3 standard", ""},
	{"aws-sdk-java/2.57.8", "legacy", "s3", RETRY_SERVER_ERROR, 4, 4, {99, 190, 390},
		"Java v2 legacy", ""},
	{"aws-sdk-go-v2/1.48.0", "standard", "s3", RETRY_SERVER_ERROR, 3, 3, {900, 1900},
		"Go v2 standard before 2026", ""},
	{"aws-sdk-go-v2/1.48.0", "standard", "dynamodb", RETRY_SERVER_ERROR, 4, 4, {20, 45, 90},
		"Go v2 standard", ""},
	{"curl/7.88", "", "s3", RETRY_SERVER_ERROR, 0, 3, {10}, NULL, ""},
};

START_TEST(pauses_and_attempts_are_compared_with_what_the_sdk_documents)
{
	struct retry_step steps[RETRY_STEPS] = {0};
	struct retry_seen seen = {documented[_i].sdk, documented[_i].mode, documented[_i].service,
		documented[_i].outcome, documented[_i].attempts_max, documented[_i].most, steps,
		RETRY_STEPS};
	const struct retry_mode *mode;
	char why[RETRY_WHY_MAX];

	for (int i = 0; i < 3 && documented[_i].pauses[i]; i++)
		retry_step_add(&steps[i], documented[_i].pauses[i] * 1000000ull);
	mode = retry_documented(&seen, why);
	if (documented[_i].name)
		ck_assert_str_eq(mode->name, documented[_i].name);
	else
		ck_assert_ptr_null(mode);
	ck_assert_str_eq(why, documented[_i].why);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("retry");
	TCase *tests = tcase_create("retry");

	tcase_add_loop_test(
		tests, an_answer_tells_whether_it_is_to_be_tried_again, 0, COUNT(outcomes));
	tcase_add_loop_test(tests, pauses_show_a_pattern, 0, COUNT(patterns));
	tcase_add_loop_test(tests, pauses_and_attempts_are_compared_with_what_the_sdk_documents, 0,
		COUNT(documented));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "control/check.h"
#include "suite.h"

static int check(const char *text, enum table_list list, struct rule *rule, struct refusal *why)
{
	cJSON *sent = cJSON_Parse(text);
	int error;

	ck_assert_msg(sent, "%s", text);
	*why = (struct refusal){0};
	error = check_rule(sent, list, rule, why);
	cJSON_Delete(sent);
	return error;
}

/* {"service": "xxx…"} with `len` letters in the field. */
static const char *long_field(const char *start, const char *letter, int len, const char *end)
{
	static char text[64 << 10];
	char *at = stpcpy(text, start);

	while (len-- > 0)
		at = stpcpy(at, letter);
	strcpy(at, end);
	return text;
}

#define OUTAGE_CODE "ServiceUnavailableException"
#define GENERAL	    "Operation failed due to a simulated fault"

/* What stands for a field that was left out, and what does not. */
static const struct {
	enum table_list list;
	const char *text;
	struct rule rule;
} good[] = {
	{TABLE_FAULTS, "{}",
		{.probability = 1,
			.status = 503,
			.code = (char *)"ServiceUnavailable",
			.message_kind = TABLE_MESSAGE_OUTAGE}},
	{TABLE_FAULTS, "{\"error\": {}}",
		{.probability = 1,
			.status = 503,
			.code = (char *)"ServiceUnavailable",
			.message_kind = TABLE_MESSAGE_OUTAGE}},
	{TABLE_FAULTS, "{\"error\": {\"statusCode\": 599}}",
		{.probability = 1,
			.status = 599,
			.code = (char *)"ServiceUnavailable",
			.message_kind = TABLE_MESSAGE_OUTAGE}},
	{TABLE_FAULTS, "{\"error\": {\"code\": \"InvalidInstanceID.NotFound\"}}",
		{.probability = 1,
			.status = 503,
			.code = (char *)"InvalidInstanceID.NotFound",
			.message_kind = TABLE_MESSAGE_TEXT,
			.message = (char *)GENERAL}},
	{TABLE_FAULTS, "{\"error\": {\"message\": \"\"}}",
		{.probability = 1,
			.status = 503,
			.code = (char *)"ServiceUnavailable",
			.message_kind = TABLE_MESSAGE_TEXT,
			.message = (char *)""}},
	{TABLE_FAULTS,
		"{\"error\": {\"statusCode\": \"modeled\", \"code\": \"X\", \"message\": "
		"\"<&\\n\"}}",
		{.probability = 1,
			.status = 0,
			.code = (char *)"X",
			.message_kind = TABLE_MESSAGE_TEXT,
			.message = (char *)"<&\n"}},
	{TABLE_FAULTS,
		"{\"service\": \"s3*\", \"region\": \"*\", \"operation\": \"ListObjectsV?\", "
		"\"probability\": 0, \"description\": \"d\"}",
		{.probability = 0,
			.status = 503,
			.code = (char *)"ServiceUnavailable",
			.message_kind = TABLE_MESSAGE_OUTAGE,
			.service = (char *)"s3*",
			.operation = (char *)"ListObjectsV?"}},
	{TABLE_FAULTS, "{\"error\": {\"statusCode\": 400.0}, \"probability\": 0.3}",
		{.probability = 0.3,
			.status = 400,
			.code = (char *)"ServiceUnavailable",
			.message_kind = TABLE_MESSAGE_OUTAGE}},
	{TABLE_OUTAGES, "{\"service\": \"kms\", \"region\": \"us-*\"}",
		{.probability = 1,
			.status = 503,
			.code = (char *)OUTAGE_CODE,
			.message_kind = TABLE_MESSAGE_REGION_OUTAGE,
			.service = (char *)"kms",
			.region = (char *)"us-*"}},
	{TABLE_OUTAGES, "{}",
		{.probability = 1,
			.status = 503,
			.code = (char *)OUTAGE_CODE,
			.message_kind = TABLE_MESSAGE_REGION_OUTAGE}},
};

static void check_text(const char *got, const char *expected)
{
	ck_assert_pstr_eq(got, expected);
}

START_TEST(a_rule_gets_the_defaults_of_what_it_leaves_out)
{
	const struct rule *expected = &good[_i].rule;
	struct refusal why;
	struct rule rule;

	ck_assert_int_eq(check(good[_i].text, good[_i].list, &rule, &why), 0);
	ck_assert_int_eq(rule.list, good[_i].list);
	check_text(rule.service, expected->service);
	check_text(rule.region, expected->region);
	check_text(rule.operation, expected->operation);
	check_text(rule.code, expected->code);
	check_text(rule.message, expected->message);
	ck_assert_double_eq(rule.probability, expected->probability);
	ck_assert_int_eq(rule.status, expected->status);
	ck_assert_int_eq(rule.message_kind, expected->message_kind);
	rule_clear(&rule);
}
END_TEST

static const struct {
	enum table_list list;
	const char *text, *field, *message;
} bad[] = {
	{TABLE_FAULTS, "3", "", "an object, not a number"},
	{TABLE_FAULTS, "[]", "", "an object, not an array"},
	{TABLE_FAULTS, "{\"servce\": \"s3\"}", "servce",
		"is not a field here; known are: region, service, operation"},
	{TABLE_FAULTS, "{\"\": 1}", "\"\"", "is not a field here"},
	{TABLE_FAULTS, "{\"error\": {\"\": 1}}", "error.\"\"", "is not a field here"},
	{TABLE_FAULTS, "{\"Service\": \"s3\"}", "Service", "not a field"},
	{TABLE_FAULTS, "{\"service\": 3}", "service", "a string, not a number"},
	{TABLE_FAULTS, "{\"service\": null}", "service", "a string, not null"},
	{TABLE_FAULTS, "{\"service\": \"\"}", "service", "leave the field out"},
	{TABLE_FAULTS, "{\"service\": \"s 3\"}", "service", "' ' is not possible"},
	{TABLE_FAULTS, "{\"region\": \"us/east\"}", "region", "'/' is not possible"},
	{TABLE_FAULTS,
		"{\"operation\": \"Gr\xc3\xb6\xc3\x9f"
		"e\"}",
		"operation", "'\xc3\xb6'"},
	{TABLE_FAULTS, "{\"service\": \"a\", \"service\": \"b\"}", "service", "twice"},
	{TABLE_FAULTS, "{\"probability\": 1.5}", "probability", "0 to 1, not 1.5"},
	{TABLE_FAULTS, "{\"probability\": -0.1}", "probability", "0 to 1"},
	{TABLE_FAULTS, "{\"probability\": 1e999}", "probability", "0 to 1"},
	{TABLE_FAULTS, "{\"probability\": \"1\"}", "probability", "not a string"},
	{TABLE_FAULTS, "{\"probability\": true}", "probability", "not a boolean"},
	{TABLE_FAULTS, "{\"description\": 1}", "description", "not a number"},
	{TABLE_FAULTS, "{\"error\": \"503\"}", "error", "an object, not a string"},
	{TABLE_FAULTS, "{\"error\": {\"text\": \"\"}}", "error.text", "statusCode, code, message"},
	{TABLE_FAULTS, "{\"error\": {\"statusCode\": 399}}", "error.statusCode", "400 to 599"},
	{TABLE_FAULTS, "{\"error\": {\"statusCode\": 600}}", "error.statusCode", "not 600"},
	{TABLE_FAULTS, "{\"error\": {\"statusCode\": 500.5}}", "error.statusCode", "not 500.5"},
	{TABLE_FAULTS, "{\"error\": {\"statusCode\": 1e300}}", "error.statusCode", "400 to 599"},
	{TABLE_FAULTS, "{\"error\": {\"statusCode\": \"503\"}}", "error.statusCode", "modeled"},
	{TABLE_FAULTS, "{\"error\": {\"code\": \"a*\"}}", "error.code", "'*' is not possible"},
	{TABLE_FAULTS, "{\"error\": {\"code\": \"\"}}", "error.code", "empty"},
	{TABLE_FAULTS, "{\"error\": {\"message\": 1}}", "error.message", "a string"},
	{TABLE_OUTAGES, "{\"operation\": \"x\"}", "operation", "known are: service, region"},
	{TABLE_OUTAGES, "{\"probability\": 1}", "probability", "not a field"},
	{TABLE_OUTAGES, "{\"error\": {}}", "error", "not a field"},
};

START_TEST(a_bad_rule_is_refused_by_field_with_the_remedy)
{
	struct refusal why;
	struct rule rule;

	ck_assert_int_ne(check(bad[_i].text, bad[_i].list, &rule, &why), 0);
	ck_assert_int_eq(why.status, 400);
	ck_assert_str_eq(why.field, bad[_i].field);
	ck_assert_msg(strstr(why.message, bad[_i].message), "%s: %s", bad[_i].text, why.message);
}
END_TEST

static const struct {
	const char *start, *letter, *end;
	int max;
} limits[] = {
	{"{\"service\": \"", "a", "\"}", TABLE_NAME_MAX},
	{"{\"region\": \"", "a", "\"}", TABLE_NAME_MAX},
	{"{\"operation\": \"", "a", "\"}", TABLE_NAME_MAX},
	{"{\"error\": {\"code\": \"", "a", "\"}}", TABLE_CODE_MAX},
	{"{\"error\": {\"message\": \"", "a", "\"}}", TABLE_MESSAGE_MAX},
	{"{\"error\": {\"message\": \"", "\xc3\xb6", "\"}}", TABLE_MESSAGE_MAX / 2},
	{"{\"description\": \"", "\xc3\xb6", "\"}", 8192},
};

START_TEST(a_text_may_have_its_greatest_length_and_no_more)
{
	struct refusal why;
	struct rule rule;
	const char *text =
		long_field(limits[_i].start, limits[_i].letter, limits[_i].max, limits[_i].end);

	ck_assert_int_eq(check(text, TABLE_FAULTS, &rule, &why), 0);
	rule_clear(&rule);
	text = long_field(limits[_i].start, limits[_i].letter, limits[_i].max + 1, limits[_i].end);
	ck_assert_int_ne(check(text, TABLE_FAULTS, &rule, &why), 0);
	ck_assert_ptr_nonnull(strstr(why.message, "at most"));
}
END_TEST

static const struct {
	const char *text;
	int latency; /* -1: refused */
} effects[] = {
	{"{\"latency\": 0}", 0},
	{"{\"latency\": 1000}", 1000},
	{"{\"latency\": 3600000}", 3600000},
	{"{\"latency\": 3600001}", -1},
	{"{\"latency\": 1e300}", -1},
	{"{\"latency\": -1}", -1},
	{"{\"latency\": 1.5}", -1},
	{"{\"latency\": \"1\"}", -1},
	{"{\"latency\": 1, \"latency\": 2}", -1},
	{"{\"latency\": 1, \"jitter\": 2}", -1},
	{"{\"jitter\": 2}", -1},
	{"{}", -1},
	{"[]", -1},
	{"7", -1},
};

START_TEST(effects_are_a_latency_from_0_to_an_hour)
{
	cJSON *sent = cJSON_Parse(effects[_i].text);
	struct refusal why = {0};
	int latency = -1;

	ck_assert_int_eq(check_effects(sent, &latency, &why) == 0, effects[_i].latency >= 0);
	ck_assert_int_eq(latency, effects[_i].latency);
	cJSON_Delete(sent);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("check");
	TCase *tests = tcase_create("check");

	tcase_add_loop_test(tests, a_rule_gets_the_defaults_of_what_it_leaves_out, 0, COUNT(good));
	tcase_add_loop_test(tests, a_bad_rule_is_refused_by_field_with_the_remedy, 0, COUNT(bad));
	tcase_add_loop_test(
		tests, a_text_may_have_its_greatest_length_and_no_more, 0, COUNT(limits));
	tcase_add_loop_test(tests, effects_are_a_latency_from_0_to_an_hour, 0, COUNT(effects));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

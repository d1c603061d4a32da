/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "report_of.h"
#include "suite.h"
#include "tools/report/check.h"
#include "tools/report/expect.h"
#include "tools/report/operations.h"

static const struct {
	const char *text;
	enum expect_subject subject;
	const char *service, *operation, *rule; /* NULL: any, or none */
	enum expect_measure measure;
	enum expect_operator op;
	double number;
} read[] = {
	{"calls failed == 0", EXPECT_ALL, NULL, NULL, NULL, EXPECT_FAILED, EXPECT_EQUAL, 0},
	{" calls   failed==0 ", EXPECT_ALL, NULL, NULL, NULL, EXPECT_FAILED, EXPECT_EQUAL, 0},
	{"failed != 2", EXPECT_ALL, NULL, NULL, NULL, EXPECT_FAILED, EXPECT_UNEQUAL, 2},
	{"calls > 1", EXPECT_ALL, NULL, NULL, NULL, EXPECT_CALLS, EXPECT_ABOVE, 1},
	{"dynamodb.PutItem: faults >= 3", EXPECT_OPERATION, "dynamodb", "PutItem", NULL,
		EXPECT_FAULTS, EXPECT_LEAST, 3},
	{"s3.*:attempts<=4", EXPECT_OPERATION, "s3", "*", NULL, EXPECT_ATTEMPTS, EXPECT_MOST, 4},
	{"s3: status 503 == 1", EXPECT_OPERATION, "s3", NULL, NULL, EXPECT_STATUS, EXPECT_EQUAL, 1},
	{"lambda.Invoke: p99 < 2s", EXPECT_OPERATION, "lambda", "Invoke", NULL, EXPECT_P99,
		EXPECT_BELOW, 2e9},
	{"p50 < 1.5 ms", EXPECT_ALL, NULL, NULL, NULL, EXPECT_P50, EXPECT_BELOW, 1.5e6},
	{"p90 < 1m", EXPECT_ALL, NULL, NULL, NULL, EXPECT_P90, EXPECT_BELOW, 60e9},
	{"rule:my rule: taken == 3", EXPECT_RULE, NULL, NULL, "my rule", EXPECT_TAKEN, EXPECT_EQUAL,
		3},
	{"rule:\"a: b\": matched == 3", EXPECT_RULE, NULL, NULL, "a: b", EXPECT_MATCHED,
		EXPECT_EQUAL, 3},
};

static void same(const char *is, const char *wanted)
{
	if (wanted)
		ck_assert_str_eq(is, wanted);
	else
		ck_assert_ptr_null(is);
}

START_TEST(an_expectation_has_a_subject_a_measure_an_operator_and_a_value)
{
	struct expectation expectation;
	char reason[EXPECT_REASON_MAX];

	ck_assert_int_eq(expect_parse(read[_i].text, &expectation, reason), 0);
	ck_assert_int_eq(expectation.subject, read[_i].subject);
	same(expectation.service, read[_i].service);
	same(expectation.operation, read[_i].operation);
	same(expectation.rule, read[_i].rule);
	ck_assert_int_eq(expectation.left.measure, read[_i].measure);
	ck_assert_int_eq(expectation.op, read[_i].op);
	ck_assert(expectation.is_number);
	ck_assert_double_eq(expectation.number, read[_i].number);
	expect_free(&expectation);
}
END_TEST

START_TEST(the_value_may_be_another_measure_of_the_subject)
{
	struct expectation expectation;
	char reason[EXPECT_REASON_MAX];

	ck_assert_int_eq(expect_parse("rule:x: taken == planned", &expectation, reason), 0);
	ck_assert(!expectation.is_number);
	ck_assert_int_eq(expectation.right.measure, EXPECT_PLANNED);
	expect_free(&expectation);
}
END_TEST

static const struct {
	const char *text;
	int column;
	const char *reason; /* a part of it */
} refused[] = {
	{"", 1, "a measure of the run is missing; measures are calls, failed"},
	{"s3:", 4, "a measure of calls is missing"},
	{"rule:x:", 8, "measures are matched, planned, delivered, taken"},
	{"rule:taken == 1", 1, "a rule's name ends with a colon"},
	{"rule: : taken == 1", 6, "the name of a rule is missing"},
	{": calls == 1", 1, "this names no calls"},
	{"s3.: calls == 1", 1, "this names no calls"},
	{"s3.a.b: calls == 1", 1, "this names no calls"},
	{"s3.*: attempt <= 4", 7, "did you mean 'attempts'?"},
	{"s3: matched == 1", 5, "'matched' is no measure"},
	{"rule:x: faults == 1", 9, "'faults' is no measure of a rule"},
	{"s3: blind == 0", 5, "'blind' is no measure"},
	{"callsfailed == 0", 1, "'callsfailed' is no measure"},
	{"calls", 6, "a comparison is missing"},
	{"calls = 3", 7, "did you mean '=='?"},
	{"calls === 3", 9, "a number is missing"},
	{"calls ==", 9, "a number is missing"},
	{"calls == -1", 10, "0 or more"},
	{"calls == 3s", 11, "a number without a unit"},
	{"calls == 3 4", 12, "is too much"},
	{"calls == 3, faults == 1", 11, "one comparison is one --expect"},
	{"p99 < 2", 8, "say 2ms or 2s"},
	{"p99 < 2h", 8, "units are ns, us, ms, s, m"},
	{"p99 < calls", 7, "cannot be compared"},
	{"status 99 == 1", 8, "a status of HTTP"},
	{"status == 1", 8, "say 'status 503'"},
};

START_TEST(what_is_wrong_is_told_with_its_column_and_the_remedy)
{
	struct expectation expectation;
	char reason[EXPECT_REASON_MAX] = "";

	ck_assert_int_eq(expect_parse(refused[_i].text, &expectation, reason), refused[_i].column);
	ck_assert_msg(strstr(reason, refused[_i].reason), "%s: %s", refused[_i].text, reason);
	/* Nothing is left to be freed. */
	ck_assert_ptr_null(expectation.text);
}
END_TEST

/* ---- what is met ---- */

static struct verdict judge(const struct report *report, const char *text)
{
	struct expectation expectation;
	char reason[EXPECT_REASON_MAX];
	struct verdict verdict;

	ck_assert_int_eq(expect_parse(text, &expectation, reason), 0);
	check_expectation(report, &expectation, &verdict);
	verdict.expected = text;
	expect_free(&expectation);
	return verdict;
}

/* Of a run of one call with three attempts, and more that nobody has kept. */
static const struct {
	const char *text;
	uint64_t lost, unkept, unobserved;
	bool is_shared, is_met;
	const char *got;
} judged[] = {
	{"attempts <= 3", 0, 0, 0, false, true, "3"},
	{"attempts <= 3", 5, 0, 0, false, false, "not known: 5 attempts were not kept"},
	{"attempts <= 3", 0, 1, 0, false, false, "not known: 1 attempt was not kept"},
	{"attempts <= 3", 0, 0, 2, false, false, "not known: 2 attempts were not kept"},
	{"attempts <= 2", 5, 0, 0, false, false, "3 (5 attempts were not kept)"},
	{"attempts >= 3", 5, 0, 0, false, true, "3 (5 attempts were not kept)"},
	{"attempts >= 4", 5, 0, 0, false, false, "not known: 5 attempts were not kept"},
	{"requests == 3", 5, 0, 0, false, true, "3 (5 attempts were not kept)"},
	{"requests == 3", 0, 0, 2, false, false, "not known: 2 attempts were not kept"},
	{"requests == 3", 5, 0, 0, true, false, "not known: 5 attempts were not kept"},
	{"requests == 2", 5, 0, 0, true, false, "3 (5 attempts were not kept)"},
	{"failed == 0", 5, 0, 0, true, false, "not known: 5 attempts were not kept"},
	{"taken == planned", 5, 0, 0, false, false, "not known: 5 attempts were not kept"},
	{"blind == 0", 5, 5, 5, true, true, "0 (5 attempts were not kept)"},
};

START_TEST(what_attempts_that_are_missing_could_change_is_not_known)
{
	static const struct told told[] = {
		{.call = "a", .at = 0, .takes = 5, .status = 503, .code = "SlowDown"},
		{.call = "a", .at = 10, .takes = 5, .status = 503, .code = "SlowDown"},
		{.call = "a", .at = 20, .takes = 5, .status = 200},
	};
	struct report report = {.lost = judged[_i].lost,
		.unkept = judged[_i].unkept,
		.unobserved = judged[_i].unobserved,
		.is_shared = judged[_i].is_shared,
		.is_counted = !judged[_i].is_shared};
	struct verdict verdict;
	uint32_t place;

	tell_all(&report, told, COUNT(told));
	report.counted = calloc(1, sizeof(*report.counted));
	ck_assert_ptr_nonnull(report.counted);
	place = operations_find(report.counted->operations, SPAN("dynamodb"), SPAN("PutItem"));
	report.counted->operations[place].attempts = COUNT(told);
	verdict = judge(&report, judged[_i].text);
	ck_assert_str_eq(verdict.got, judged[_i].got);
	ck_assert_int_eq(verdict.is_met, judged[_i].is_met);
	report_free(&report);
}
END_TEST

START_TEST(an_answer_that_is_taken_makes_up_for_none_of_another_rule)
{
	static char first[] = "one", second[] = "two";
	struct report_rule rules[] = {
		{.id = 1, .name = first, .planned = 1, .taken = 2},
		{.id = 2, .name = second, .planned = 1, .taken = 0},
	};
	const struct report report = {.rules = rules, .rule_count = COUNT(rules)};
	struct verdict verdict;

	check_untaken(&report, &verdict);
	ck_assert(!verdict.is_met);
	ck_assert_str_eq(verdict.got, "1 of 2 were");
	ck_assert_str_eq(verdict.look, "two: 1 planned, 0 taken");
}
END_TEST

/* ---- durations ---- */

static struct journal counted;

/* A run with one call that took so long, and whether the attempt itself was kept. */
static void one_call(struct report *report, unsigned ms, bool is_kept)
{
	const struct event event = {
		.started = 1, .status = 200, .end = EVENT_WHOLE, .ended = ms * 1000000ull};
	struct operation *line;

	memset(&counted, 0, sizeof(counted));
	*report = (struct report){.counted = &counted};
	line = &counted.operations[operations_find(
		counted.operations, SPAN("dynamodb"), SPAN("PutItem"))];
	operations_begin(line, &event);
	operations_end(line, &event);
	if (is_kept)
		tell_all(report, &(struct told){.status = 200, .takes = ms}, 1);
}

static void free_call(struct report *report)
{
	report->counted = NULL;
	report_free(report);
}

static const struct {
	const char *text;
	unsigned ms;
	bool is_kept, is_met;
} durations[] = {
	{"p99 < 2s", 2010, true, false},
	{"p99 < 2s", 2010, false, false},
	{"p99 <= 2s", 2010, true, false},
	{"p99 < 2s", 1999, true, true},
	{"p99 < 2s", 1500, false, true},
	{"p50 >= 500ms", 500, true, true},
	{"p50 > 499ms", 500, true, true},
	{"p50 >= 500ms", 499, true, false},
	{"p50 >= 500ms", 499, false, false},
	{"p50 == 500ms", 500, true, true},
	{"p50 == p99", 500, true, true},
};

START_TEST(a_duration_is_exact_or_on_the_side_that_passes_nothing_by_mistake)
{
	struct expectation expectation;
	char reason[EXPECT_REASON_MAX];
	struct verdict verdict;
	struct report report;

	one_call(&report, durations[_i].ms, durations[_i].is_kept);
	ck_assert_int_eq(expect_parse(durations[_i].text, &expectation, reason), 0);
	check_expectation(&report, &expectation, &verdict);
	ck_assert_msg(verdict.is_met == durations[_i].is_met, "%s: got %s", verdict.expected,
		verdict.got);
	expect_free(&expectation);
	free_call(&report);
}
END_TEST

START_TEST(an_operation_tells_the_durations_of_attempts_that_were_kept)
{
	struct stats_operation *all;
	struct report report;
	uint32_t count;

	one_call(&report, 2010, true);
	all = operations_all(&report, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(all->p50, 2010000000);
	ck_assert_uint_eq(all->p99, 2010000000);
	free(all);
	free_call(&report);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("expectation");
	TCase *tests = tcase_create("grammar");

	tcase_add_loop_test(tests, an_expectation_has_a_subject_a_measure_an_operator_and_a_value,
		0, COUNT(read));
	tcase_add_test(tests, the_value_may_be_another_measure_of_the_subject);
	tcase_add_loop_test(
		tests, what_is_wrong_is_told_with_its_column_and_the_remedy, 0, COUNT(refused));
	tcase_add_loop_test(
		tests, what_attempts_that_are_missing_could_change_is_not_known, 0, COUNT(judged));
	tcase_add_test(tests, an_answer_that_is_taken_makes_up_for_none_of_another_rule);
	tcase_add_loop_test(tests,
		a_duration_is_exact_or_on_the_side_that_passes_nothing_by_mistake, 0,
		COUNT(durations));
	tcase_add_test(tests, an_operation_tells_the_durations_of_attempts_that_were_kept);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

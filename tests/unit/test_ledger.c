/* SPDX-License-Identifier: Apache-2.0 */
/* What a ledger says of calls. */

#include "report_of.h"
#include "suite.h"
#include "tools/report/ledger.h"

static struct report report;
static struct ledger ledger;

static void setup(void)
{
	report = (struct report){0};
}

static void teardown(void)
{
	ledger_free(&ledger);
	report_free(&report);
}

static void keep(const struct told *told, size_t count)
{
	tell_all(&report, told, count);
	ledger_make(&ledger, &report);
}

#define KEEP(told) keep(told, COUNT(told))
#define KEEPS(...)                                                                                 \
	do {                                                                                       \
		static const struct told all[] = {__VA_ARGS__};                                    \
		KEEP(all);                                                                         \
	} while (0)

#define THROTTLED .status = 400, .code = "ThrottlingException"
#define BROKEN	  .status = 500, .code = "InternalError"
#define REFUSED	  .status = 400, .code = "ValidationException"

static bool is_said(enum ledger_finding finding)
{
	for (uint32_t i = 0; i < ledger.said_count; i++)
		if (ledger.said[i].finding == finding)
			return true;
	return false;
}

START_TEST(nothing_is_said_of_calls_that_succeed)
{
	KEEPS({.call = "a", .at = 0, .status = 200}, {.call = "b", .at = 1, .status = 200},
		{.at = 2, .status = 200}, {.at = 3, .status = 200});
	ck_assert_uint_eq(ledger.call_count, 4);
	ck_assert_uint_eq(ledger.group_count, 0);
	ck_assert_uint_eq(ledger.said_count, 0);
}
END_TEST

START_TEST(nothing_is_said_of_a_retry_as_it_should_be)
{
	KEEPS({.call = "a", .at = 0, .takes = 5, THROTTLED},
		{.call = "a", .at = 405, .takes = 5, .status = 200});
	ck_assert_uint_eq(ledger.call_count, 1);
	ck_assert_uint_eq(ledger.group_count, 1);
	ck_assert_uint_eq(ledger.groups[0].attempts, 2);
	ck_assert_uint_eq(ledger.groups[0].steps[0].most, 400000000);
	ck_assert_uint_eq(ledger.groups[0].failed, 0);
	ck_assert_uint_eq(ledger.said_count, 0);
}
END_TEST

START_TEST(a_call_that_gives_up_at_once_is_told_of)
{
	KEEPS({.call = "a", THROTTLED}, {.call = "b", .at = 40000, .status = 200});
	ck_assert(is_said(LEDGER_GAVE_UP));
	ck_assert_uint_eq(ledger.said_count, 1);
}
END_TEST

START_TEST(a_call_that_was_refused_is_not_told_of)
{
	KEEPS({.call = "a", REFUSED}, {.call = "b", .at = 9, REFUSED});
	ck_assert_uint_eq(ledger.said_count, 0);
}
END_TEST

START_TEST(what_is_refused_must_not_be_tried_again)
{
	KEEPS({.call = "a", REFUSED}, {.call = "a", .at = 900, REFUSED});
	ck_assert(is_said(LEDGER_MUST_NOT));
	ck_assert_uint_eq(ledger.said_count, 1);
}
END_TEST

START_TEST(attempts_without_an_invocation_id_are_one_call_after_a_failure)
{
	KEEPS({.at = 0, BROKEN}, {.at = 1000, BROKEN}, {.at = 3000, .status = 200},
		{.at = 3100, .status = 200});
	ck_assert_uint_eq(ledger.call_count, 2);
	ck_assert_uint_eq(ledger.calls[0].count, 3);
	ck_assert_int_eq(ledger.calls[0].pattern, RETRY_EXPONENTIAL);
	ck_assert_uint_eq(ledger.said_count, 0);
}
END_TEST

START_TEST(attempts_of_other_bodies_or_long_after_are_other_calls)
{
	KEEPS({.at = 0, .body = 1, THROTTLED}, {.at = 10, .body = 2, THROTTLED},
		{.at = 40000, .body = 2, THROTTLED},
		{.at = 40010, .body = 2, .resource = "b", THROTTLED});
	ck_assert_uint_eq(ledger.call_count, 4);
}
END_TEST

START_TEST(attempts_at_the_same_time_are_other_calls)
{
	KEEPS({.at = 0, .takes = 100, THROTTLED}, {.at = 50, .takes = 100, THROTTLED});
	ck_assert_uint_eq(ledger.call_count, 2);
}
END_TEST

START_TEST(many_attempts_without_a_pause_are_a_storm)
{
	KEEPS({.at = 0, BROKEN}, {.at = 1, BROKEN}, {.at = 2, BROKEN}, {.at = 3, .status = 200});
	ck_assert(is_said(LEDGER_STORM));
	ck_assert_uint_eq(ledger.said_count, 1);
}
END_TEST

START_TEST(calls_that_repeat_what_was_tried_again_multiply)
{
	KEEPS({.call = "a", .at = 0, THROTTLED}, {.call = "a", .at = 500, THROTTLED},
		{.call = "b", .at = 1500, THROTTLED}, {.call = "b", .at = 2000, THROTTLED},
		{.call = "c", .at = 3000, .status = 200});
	ck_assert(is_said(LEDGER_LAYERS));
	ck_assert_uint_eq(ledger.said_count, 1);
	ck_assert_uint_eq(ledger.calls[2].layers, 3);
	ck_assert_uint_eq(ledger.calls[2].layered_attempts, 5);
}
END_TEST

START_TEST(a_loop_over_other_items_multiplies_nothing)
{
	KEEPS({.call = "a", .at = 0, .body = 1, THROTTLED},
		{.call = "a", .at = 500, .body = 1, THROTTLED},
		{.call = "b", .at = 1500, .body = 2, THROTTLED},
		{.call = "b", .at = 2000, .body = 2, THROTTLED});
	ck_assert_uint_eq(ledger.said_count, 0);
}
END_TEST

START_TEST(fewer_attempts_after_many_retries_are_an_exhausted_quota)
{
	struct told told[48] = {0};
	char names[24][8];

	for (unsigned i = 0; i < 47; i++) {
		snprintf(names[i / 2], sizeof(names[0]), "%u", i / 2);
		told[i] = (struct told){.call = names[i / 2],
			.at = i * 500,
			.body = i / 2 + 1,
			THROTTLED,
			.attempts_max = 2,
			.mode = "standard"};
	}
	told[47] = told[46];
	keep(told, 47);
	ck_assert(is_said(LEDGER_QUOTA));
	ck_assert_uint_eq(ledger.said_count, 1);
}
END_TEST

static const struct {
	struct told first, second;
	enum ledger_finding finding; /* LEDGER_FINDINGS: nothing is said */
} resent[] = {
	{{.call = "a", BROKEN, .token = EVENT_TOKEN_MISSING},
		{.call = "a", .at = 500, .status = 200, .token = EVENT_TOKEN_MISSING},
		LEDGER_NO_TOKEN},
	{{.call = "a", .status = 0, .token = EVENT_TOKEN_MISSING},
		{.call = "a", .at = 500, .status = 200, .token = EVENT_TOKEN_MISSING},
		LEDGER_NO_TOKEN},
	{{.call = "a", .status = 503, .token = EVENT_TOKEN_MISSING},
		{.call = "a", .at = 500, .status = 200, .token = EVENT_TOKEN_MISSING},
		LEDGER_FINDINGS},
	{{.call = "a", BROKEN, .token = 77}, {.call = "a", .at = 500, .status = 200, .token = 77},
		LEDGER_FINDINGS},
	{{.call = "a", BROKEN}, {.call = "a", .at = 500, .status = 200}, LEDGER_FINDINGS},
	{{.call = "a", BROKEN, .token = 77}, {.call = "b", .at = 500, .status = 200, .token = 78},
		LEDGER_OTHER_TOKEN},
	{{.call = "a", BROKEN, .token = 77}, {.call = "b", .at = 500, .status = 200, .token = 77},
		LEDGER_FINDINGS},
};

START_TEST(what_may_have_been_done_is_to_be_sent_again_with_the_same_token)
{
	keep(&resent[_i].first, 2);
	ck_assert_uint_eq(ledger.said_count, resent[_i].finding != LEDGER_FINDINGS);
	if (ledger.said_count)
		ck_assert_str_eq(ledger_finding_name(ledger.said[0].finding),
			ledger_finding_name(resent[_i].finding));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ledger");
	TCase *tests = tcase_create("ledger");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, nothing_is_said_of_calls_that_succeed);
	tcase_add_test(tests, nothing_is_said_of_a_retry_as_it_should_be);
	tcase_add_test(tests, a_call_that_gives_up_at_once_is_told_of);
	tcase_add_test(tests, a_call_that_was_refused_is_not_told_of);
	tcase_add_test(tests, what_is_refused_must_not_be_tried_again);
	tcase_add_test(tests, attempts_without_an_invocation_id_are_one_call_after_a_failure);
	tcase_add_test(tests, attempts_of_other_bodies_or_long_after_are_other_calls);
	tcase_add_test(tests, attempts_at_the_same_time_are_other_calls);
	tcase_add_test(tests, many_attempts_without_a_pause_are_a_storm);
	tcase_add_test(tests, calls_that_repeat_what_was_tried_again_multiply);
	tcase_add_test(tests, a_loop_over_other_items_multiplies_nothing);
	tcase_add_test(tests, fewer_attempts_after_many_retries_are_an_exhausted_quota);
	tcase_add_loop_test(tests, what_may_have_been_done_is_to_be_sent_again_with_the_same_token,
		0, COUNT(resent));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

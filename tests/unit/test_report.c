/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "control/memory.h"
#include "control/stats.h"
#include "suite.h"
#include "tools/report/base.h"
#include "tools/report/calls.h"
#include "tools/report/markup.h"
#include "tools/report/missed.h"
#include "tools/report/style.h"

/* ---- texts ---- */

START_TEST(a_text_is_kept_once)
{
	struct texts texts = {0};
	uint32_t first = texts_put(&texts, SPAN("s3")), number;
	char name[16];

	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		number = texts_put(&texts, span_of(name));
		ck_assert_str_eq(texts_get(&texts, number), name);
		ck_assert_uint_eq(texts_put(&texts, span_of(name)), number);
	}
	ck_assert_uint_eq(texts_put(&texts, SPAN("s3")), first);
	ck_assert_uint_eq(texts_put(&texts, SPAN("")), 0);
	ck_assert_str_eq(texts_get(&texts, 0), "");
	ck_assert_str_eq(texts_get(&texts, 1000000), "");
	texts_free(&texts);
}
END_TEST

START_TEST(a_text_of_a_program_holds_nothing_that_a_terminal_obeys)
{
	struct texts texts = {0};
	uint32_t number = texts_put(&texts, SPAN("a\033[2J\n\xff\xc3\xa9"));

	ck_assert_str_eq(texts_get(&texts, number), "a?[2J??\xc3\xa9");
	texts_free(&texts);
}
END_TEST

/* ---- markup ---- */

static const struct {
	const char *text, *markup;
} texts[] = {
	{"plain", "plain"},
	{"<a href=\"x\">&'", "&lt;a href=&quot;x&quot;&gt;&amp;&#39;"},
	{"a\001b\177\033", "a?b??"},
	{"\xc3\xa9\xff", "\xc3\xa9?"},
	{"\xef\xbf\xbf!", "?!"},
	{"a\nb\tc", "a\nb\tc"},
};

START_TEST(markup_is_escaped_and_what_xml_cannot_hold_is_replaced)
{
	char *written;
	size_t len;
	FILE *out = open_memstream(&written, &len);

	markup_text(out, texts[_i].text);
	fclose(out);
	ck_assert_str_eq(written, texts[_i].markup);
	free(written);
}
END_TEST

/* ---- calls ---- */

static struct report report;

/* An attempt of a call "dynamodb.PutItem"; `call` 0: it does not say which. */
static struct report_attempt *add(uint32_t pid, int call, int attempt, int status)
{
	struct report_attempt *one;
	char id[16];

	report.attempts = sure(
		reallocarray(report.attempts, report.attempt_count + 1, sizeof(*report.attempts)));
	one = &report.attempts[report.attempt_count++];
	snprintf(id, sizeof(id), "%d", call);
	*one = (struct report_attempt){.pid = pid,
		.attempt = (uint16_t)attempt,
		.status = (uint16_t)status,
		.end = EVENT_WHOLE};
	if (call)
		one->texts[EVENT_INVOCATION] = texts_put(&report.texts, span_of(id));
	one->texts[EVENT_SERVICE] = texts_put(&report.texts, SPAN("dynamodb"));
	one->texts[EVENT_OPERATION] = texts_put(&report.texts, SPAN("PutItem"));
	one->texts[EVENT_REGION] = texts_put(&report.texts, SPAN("eu-west-1"));
	return one;
}

static void forget(void)
{
	report_free(&report);
}

START_TEST(attempts_with_one_id_of_one_process_are_one_call)
{
	add(1, 7, 1, 503);
	add(1, 8, 1, 200);
	add(2, 7, 1, 503);
	add(1, 7, 2, 200);
	calls_find(&report);
	ck_assert_uint_eq(report.call_count, 3);
	ck_assert_uint_eq(report.calls[0].attempts, 2);
	ck_assert_uint_eq(report.calls[0].first, 0);
	ck_assert_uint_eq(report.attempts[0].next, 3);
	ck_assert_uint_eq(report.attempts[3].next, REPORT_NONE);
	ck_assert(!report_call_failed(&report.calls[0]));
	ck_assert(report_call_failed(&report.calls[2]));
}
END_TEST

START_TEST(attempts_that_say_no_id_are_calls_of_their_own)
{
	add(1, 0, 0, 503);
	add(1, 0, 0, 200);
	calls_find(&report);
	ck_assert_uint_eq(report.call_count, 2);
}
END_TEST

START_TEST(an_answer_that_was_cut_off_is_no_success)
{
	add(1, 7, 1, 200)->end = EVENT_CUT;
	calls_find(&report);
	ck_assert(report_call_failed(&report.calls[0]));
}
END_TEST

/* As the journal counts them, which knows of no calls. */
static struct stats_operation counted(void)
{
	struct stats_operation stats = {0};
	uint32_t place = 0;

	report.counted = sure(calloc(1, sizeof(*report.counted)));
	for (uint32_t i = 0; i < report.attempt_count; i++) {
		const struct event event = {.attempt = report.attempts[i].attempt,
			.status = report.attempts[i].status,
			.end = report.attempts[i].end};

		place = operations_find(
			report.counted->operations, SPAN("dynamodb"), SPAN("PutItem"));
		operations_begin(&report.counted->operations[place], &event);
		operations_end(&report.counted->operations[place], &event);
	}
	calls_find(&report);
	calls_count(&report);
	stats_read(report.counted, place, &stats);
	return stats;
}

START_TEST(a_call_seen_from_its_second_attempt_hides_no_failed_one)
{
	struct stats_operation stats;

	add(1, 7, 2, 200);
	add(1, 8, 1, 400);
	stats = counted();
	ck_assert_uint_eq(stats.calls, 2);
	ck_assert_uint_eq(stats.failed, 1);
	ck_assert_uint_eq(stats.recovered, 1);
}
END_TEST

START_TEST(attempts_that_all_say_they_are_the_first_are_one_call)
{
	struct stats_operation stats;

	add(1, 7, 1, 500);
	add(1, 7, 1, 200);
	stats = counted();
	ck_assert_uint_eq(stats.calls, 1);
	ck_assert_uint_eq(stats.failed, 0);
	ck_assert_uint_eq(stats.recovered, 1);
}
END_TEST

/* ---- connections that could not be looked into ---- */

#define RUN 3

static struct journal *journal;
static struct base *base;

static void begin_run(bool is_private)
{
	journal = sure(calloc(1, sizeof(*journal)));
	base = base_note(journal);
	report.is_private = is_private;
	report.run = RUN;
}

/* The only line of the list is taken by a process, whose connection to a host of AWS is blind. */
static void connect_blindly(uint32_t pid, uint32_t run)
{
	struct journal_process *process = &journal->processes[0];

	atomic_store(&process->pid, pid);
	atomic_store(&process->run, run);
	atomic_store(&process->blind_aws, 1);
	atomic_store(&process->blind_hosts[0].reason, 1);
	snprintf(process->blind_hosts[0].host, sizeof(process->blind_hosts[0].host), "host%u", pid);
	atomic_fetch_add(&journal->blind_aws, 1);
}

static void end_run(void)
{
	base_compare(base, journal, &report);
	base_free(base);
	free(journal);
}

START_TEST(a_blind_connection_is_named_when_its_line_is_taken_by_another_process)
{
	begin_run(true);
	connect_blindly(UINT32_MAX, RUN);
	base_look(base, journal);
	connect_blindly(UINT32_MAX - 1, RUN);
	base_look(base, journal);
	end_run();
	ck_assert_uint_eq(report.blind_aws, 2);
	ck_assert_uint_eq(report.blind_count, 2);
	ck_assert_str_eq(texts_get(&report.texts, report.blind[0].host), "host4294967295");
	ck_assert_str_eq(texts_get(&report.texts, report.blind[1].host), "host4294967294");
}
END_TEST

START_TEST(a_blind_connection_is_counted_when_nobody_has_seen_its_line)
{
	begin_run(_i);
	connect_blindly(UINT32_MAX, RUN);
	connect_blindly(UINT32_MAX - 1, RUN);
	end_run();
	ck_assert_uint_eq(report.blind_aws, 2);
	ck_assert_uint_eq(report.blind_count, 1);
}
END_TEST

START_TEST(a_blind_connection_of_others_is_none_of_the_runs)
{
	begin_run(false);
	connect_blindly(UINT32_MAX, RUN + 1);
	end_run();
	ck_assert_uint_eq(report.blind_aws, 0);
	ck_assert_uint_eq(report.blind_count, 0);
}
END_TEST

/* ---- rules that matched nothing ---- */

static const struct {
	const char *service, *region, *operation;
	const char *also;  /* of the call */
	const char *field; /* NULL: none differs */
} rules[] = {
	{"dynamodb", NULL, "PutItems", NULL, "operation"},
	{"dynamodb", "us-*", NULL, NULL, "region"},
	{"dynamodb", "us-*", "GetItem", NULL, "region"},
	{"dynamo", NULL, NULL, NULL, "service"},
	{"docdb", NULL, NULL, "neptune,docdb", NULL},
	{"d*", "eu-*", "Put*", NULL, NULL},
};

START_TEST(what_differs_from_the_nearest_call_is_found_as_rules_are_tried)
{
	struct report_rule rule = {.service = (char *)rules[_i].service,
		.region = (char *)rules[_i].region,
		.operation = (char *)rules[_i].operation,
		.name = (char *)"faults 1"};
	struct missed missed;
	struct report_attempt *attempt = add(1, 7, 1, 200);

	if (rules[_i].also)
		attempt->texts[EVENT_ALSO] = texts_put(&report.texts, span_of(rules[_i].also));
	ck_assert(missed_find(&report, &rule, &missed));
	ck_assert_ptr_nonnull(missed.nearest);
	if (rules[_i].field)
		ck_assert_str_eq(missed.field, rules[_i].field);
	else
		ck_assert_ptr_null(missed.field);
}
END_TEST

START_TEST(the_nearest_call_is_the_one_in_which_the_fewest_letters_differ)
{
	struct report_rule rule = {.operation = (char *)"ListTable", .name = (char *)"faults 1"};
	struct missed missed;

	add(1, 1, 1, 200);
	add(2, 2, 1, 200)->texts[EVENT_OPERATION] = texts_put(&report.texts, SPAN("ListTables"));
	ck_assert(missed_find(&report, &rule, &missed));
	ck_assert_uint_eq(missed.nearest->pid, 2);
	ck_assert_str_eq(missed.why,
		"the operation differs: the rule says ListTable, the call had ListTables");
}
END_TEST

START_TEST(a_rule_that_has_matched_has_missed_nothing)
{
	const struct report_rule rule = {.matched = 1};
	struct missed missed;

	ck_assert(!missed_find(&report, &rule, &missed));
}
END_TEST

/* ---- numbers ---- */

static const struct {
	uint64_t ns;
	const char *text;
} durations[] = {
	{0, "0.00 ms"},
	{120000, "0.12 ms"},
	{9994999, "9.99 ms"},
	{12400000, "12 ms"},
	{1500000000, "1.50 s"},
};

START_TEST(durations_have_three_digits_and_a_unit)
{
	char text[STYLE_DURATION_MAX];

	ck_assert_str_eq(style_duration(durations[_i].ns, text), durations[_i].text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tests = tcase_create("report");

	tcase_add_checked_fixture(tests, NULL, forget);
	tcase_add_test(tests, a_text_is_kept_once);
	tcase_add_test(tests, a_text_of_a_program_holds_nothing_that_a_terminal_obeys);
	tcase_add_loop_test(
		tests, markup_is_escaped_and_what_xml_cannot_hold_is_replaced, 0, COUNT(texts));
	tcase_add_test(tests, attempts_with_one_id_of_one_process_are_one_call);
	tcase_add_test(tests, attempts_that_say_no_id_are_calls_of_their_own);
	tcase_add_test(tests, an_answer_that_was_cut_off_is_no_success);
	tcase_add_test(tests, a_call_seen_from_its_second_attempt_hides_no_failed_one);
	tcase_add_test(tests, attempts_that_all_say_they_are_the_first_are_one_call);
	tcase_add_test(
		tests, a_blind_connection_is_named_when_its_line_is_taken_by_another_process);
	tcase_add_loop_test(
		tests, a_blind_connection_is_counted_when_nobody_has_seen_its_line, 0, 2);
	tcase_add_test(tests, a_blind_connection_of_others_is_none_of_the_runs);
	tcase_add_loop_test(tests, what_differs_from_the_nearest_call_is_found_as_rules_are_tried,
		0, COUNT(rules));
	tcase_add_test(tests, the_nearest_call_is_the_one_in_which_the_fewest_letters_differ);
	tcase_add_test(tests, a_rule_that_has_matched_has_missed_nothing);
	tcase_add_loop_test(tests, durations_have_three_digits_and_a_unit, 0, COUNT(durations));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

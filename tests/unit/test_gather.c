/* SPDX-License-Identifier: Apache-2.0 */
/* How a report is filled while a run goes on. */

#include <stdlib.h>

#include "control/memory.h"
#include "suite.h"
#include "tools/report/gather.h"

static struct journal *journal;

static void write_one(void)
{
	const struct event event = {.status = 200, .pid = 7};

	event_write(journal->events, JOURNAL_EVENTS, &journal->event_head, &event);
}

/* A program is as fast as whoever is told of its calls; it would have no end but for this. */
static void write_another(void *context, __attribute__((unused)) const struct report *report,
	__attribute__((unused)) const struct report_attempt *attempt,
	__attribute__((unused)) const struct event *event)
{
	uint32_t *told = context;

	if (++*told < 3 * JOURNAL_EVENTS)
		write_one();
}

START_TEST(a_turn_takes_no_more_events_than_the_journal_holds)
{
	struct report report = {.folder = "/nonexistent", .is_private = true};
	uint32_t told = 0;
	struct gather gather = {
		.report = &report, .told = write_another, .context = &told, .keeps_nothing = true};
	struct observe observe = {.folder = "/nonexistent", .fd = -1};

	journal = sure(calloc(1, sizeof(*journal)));
	observe.journal = journal;
	gather_begin(&gather, &report, &observe);
	write_one();
	ck_assert_uint_eq(gather_more(&gather), JOURNAL_EVENTS);
	ck_assert_uint_eq(told, JOURNAL_EVENTS);
	gather_drop(&gather);
	report_free(&report);
	free(journal);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gather");
	TCase *tests = tcase_create("gather");

	tcase_add_test(tests, a_turn_takes_no_more_events_than_the_journal_holds);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

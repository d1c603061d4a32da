/* SPDX-License-Identifier: Apache-2.0 */
/* For how long calls are observed, and by whom. */

#include <stdio.h>
#include <unistd.h>

#include "control/api.h"
#include "control/observe.h"
#include "suite.h"

static char folder[] = "/tmp/chaos-test-XXXXXX";
static struct writer writer;
static struct api api;
static struct refusal why;

static void setup(void)
{
	const char *reason = "";

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(writer_open(&writer, folder, &reason), 0);
	api = (struct api){.lock = PTHREAD_MUTEX_INITIALIZER, .writer = &writer, .folder = folder};
	why = (struct refusal){0};
	ck_assert_int_eq(api_start(&api, &why), 0);
}

static void teardown(void)
{
	char path[64];

	api_stop(&api, &why);
	writer_close(&writer);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, i ? "table" : "journal");
		unlink(path);
	}
	rmdir(folder);
}

/* What programs see. */
static bool is_observed(void)
{
	return table_look(writer.table).slot->head->flags & TABLE_OBSERVED;
}

static uint64_t generation(void)
{
	return table_look(writer.table).generation;
}

static void answer(const char *method, const char *path, int status)
{
	const struct api_request request = {.method = method, .path = path, .body = ""};
	struct api_answer given = {0};

	api_answer(&api, &request, &given);
	ck_assert_int_eq(given.status, status);
	if (given.feed)
		api_end_feed(&api, given.feed);
	free(given.body);
}

static void let_lease_end(void)
{
	api.observe.until = 1;
	ck_assert(!observe_expire(&api));
}

START_TEST(nobody_observes_at_first)
{
	ck_assert(!is_observed());
	ck_assert(!observe_expire(&api));
}
END_TEST

START_TEST(a_lease_ends_by_itself)
{
	ck_assert_int_eq(observe_renew(&api, &why), 0);
	ck_assert(is_observed());
	ck_assert(observe_expire(&api));
	ck_assert(is_observed());
	let_lease_end();
	ck_assert(!is_observed());
}
END_TEST

START_TEST(a_lease_that_is_renewed_publishes_nothing)
{
	uint64_t before;

	observe_renew(&api, &why);
	before = generation();
	api.observe.until = 1;
	ck_assert_int_eq(observe_renew(&api, &why), 0);
	ck_assert(observe_expire(&api));
	ck_assert_uint_eq(generation(), before);
}
END_TEST

START_TEST(a_reader_holds_the_lease_and_leaves_a_minute_of_it)
{
	ck_assert_int_eq(observe_reader_begins(&api, &why), 0);
	api.observe.until = 1;
	ck_assert(observe_expire(&api));
	ck_assert(is_observed());
	observe_reader_ends(&api);
	ck_assert(observe_expire(&api));
	ck_assert(is_observed());
	let_lease_end();
	ck_assert(!is_observed());
}
END_TEST

START_TEST(what_is_kept_outlasts_a_lease)
{
	answer("POST", "/_chaos/observe", 200);
	answer("GET", "/_chaos/stats", 200);
	let_lease_end();
	ck_assert(is_observed());
	answer("DELETE", "/_chaos/observe", 200);
	ck_assert(!is_observed());
}
END_TEST

START_TEST(a_lease_outlasts_a_change_of_the_rules)
{
	const struct api_request request = {
		.method = "POST", .path = "/outages", .body = "[]", .len = 2};
	struct api_answer given = {0};

	observe_renew(&api, &why);
	api_answer(&api, &request, &given);
	free(given.body);
	ck_assert(is_observed());
}
END_TEST

START_TEST(readers_are_limited)
{
	for (int i = 0; i < OBSERVE_READERS; i++)
		ck_assert_int_eq(observe_reader_begins(&api, &why), 0);
	answer("GET", "/_chaos/events", 503);
	answer("GET", "/_chaos/snapshot", 503);
	answer("GET", "/_chaos/stats", 200);
	observe_reader_ends(&api);
	answer("GET", "/_chaos/events", 200);
	answer("GET", "/_chaos/snapshot", 200);
}
END_TEST

START_TEST(a_lease_lets_nothing_observe_after_the_end)
{
	observe_renew(&api, &why);
	ck_assert_int_eq(api_stop(&api, &why), 0);
	ck_assert(!is_observed());
	ck_assert(!observe_expire(&api));
}
END_TEST

START_TEST(a_lease_outlasts_a_daemon_that_is_killed)
{
	const char *reason = "";

	observe_renew(&api, &why);
	writer_close(&writer);
	ck_assert_int_eq(writer_open(&writer, folder, &reason), 0);
	api.observe.until = 0;
	ck_assert_int_eq(api_start(&api, &why), 0);
	ck_assert(is_observed());
	let_lease_end();
	ck_assert(!is_observed());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("observe");
	TCase *tests = tcase_create("observe");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, nobody_observes_at_first);
	tcase_add_test(tests, a_lease_ends_by_itself);
	tcase_add_test(tests, a_lease_outlasts_a_daemon_that_is_killed);
	tcase_add_test(tests, a_lease_that_is_renewed_publishes_nothing);
	tcase_add_test(tests, a_reader_holds_the_lease_and_leaves_a_minute_of_it);
	tcase_add_test(tests, what_is_kept_outlasts_a_lease);
	tcase_add_test(tests, a_lease_outlasts_a_change_of_the_rules);
	tcase_add_test(tests, readers_are_limited);
	tcase_add_test(tests, a_lease_lets_nothing_observe_after_the_end);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which events a client gets, and as what text. */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "control/event_json.h"
#include "control/event_reader.h"
#include "control/feed.h"
#include "suite.h"

static struct journal *journal;
static const struct query all;

static void setup(void)
{
	journal = mmap(NULL, sizeof(*journal), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(journal, MAP_FAILED);
}

static void teardown(void)
{
	munmap(journal, sizeof(*journal));
}

static void write_one(const char *service, const char *operation)
{
	struct event event = {.status = 200, .pid = 7, .rule = 9};

	event_add(&event, EVENT_SERVICE, span_of(service));
	event_add(&event, EVENT_OPERATION, span_of(operation));
	event_write(journal->events, JOURNAL_EVENTS, &journal->event_head, &event);
}

static void write_many(uint64_t count)
{
	while (count--)
		write_one("s3", "GetObject");
}

/* What a feed says until it has nothing to say. */
static char *drain(struct feed *feed, bool *has_ended)
{
	size_t len, size = 0;
	char *text = NULL, piece[1000];
	FILE *out = open_memstream(&text, &size);
	ssize_t got;

	while ((got = feed_read(feed, piece, sizeof(piece))) > 0) {
		len = (size_t)got;
		ck_assert_uint_eq(fwrite(piece, 1, len, out), len);
	}
	*has_ended = got < 0;
	fclose(out);
	return text;
}

/* Numbers of the events in a text, "0 1 2". */
static void expect_numbers(const char *text, const char *wanted)
{
	char found[4096] = "";
	size_t len = 0;

	while ((text = strstr(text, "\"number\": "))) {
		text += strlen("\"number\": ");
		len += (size_t)snprintf(
			found + len, sizeof(found) - len, "%s%d", len ? " " : "", atoi(text));
	}
	ck_assert_str_eq(found, wanted);
}

static void expect_lines(const struct query *query, const char *wanted)
{
	struct feed *feed = feed_open(journal, query, FEED_LINES, NULL);
	bool has_ended;
	char *text = drain(feed, &has_ended);

	ck_assert(has_ended);
	expect_numbers(text, wanted);
	feed_close(feed);
	free(text);
}

/* ---- queries ---- */

static int read_one(struct query *query, const char *name, const char *value, struct refusal *why)
{
	const struct parameter parameter = {name, value};

	*why = (struct refusal){0};
	return query_read(query, &parameter, 1, 5, why);
}

static const struct {
	const char *name, *value;
} bad[] = {
	{"since", ""},
	{"since", NULL},
	{"since", "x"},
	{"since", "-1"},
	{"since", "1."},
	{"since", "1.x"},
	{"since", "99999999999999999999"},
	{"since", "2026-11-25"},
	{"since", "2026-02-30T25:00:00Z"},
	{"since", "1969-01-01T00:00:00Z"},
	{"since", "9999-01-01T00:00:00Z"},
	{"since", "2026-11-25T17:00:00X"},
	{"since", "2026-11-25T17:00:00+1:00"},
	{"service", ""},
	{"operation", NULL},
	{"rule", "0"},
	{"rule", "-1"},
	{"pid", "2147483648"},
	{"limit", "0"},
	{"redact", ""},
	{"", "1"},
};

START_TEST(a_bad_parameter_is_named)
{
	struct query query;
	struct refusal why;

	ck_assert_int_eq(read_one(&query, bad[_i].name, bad[_i].value, &why), -EINVAL);
	ck_assert_str_eq(why.field, bad[_i].name);
	ck_assert_int_eq(why.status, 400);
	ck_assert(*why.message);
}
END_TEST

static const struct {
	const char *text;
	uint64_t ns;
} times[] = {
	{"0.5", 500000000},
	{"1795626000", 1795626000000000000},
	{"1795626000.123456789123", 1795626000123456789},
	{"1970-01-01T00:00:01Z", 1000000000},
	{"1970-01-01T01:00:01+01:00", 1000000000},
	{"1970-01-01T01:00:01 01:00", 1000000000},
	{"1969-12-31T23:30:01-00:30", 1000000000},
	{"2026-11-25T17:00:00.25", 1795626000250000000},
};

START_TEST(a_time_may_be_a_date_or_seconds)
{
	uint64_t ns;

	ck_assert(query_time(times[_i].text, &ns));
	ck_assert_uint_eq(ns, times[_i].ns);
}
END_TEST

START_TEST(an_integer_is_a_time_if_no_event_has_that_number)
{
	const struct parameter large = {"since", "1795626000"};
	struct refusal why = {0};
	struct query query;

	ck_assert_int_eq(read_one(&query, "since", "999999999", &why), 0);
	ck_assert_int_eq(query.kind, QUERY_NUMBER);
	ck_assert_int_eq(query_read(&query, &large, 1, 1795625999, &why), 0);
	ck_assert_int_eq(query.kind, QUERY_TIME);
	ck_assert_int_eq(query_read(&query, &large, 1, 1795626000, &why), 0);
	ck_assert_int_eq(query.kind, QUERY_NUMBER);
}
END_TEST

START_TEST(a_service_may_be_one_that_the_wire_does_not_tell_apart)
{
	struct query query = {.service = "nep*"};
	struct event event = {0};

	event_add(&event, EVENT_SERVICE, SPAN("rds"));
	event_add(&event, EVENT_ALSO, SPAN("docdb,neptune"));
	ck_assert(query_matches(&query, &event));
	strcpy(query.service, "doc");
	ck_assert(!query_matches(&query, &event));
	strcpy(query.service, "docdb");
	ck_assert(query_matches(&query, &event));
}
END_TEST

/* ---- lines ---- */

START_TEST(lines_are_all_events_there_are)
{
	expect_lines(&all, "");
	write_many(3);
	expect_lines(&all, "0 1 2");
}
END_TEST

START_TEST(a_limit_means_the_last_ones_or_the_first_since)
{
	write_many(2);
	write_one("sqs", "SendMessage");
	write_many(2);
	expect_lines(&(struct query){.limit = 2}, "3 4");
	expect_lines(&(struct query){.limit = 1, .service = "sqs"}, "2");
	expect_lines(&(struct query){.limit = 9}, "0 1 2 3 4");
	expect_lines(&(struct query){.limit = 2, .kind = QUERY_NUMBER, .since = 1}, "1 2");
}
END_TEST

START_TEST(filters_choose_lines)
{
	write_many(1);
	write_one("sqs", "SendMessage");
	expect_lines(&(struct query){.operation = "Send*"}, "1");
	expect_lines(&(struct query){.operation = "send*"}, "");
	expect_lines(&(struct query){.pid = 7}, "0 1");
	expect_lines(&(struct query){.pid = 8}, "");
	expect_lines(&(struct query){.rule = 9}, "0 1");
	expect_lines(&(struct query){.rule = 8}, "");
	expect_lines(&(struct query){.kind = QUERY_NUMBER, .since = 100}, "");
	expect_lines(&(struct query){.kind = QUERY_TIME, .since = UINT64_MAX}, "");
}
END_TEST

START_TEST(what_comes_later_is_not_waited_for)
{
	struct feed *feed;
	bool has_ended;
	char *text;

	write_many(1);
	feed = feed_open(journal, &all, FEED_LINES, NULL);
	write_many(1);
	text = drain(feed, &has_ended);
	ck_assert(has_ended);
	expect_numbers(text, "0");
	feed_close(feed);
	free(text);
}
END_TEST

/* Its writer has died, or is still at it. */
static void leave_unfinished(void)
{
	uint64_t number = atomic_fetch_add(&journal->event_head, 1);

	atomic_store(&journal->events[number % JOURNAL_EVENTS].sequence, 2 * number + 1);
}

START_TEST(an_event_that_is_being_written_is_waited_for_a_while)
{
	struct feed *feed;
	bool has_ended;
	char *text;

	write_many(1);
	leave_unfinished();
	write_many(1);
	feed = feed_open(journal, &all, FEED_LINES, NULL);
	text = drain(feed, &has_ended);
	ck_assert(!has_ended);
	expect_numbers(text, "0");
	ck_assert(feed_is_ready(feed));
	while (!has_ended) {
		usleep(10000);
		free(text);
		text = drain(feed, &has_ended);
	}
	expect_numbers(text, "2");
	feed_close(feed);
	free(text);
}
END_TEST

/* Waits for a feed as the daemon does, and counts how often it had nothing to say. */
static unsigned count_waits(struct feed *feed)
{
	unsigned waits = 0;
	bool has_ended;

	for (; waits < 100; waits++) {
		free(drain(feed, &has_ended));
		if (has_ended)
			return waits;
		usleep(10000);
	}
	return waits;
}

START_TEST(many_events_that_never_end_are_one_wait)
{
	struct feed *feed;

	for (int i = 0; i < 1000; i++)
		leave_unfinished();
	feed = feed_open(journal, &all, FEED_LINES, NULL);
	ck_assert_uint_lt(count_waits(feed), 100);
	feed_close(feed);
}
END_TEST

START_TEST(a_head_that_is_garbage_ends)
{
	struct feed *feed;

	write_many(3);
	atomic_store(&journal->event_head, UINT64_MAX / 3);
	feed = feed_open(journal, &all, FEED_LINES, NULL);
	ck_assert_uint_lt(count_waits(feed), 100);
	feed_close(feed);
}
END_TEST

START_TEST(a_head_that_goes_back_ends_what_waits_for_it)
{
	struct feed *feed;
	bool has_ended;

	write_many(3);
	feed = feed_open(journal, &all, FEED_LINES, NULL);
	atomic_store(&journal->event_head, 1);
	ck_assert(feed_is_ready(feed));
	free(drain(feed, &has_ended));
	ck_assert(has_ended);
	feed_close(feed);
}
END_TEST

START_TEST(an_array_is_whole_json)
{
	struct feed *feed;
	bool has_ended;
	char *text;
	cJSON *value;

	for (int count = 0; count < 3; count++) {
		feed = feed_open(journal, &all, FEED_ARRAY, "{\"events\": [");
		text = drain(feed, &has_ended);
		ck_assert(has_ended);
		value = cJSON_ParseWithOpts(text, NULL, true);
		ck_assert_ptr_nonnull(value);
		ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(value, "events")), count);
		cJSON_Delete(value);
		feed_close(feed);
		free(text);
		write_many(1);
	}
}
END_TEST

/* ---- streams ---- */

START_TEST(a_stream_begins_with_a_comment_and_the_next_event)
{
	struct feed *feed;
	bool has_ended;
	char *text;

	write_many(2);
	feed = feed_open(journal, &all, FEED_STREAM, NULL);
	text = drain(feed, &has_ended);
	ck_assert_str_eq(text, ":\n\n");
	ck_assert(!has_ended && !feed_is_ready(feed));
	free(text);
	write_many(1);
	ck_assert(feed_is_ready(feed));
	text = drain(feed, &has_ended);
	ck_assert_ptr_nonnull(strstr(text, "id: 2\ndata: {"));
	ck_assert_str_eq(text + strlen(text) - 3, "}\n\n");
	feed_close(feed);
	free(text);
}
END_TEST

START_TEST(a_stream_tells_how_many_it_has_lost)
{
	struct feed *feed = feed_open(journal, &all, FEED_STREAM, NULL);
	bool has_ended;
	char *text;

	write_many(JOURNAL_EVENTS + 5);
	text = drain(feed, &has_ended);
	ck_assert(strncmp(text, ":\n\nevent: lost\ndata: {\"lost\": 5}\n\nid: 5\n", 40) == 0);
	ck_assert_ptr_null(strstr(text + 40, "lost"));
	feed_close(feed);
	free(text);
}
END_TEST

START_TEST(a_stream_goes_on_behind_the_last_event_and_tells_what_is_gone)
{
	struct feed *feed;
	bool has_ended;
	char *text;

	write_many(JOURNAL_EVENTS + 5);
	feed = feed_open(journal, &all, FEED_STREAM, NULL);
	feed_resume(feed, 1);
	text = drain(feed, &has_ended);
	/* 2, 3 and 4 */
	ck_assert(strncmp(text, ":\n\nevent: lost\ndata: {\"lost\": 3}\n\nid: 5\n", 40) == 0);
	feed_close(feed);
	free(text);
}
END_TEST

START_TEST(a_stream_ends_with_the_last_event_that_was_asked_for)
{
	struct feed *feed = feed_open(journal, &(struct query){.limit = 2}, FEED_STREAM, NULL);
	bool has_ended;
	char *text;

	write_many(3);
	text = drain(feed, &has_ended);
	ck_assert(has_ended);
	expect_numbers(text, "0 1");
	feed_close(feed);
	free(text);
}
END_TEST

/* ---- readers ---- */

START_TEST(a_reader_counts_each_lost_event_once)
{
	struct event_reader reader;
	struct event event;
	uint64_t number, got = 0;

	event_reader_begin(&reader, journal, 0);
	for (int round = 0; round < 3; round++) {
		write_many(JOURNAL_EVENTS + 10);
		while (event_reader_next(&reader, &event, &number))
			got++;
	}
	ck_assert_uint_eq(reader.lost, 30);
	ck_assert_uint_eq(got, 3 * (uint64_t)JOURNAL_EVENTS);
}
END_TEST

#define FAST 200000u

static void *write_fast(__attribute__((unused)) void *nothing)
{
	write_many(FAST);
	return NULL;
}

START_TEST(a_reader_that_is_overtaken_accounts_for_every_event)
{
	struct event_reader reader;
	struct event event;
	uint64_t number, got = 0;
	pthread_t writer;

	event_reader_begin(&reader, journal, 0);
	ck_assert_int_eq(pthread_create(&writer, NULL, write_fast, NULL), 0);
	while (reader.next < FAST)
		if (event_reader_next(&reader, &event, &number)) {
			ck_assert_uint_eq(event.status, 200);
			got++;
		}
	pthread_join(writer, NULL);
	ck_assert_uint_eq(got + reader.lost, FAST);
}
END_TEST

/* ---- the text of an event ---- */

static cJSON *print(const struct event *event, bool redact)
{
	size_t len;
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);
	cJSON *value;

	event_print(out, 1, event, redact);
	fclose(out);
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_ptr_null(strpbrk(text, "\n\r\033\177"));
	value = cJSON_ParseWithOpts(text, NULL, true);
	ck_assert_msg(value != NULL, "%s", text);
	free(text);
	return value;
}

static const char *text_of(const cJSON *value, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(value, name));
}

START_TEST(hostile_texts_are_printed_as_one_line_of_json)
{
	struct event event = {0};
	cJSON *value;

	event_add(&event, EVENT_SERVICE, SPAN("a\"b\\c\nd\033[0m\177"));
	event_add(&event, EVENT_OPERATION, SPAN("\xff\xc3(\xed\xa0\x80"));
	event_add(&event, EVENT_REGION,
		SPAN("Gr\xc3\xb6\xc3\x9f"
		     "e"));
	value = print(&event, false);
	ck_assert_str_eq(text_of(value, "service"), "a\"b\\c\nd\033[0m\177");
	ck_assert_str_eq(text_of(value, "operation"), "\?\?(\?\?\?");
	ck_assert_str_eq(text_of(value, "region"), "Gr\xc3\xb6\xc3\x9f"
						   "e");
	cJSON_Delete(value);
}
END_TEST

START_TEST(an_event_without_a_time_has_no_duration)
{
	struct event event = {.status = 200};
	cJSON *value = print(&event, false);

	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(value, "time")));
	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(value, "durationMs")));
	cJSON_Delete(value);
}
END_TEST

START_TEST(any_bytes_are_an_event)
{
	struct event event;

	for (int byte = 0; byte < 256; byte++) {
		memset(&event, byte, sizeof(event));
		cJSON_Delete(print(&event, byte % 2));
	}
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
	static const char *const names[] = {"pid", "process", "service", "region", "operation",
		"resource", "attempt", "call", "rule", "action", "status", "code", "taken"};
	const struct event event = {0};
	cJSON *value = print(&event, true);

	for (int i = 0; i < COUNT(names); i++) {
		const cJSON *member = cJSON_GetObjectItemCaseSensitive(value, names[i]);

		ck_assert_msg(cJSON_IsNull(member), "%s", names[i]);
	}
	cJSON_Delete(value);
}
END_TEST

START_TEST(redaction_is_the_same_for_the_same_name)
{
	struct event event = {0}, same = {.pid = 1}, other = {0};
	cJSON *values[3];

	event_add(&event, EVENT_RESOURCE, SPAN("secret"));
	event_add(&same, EVENT_RESOURCE, SPAN("secret"));
	event_add(&other, EVENT_RESOURCE, SPAN("secret2"));
	values[0] = print(&event, true);
	values[1] = print(&same, true);
	values[2] = print(&other, true);
	ck_assert_str_eq(text_of(values[0], "resource"), text_of(values[1], "resource"));
	ck_assert_str_ne(text_of(values[0], "resource"), text_of(values[2], "resource"));
	ck_assert_ptr_null(strstr(text_of(values[0], "resource"), "secret"));
	for (int i = 0; i < 3; i++)
		cJSON_Delete(values[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("feed");
	TCase *tests = tcase_create("feed");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_bad_parameter_is_named, 0, COUNT(bad));
	tcase_add_loop_test(tests, a_time_may_be_a_date_or_seconds, 0, COUNT(times));
	tcase_add_test(tests, an_integer_is_a_time_if_no_event_has_that_number);
	tcase_add_test(tests, a_service_may_be_one_that_the_wire_does_not_tell_apart);
	tcase_add_test(tests, lines_are_all_events_there_are);
	tcase_add_test(tests, a_limit_means_the_last_ones_or_the_first_since);
	tcase_add_test(tests, filters_choose_lines);
	tcase_add_test(tests, what_comes_later_is_not_waited_for);
	tcase_add_test(tests, an_event_that_is_being_written_is_waited_for_a_while);
	tcase_add_test(tests, many_events_that_never_end_are_one_wait);
	tcase_add_test(tests, a_head_that_is_garbage_ends);
	tcase_add_test(tests, a_head_that_goes_back_ends_what_waits_for_it);
	tcase_add_test(tests, an_array_is_whole_json);
	tcase_add_test(tests, a_stream_begins_with_a_comment_and_the_next_event);
	tcase_add_test(tests, a_stream_tells_how_many_it_has_lost);
	tcase_add_test(tests, a_stream_goes_on_behind_the_last_event_and_tells_what_is_gone);
	tcase_add_test(tests, a_stream_ends_with_the_last_event_that_was_asked_for);
	tcase_add_test(tests, a_reader_counts_each_lost_event_once);
	tcase_add_test(tests, a_reader_that_is_overtaken_accounts_for_every_event);
	tcase_add_test(tests, hostile_texts_are_printed_as_one_line_of_json);
	tcase_add_test(tests, an_event_without_a_time_has_no_duration);
	tcase_add_test(tests, any_bytes_are_an_event);
	tcase_add_test(tests, what_is_not_known_is_null);
	tcase_add_test(tests, redaction_is_the_same_for_the_same_name);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

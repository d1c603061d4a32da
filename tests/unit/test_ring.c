/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of events, and the counts of operations. */

#include <pthread.h>
#include <stdio.h>

#include "shim/memory/event.h"
#include "shim/memory/operations.h"
#include "suite.h"

#define SIZE	64u
#define THREADS 4
#define EACH	20000u

static struct event_slot ring[SIZE];
static _Atomic uint64_t head;

static void empty(void)
{
	memset(ring, 0, sizeof(ring));
	atomic_store(&head, 0);
}

/* All of it tells the number. */
static struct event event_of(uint64_t number)
{
	struct event event = {.started = number, .received = number, .connection = number};
	char text[16];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);

	for (int i = 0; i < EVENT_TEXTS; i++)
		event_add(&event, (enum event_text)i, (struct span){text, (size_t)len});
	return event;
}

static void check_whole(const struct event *event)
{
	struct event same = event_of(event->started);

	ck_assert_uint_eq(event->received, event->started);
	ck_assert_uint_eq(event->connection, event->started);
	ck_assert_mem_eq(event->texts, same.texts, same.used);
}

START_TEST(what_is_written_is_read)
{
	struct event event = event_of(7), read;

	empty();
	ck_assert_int_eq(event_read(ring, SIZE, 0, &read), EVENT_LATER);
	ck_assert(event_write(ring, SIZE, &head, &event));
	ck_assert_int_eq(event_read(ring, SIZE, 0, &read), EVENT_READ);
	check_whole(&read);
	ck_assert_int_eq(event_read(ring, SIZE, 1, &read), EVENT_LATER);
}
END_TEST

START_TEST(the_oldest_give_way)
{
	struct event event, read;

	empty();
	for (uint64_t i = 0; i < SIZE + 3; i++) {
		event = event_of(i);
		ck_assert(event_write(ring, SIZE, &head, &event));
	}
	ck_assert_int_eq(event_read(ring, SIZE, 2, &read), EVENT_TOO_OLD);
	ck_assert_int_eq(event_read(ring, SIZE, 3, &read), EVENT_READ);
	ck_assert_uint_eq(read.started, 3);
}
END_TEST

/* A writer that was killed in the middle. */
START_TEST(a_place_that_is_never_finished_costs_its_events_and_no_others)
{
	struct event event = event_of(1), read;

	empty();
	atomic_store(&ring[0].sequence, 1);
	atomic_store(&head, 1);
	for (unsigned i = 1; i < SIZE; i++)
		ck_assert(event_write(ring, SIZE, &head, &event));
	ck_assert(!event_write(ring, SIZE, &head, &event));
	ck_assert(event_write(ring, SIZE, &head, &event));
	ck_assert_int_eq(event_read(ring, SIZE, 0, &read), EVENT_LATER);
	ck_assert_int_eq(event_read(ring, SIZE, SIZE, &read), EVENT_LATER);
	ck_assert_int_eq(event_read(ring, SIZE, SIZE + 1, &read), EVENT_READ);
}
END_TEST

START_TEST(a_place_whose_writer_is_two_rounds_behind_is_taken_over)
{
	struct event event = event_of(1), read;

	empty();
	atomic_store(&ring[0].sequence, 1);
	atomic_store(&head, 2 * SIZE - 1);
	ck_assert(event_write(ring, SIZE, &head, &event));
	ck_assert(event_write(ring, SIZE, &head, &event));
	ck_assert_int_eq(event_read(ring, SIZE, 2 * SIZE, &read), EVENT_READ);
	check_whole(&read);
}
END_TEST

static void *write_many(void *lost)
{
	for (unsigned i = 0; i < EACH; i++) {
		struct event event = event_of(i);

		*(unsigned *)lost += !event_write(ring, SIZE, &head, &event);
	}
	return NULL;
}

START_TEST(writers_and_a_reader_meet_no_half_event)
{
	pthread_t threads[THREADS];
	unsigned lost[THREADS] = {0}, sum = 0, there = 0;
	struct event event;

	empty();
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, &lost[i]), 0);
	while (atomic_load(&head) < THREADS * EACH)
		if (event_read(ring, SIZE, atomic_load(&head), &event) == EVENT_READ)
			check_whole(&event);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += lost[i];
	}
	ck_assert_uint_eq(atomic_load(&head), THREADS * EACH);
	for (uint64_t i = atomic_load(&head) - SIZE; i < atomic_load(&head); i++)
		if (event_read(ring, SIZE, i, &event) == EVENT_READ) {
			check_whole(&event);
			there++;
		}
	ck_assert_uint_ge(there + sum, SIZE);
}
END_TEST

START_TEST(a_text_takes_the_place_of_another)
{
	struct event event = event_of(12345);

	event_replace(&event, EVENT_CODE, SPAN("a longer one"));
	ck_assert(span_equal(event_text(&event, EVENT_CODE), SPAN("a longer one")));
	ck_assert(span_equal(event_text(&event, EVENT_LABEL), SPAN("12345")));
	event_replace(&event, EVENT_CODE, SPAN(""));
	ck_assert_uint_eq(event_text(&event, EVENT_CODE).len, 0);
	ck_assert(span_equal(event_text(&event, EVENT_REGION), SPAN("12345")));
	ck_assert(span_equal(event_text(&event, EVENT_INVOCATION), SPAN("12345")));
}
END_TEST

static const struct {
	struct span service, operation;
} names[] = {
	{SPAN("s3"), SPAN("GetObject")},
	{SPAN("s3"), SPAN("PutObject")},
	{SPAN("s3G"), SPAN("etObject")},
	{SPAN("dynamodb"), SPAN("DescribeGlobalTableSettings")},
	{SPAN("dynamodb"), SPAN("DescribeGlobalTable")},
	{SPAN(""), SPAN("")},
};

START_TEST(each_operation_has_a_line_of_its_own)
{
	static struct operation lines[OPERATIONS];
	uint32_t places[COUNT(names)];

	memset(lines, 0, sizeof(lines));
	for (int i = 0; i < COUNT(names); i++)
		places[i] = operations_find(lines, names[i].service, names[i].operation);
	for (int i = 0; i < COUNT(names); i++) {
		const struct operation *line = &lines[places[i]];

		ck_assert_uint_eq(
			operations_find(lines, names[i].service, names[i].operation), places[i]);
		ck_assert_uint_eq(line->operation_len, names[i].operation.len);
		ck_assert_mem_eq(line->operation, names[i].operation.at, line->operation_len);
		for (int k = 0; k < i; k++)
			ck_assert_uint_ne(places[k], places[i]);
	}
}
END_TEST

START_TEST(names_that_are_equal_as_far_as_they_are_kept_share_a_line)
{
	static struct operation lines[OPERATIONS];
	char left[OPERATION_NAME_MAX + 2], right[OPERATION_NAME_MAX + 2];
	const struct span services[] = {SPAN("a-service-of-thirty-two-letters-1"),
		SPAN("a-service-of-thirty-two-letters-2")};

	memset(lines, 0, sizeof(lines));
	memset(left, 'a', sizeof(left));
	memset(right, 'a', sizeof(right));
	right[OPERATION_NAME_MAX] = 'b';
	ck_assert_uint_eq(operations_find(lines, services[0], (struct span){left, sizeof(left)}),
		operations_find(lines, services[1], (struct span){right, sizeof(right)}));
}
END_TEST

START_TEST(an_attempt_without_a_time_has_no_duration)
{
	static struct operation line;
	struct event event = {.status = 200, .end = EVENT_WHOLE};

	memset(&line, 0, sizeof(line));
	operations_end(&line, &event);
	ck_assert_uint_eq(line.statuses[0].count, 1);
	ck_assert_uint_eq(line.durations[0], 0);
	event.started = 1;
	operations_end(&line, &event);
	ck_assert_uint_eq(line.durations[0], 1);
}
END_TEST

START_TEST(a_quantile_is_within_a_sixteenth)
{
	static struct operation line;
	struct event event = {.started = 1, .status = 200, .end = EVENT_WHOLE};

	memset(&line, 0, sizeof(line));
	for (uint64_t i = 1; i <= 1000; i++) {
		event.ended = i * 1000000;
		operations_end(&line, &event);
	}
	for (int share = 10; share < 100; share += 10) {
		double found = (double)operations_quantile(&line, share / 100.0);

		ck_assert_double_ge(found, share * 1e7 * 15 / 16);
		ck_assert_double_le(found, share * 1e7 * 17 / 16);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring");
	TCase *tests = tcase_create("ring");

	tcase_add_test(tests, what_is_written_is_read);
	tcase_add_test(tests, the_oldest_give_way);
	tcase_add_test(tests, a_place_that_is_never_finished_costs_its_events_and_no_others);
	tcase_add_test(tests, a_place_whose_writer_is_two_rounds_behind_is_taken_over);
	tcase_add_test(tests, writers_and_a_reader_meet_no_half_event);
	tcase_add_test(tests, a_text_takes_the_place_of_another);
	tcase_add_test(tests, each_operation_has_a_line_of_its_own);
	tcase_add_test(tests, names_that_are_equal_as_far_as_they_are_kept_share_a_line);
	tcase_add_test(tests, an_attempt_without_a_time_has_no_duration);
	tcase_add_test(tests, a_quantile_is_within_a_sixteenth);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

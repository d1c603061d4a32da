/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of events and the counts of operations, while many write and read. */

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/memory/event.h"
#include "shim/memory/operations.h"
#include "suite.h"

#define SIZE	64u
#define WRITERS 4
#define EACH	5000u

struct shared {
	_Atomic uint64_t head, refused, written;
	struct event_slot ring[SIZE];
	struct operation operations[OPERATIONS];
};

static struct shared *shared;

static void setup(void)
{
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

static void teardown(void)
{
	munmap(shared, sizeof(*shared));
}

static bool write_event(const struct event *event)
{
	return event_write(shared->ring, SIZE, &shared->head, event);
}

static enum event_read read_event(uint64_t number, struct event *event)
{
	return event_read(shared->ring, SIZE, number, event);
}

/* An event all of whose parts say the same. */
static void make(struct event *event, uint64_t value)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

	memset(event, 0, sizeof(*event));
	event->started = event->sent = event->received = event->connection = value;
	event_add(event, EVENT_SERVICE, (struct span){text, (size_t)len});
	event_add(event, EVENT_OPERATION, SPAN("Operation"));
	event_add(event, EVENT_REGION, (struct span){text, (size_t)len});
}

static void expect_whole(const struct event *event)
{
	struct event wanted;

	make(&wanted, event->started);
	ck_assert_mem_eq(event, &wanted, event_size(&wanted));
}

static void write_many(uint64_t first)
{
	struct event event;

	for (uint64_t i = 0; i < EACH; i++) {
		make(&event, first + i);
		atomic_fetch_add(write_event(&event) ? &shared->written : &shared->refused, 1);
	}
}

/* Reads once around; whatever is there is whole. Returns how many are. */
static unsigned read_around(void)
{
	uint64_t head = atomic_load(&shared->head);
	uint64_t number = head > SIZE ? head - SIZE : 0;
	unsigned found = 0;
	struct event event;

	for (; number < head; number++)
		if (read_event(number, &event) == EVENT_READ) {
			expect_whole(&event);
			found++;
		}
	return found;
}

static void expect_all_accounted_for(uint64_t count)
{
	ck_assert_uint_eq(atomic_load(&shared->head), count);
	ck_assert_uint_eq(atomic_load(&shared->written) + atomic_load(&shared->refused), count);
}

START_TEST(what_is_written_is_read_by_its_number)
{
	struct event event;

	for (uint64_t i = 0; i < SIZE; i++) {
		make(&event, i);
		ck_assert(write_event(&event));
	}
	for (uint64_t i = 0; i < SIZE; i++) {
		ck_assert_int_eq(read_event(i, &event), EVENT_READ);
		ck_assert_uint_eq(event.started, i);
		expect_whole(&event);
	}
}
END_TEST

START_TEST(what_is_not_written_yet_comes_later)
{
	struct event event;

	ck_assert_int_eq(read_event(0, &event), EVENT_LATER);
	ck_assert_int_eq(read_event(SIZE, &event), EVENT_LATER);
}
END_TEST

START_TEST(the_oldest_is_overwritten)
{
	struct event event;

	for (uint64_t i = 0; i <= SIZE; i++) {
		make(&event, i);
		ck_assert(write_event(&event));
	}
	ck_assert_int_eq(read_event(0, &event), EVENT_TOO_OLD);
	ck_assert_int_eq(read_event(1, &event), EVENT_READ);
	ck_assert_int_eq(read_event(SIZE, &event), EVENT_READ);
}
END_TEST

START_TEST(a_text_that_is_too_long_is_cut)
{
	static char text[2 * EVENT_ROOM];
	struct event event = {0};

	memset(text, 'x', sizeof(text));
	for (unsigned i = 0; i < EVENT_TEXTS; i++)
		event_add(&event, (enum event_text)i, (struct span){text, sizeof(text)});
	ck_assert_uint_eq(event_text(&event, EVENT_SERVICE).len, EVENT_TEXT_MAX);
	ck_assert_uint_eq(event_text(&event, EVENT_OPERATION).len, EVENT_ROOM - EVENT_TEXT_MAX);
	ck_assert_uint_eq(event_text(&event, EVENT_REGION).len, 0);
}
END_TEST

START_TEST(texts_stay_inside_whatever_their_lengths_say)
{
	struct event event;

	memset(&event, 0xff, sizeof(event));
	for (unsigned i = 0; i < EVENT_TEXTS; i++) {
		struct span text = event_text(&event, (enum event_text)i);

		ck_assert(text.at >= event.texts);
		ck_assert(text.at + text.len <= event.texts + EVENT_ROOM);
	}
}
END_TEST

static void *write_in_thread(void *first)
{
	write_many(*(uint64_t *)first);
	return NULL;
}

START_TEST(threads_write_while_others_read)
{
	pthread_t threads[WRITERS];
	uint64_t first[WRITERS];

	for (int i = 0; i < WRITERS; i++) {
		first[i] = (uint64_t)i << 32;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_in_thread, &first[i]), 0);
	}
	while (atomic_load(&shared->head) < WRITERS * EACH)
		read_around();
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	expect_all_accounted_for(WRITERS * EACH);
	ck_assert_uint_gt(read_around(), 0);
}
END_TEST

static pid_t begin_writer(uint64_t first)
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child)
		return child;
	write_many(first);
	_exit(0);
}

START_TEST(processes_write_while_others_read)
{
	pid_t children[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		children[i] = begin_writer((uint64_t)i << 32);
	while (atomic_load(&shared->head) < WRITERS * EACH)
		read_around();
	for (int i = 0; i < WRITERS; i++) {
		int status;

		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_int_eq(status, 0);
	}
	expect_all_accounted_for(WRITERS * EACH);
	ck_assert_uint_gt(read_around(), 0);
}
END_TEST

/* As a writer leaves its place that dies there. */
static uint64_t die_in_the_middle(void)
{
	uint64_t number = atomic_fetch_add(&shared->head, 1);

	atomic_store(&shared->ring[number % SIZE].sequence, 2 * number + 1);
	return number;
}

START_TEST(a_writer_that_dies_in_the_middle_costs_its_own_place_for_two_rounds)
{
	uint64_t dead = die_in_the_middle();
	struct event event;

	for (uint64_t i = 1; i < 3 * SIZE; i++) {
		make(&event, i);
		ck_assert_int_eq(write_event(&event), i != dead + SIZE);
	}
	for (uint64_t i = 2 * SIZE; i < 3 * SIZE; i++)
		ck_assert_int_eq(read_event(i, &event), EVENT_READ);
}
END_TEST

START_TEST(processes_that_are_killed_leave_whole_events)
{
	struct event event;
	unsigned refused = 0;

	for (int round = 0; round < 20; round++) {
		uint64_t before = atomic_load(&shared->head);
		pid_t child = fork();

		ck_assert_int_ge(child, 0);
		if (!child)
			for (;;)
				write_many(7);
		while (atomic_load(&shared->head) < before + 100)
			read_around();
		kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
	}
	for (uint64_t i = 0; i < SIZE; i++) {
		make(&event, i);
		refused += !write_event(&event);
	}
	ck_assert_uint_le(refused, 20);
	ck_assert_uint_eq(read_around(), SIZE - refused);
}
END_TEST

/* ---- operations ---- */

static struct span name_of(char text[32], unsigned number)
{
	return (struct span){text, (size_t)snprintf(text, 32, "Operation%u", number)};
}

static struct operation *line_of(unsigned number)
{
	char text[32];

	return &shared->operations[operations_find(
		shared->operations, SPAN("s3"), name_of(text, number))];
}

#define KINDS 7u

static void count_many(void)
{
	for (unsigned i = 0; i < EACH; i++) {
		struct operation *line = line_of(i % KINDS);
		struct event event = {.started = 1,
			.attempt = (uint16_t)(1 + i / KINDS % 2),
			.status = (uint16_t)(200 + i / KINDS % 3 * 100),
			.action = i % KINDS == 0 ? EVENT_ERROR : 0,
			.end = EVENT_WHOLE,
			.ended = 1000000};

		operations_begin(line, &event);
		operations_end(line, &event);
	}
}

static void *count_in_thread(__attribute__((unused)) void *nothing)
{
	count_many();
	return NULL;
}

/* What one writer has counted of a kind. */
static uint64_t share_of(unsigned kind)
{
	return EACH / KINDS + (kind < EACH % KINDS);
}

static void expect_exact(unsigned kind, uint64_t writers)
{
	const struct operation *line = line_of(kind);
	uint64_t wanted = writers * share_of(kind), statuses = 0, durations = 0;

	ck_assert_uint_eq(atomic_load(&line->attempts), wanted);
	ck_assert_uint_eq(atomic_load(&line->ended), wanted);
	ck_assert_uint_eq(atomic_load(&line->calls), writers * ((share_of(kind) + 1) / 2));
	ck_assert_uint_eq(atomic_load(&line->faults), kind ? 0 : wanted);
	ck_assert_uint_eq(atomic_load(&line->duration), wanted * 1000000);
	for (int i = 0; i < OPERATION_STATUSES; i++)
		statuses += atomic_load(&line->statuses[i].count);
	for (int i = 0; i < OPERATION_BUCKETS; i++)
		durations += atomic_load(&line->durations[i]);
	ck_assert_uint_eq(statuses, wanted);
	ck_assert_uint_eq(durations, wanted);
}

START_TEST(counts_of_threads_and_processes_are_exact)
{
	pthread_t threads[WRITERS];
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (!child) {
		count_many();
		_exit(0);
	}
	for (int i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count_in_thread, NULL), 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	for (unsigned kind = 0; kind < KINDS; kind++)
		expect_exact(kind, WRITERS + 1);
}
END_TEST

START_TEST(operations_of_one_name_in_two_services_are_apart)
{
	uint32_t first = operations_find(shared->operations, SPAN("sns"), SPAN("Publish"));
	uint32_t second = operations_find(shared->operations, SPAN("iot"), SPAN("Publish"));
	uint32_t third = operations_find(shared->operations, SPAN("iotP"), SPAN("ublish"));

	ck_assert_uint_ne(first, second);
	ck_assert_uint_ne(second, third);
	ck_assert_uint_eq(first, operations_find(shared->operations, SPAN("sns"), SPAN("Publish")));
}
END_TEST

START_TEST(operations_without_a_line_of_their_own_share_one)
{
	struct event event = {.attempt = 1};
	uint64_t attempts = 0;

	for (unsigned i = 0; i < 2 * OPERATIONS; i++)
		operations_begin(line_of(i), &event);
	ck_assert_uint_ge(atomic_load(&shared->operations[OPERATION_OTHERS].attempts), OPERATIONS);
	for (unsigned i = 0; i < OPERATIONS; i++)
		attempts += atomic_load(&shared->operations[i].attempts);
	ck_assert_uint_eq(attempts, 2 * OPERATIONS);
}
END_TEST

START_TEST(statuses_without_a_place_are_counted_together)
{
	struct operation *line = line_of(0);

	for (unsigned status = 400; status < 440; status++) {
		struct event event = {.status = (uint16_t)status, .end = EVENT_WHOLE};

		operations_end(line, &event);
	}
	ck_assert_uint_eq(atomic_load(&line->statuses[0].status), 400);
	ck_assert_uint_eq(atomic_load(&line->statuses[OPERATION_STATUSES - 1].status), 0);
	ck_assert_uint_eq(atomic_load(&line->statuses[OPERATION_STATUSES - 1].count),
		40 - (OPERATION_STATUSES - 1));
}
END_TEST

START_TEST(a_duration_is_near_the_middle_of_its_bucket)
{
	uint32_t last = 0;

	for (uint64_t duration = 1; duration < 1ull << 40; duration += 1 + duration / 7) {
		uint32_t bucket = operations_bucket(duration);
		uint64_t middle = operations_middle(bucket);
		uint64_t off = middle > duration ? middle - duration : duration - middle;

		ck_assert_uint_ge(bucket, last);
		ck_assert_uint_lt(bucket, OPERATION_BUCKETS);
		/* Under a unit of 1,024 ns there is one bucket for each. */
		ck_assert(off <= duration / 16 + 512);
		last = bucket;
	}
}
END_TEST

START_TEST(any_duration_has_a_bucket)
{
	ck_assert_uint_eq(operations_bucket(0), 0);
	ck_assert_uint_eq(operations_bucket(UINT64_MAX), OPERATION_BUCKETS - 1);
}
END_TEST

START_TEST(quantiles_are_within_a_sixteenth)
{
	static const double shares[] = {0.01, 0.5, 0.9, 0.99, 1};
	struct operation *line = line_of(0);

	for (uint64_t i = 1; i <= 1000; i++) {
		struct event event = {
			.started = 1, .status = 200, .end = EVENT_WHOLE, .ended = i * 1000000};

		operations_end(line, &event);
	}
	for (unsigned i = 0; i < COUNT(shares); i++) {
		double exact = shares[i] * 1e9, told = (double)operations_quantile(line, shares[i]);

		ck_assert_double_le(told, exact * 17 / 16);
		ck_assert_double_ge(told, exact * 15 / 16);
	}
}
END_TEST

START_TEST(without_a_duration_there_is_no_quantile)
{
	ck_assert_uint_eq(operations_quantile(line_of(0), 0.5), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("events");
	TCase *tests = tcase_create("events");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, what_is_written_is_read_by_its_number);
	tcase_add_test(tests, what_is_not_written_yet_comes_later);
	tcase_add_test(tests, the_oldest_is_overwritten);
	tcase_add_test(tests, a_text_that_is_too_long_is_cut);
	tcase_add_test(tests, texts_stay_inside_whatever_their_lengths_say);
	tcase_add_test(tests, threads_write_while_others_read);
	tcase_add_test(tests, processes_write_while_others_read);
	tcase_add_test(tests, a_writer_that_dies_in_the_middle_costs_its_own_place_for_two_rounds);
	tcase_add_test(tests, processes_that_are_killed_leave_whole_events);
	tcase_add_test(tests, counts_of_threads_and_processes_are_exact);
	tcase_add_test(tests, operations_of_one_name_in_two_services_are_apart);
	tcase_add_test(tests, operations_without_a_line_of_their_own_share_one);
	tcase_add_test(tests, statuses_without_a_place_are_counted_together);
	tcase_add_test(tests, a_duration_is_near_the_middle_of_its_bucket);
	tcase_add_test(tests, any_duration_has_a_bucket);
	tcase_add_test(tests, quantiles_are_within_a_sixteenth);
	tcase_add_test(tests, without_a_duration_there_is_no_quantile);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

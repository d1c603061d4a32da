/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/memory/entry.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

/* Nothing is hooked here. */

static struct journal *journal;
static struct journal_process *group;
static uint32_t pid;
static uint64_t start;

static void setup(void)
{
	journal = calloc(1, sizeof(*journal));
	ck_assert_ptr_nonnull(journal);
	group = journal->processes;
	journal_self(&pid, &start);
}

static void teardown(void)
{
	free(journal);
}

/* Lines of this very process would be its own: those of the others are of process 1. */
static void fill_with_living(void)
{
	for (uint32_t i = 0; i < JOURNAL_GROUP; i++) {
		group[i].pid = 1;
		group[i].start = journal_process_start(1);
	}
}

START_TEST(a_process_knows_its_pid_and_its_start)
{
	ck_assert_uint_eq(pid, (uint32_t)getpid());
	ck_assert_uint_eq(start, journal_process_start(pid));
	ck_assert_uint_gt(start, 0);
}
END_TEST

START_TEST(a_process_takes_a_free_line)
{
	struct journal_process *line = process_register(journal, group, pid, start);

	ck_assert_ptr_eq(line, &group[0]);
	ck_assert_uint_eq(line->pid, pid);
	ck_assert_uint_eq(line->start, start);
	ck_assert_ptr_nonnull(strstr(line->command, "test_entry"));
}
END_TEST

START_TEST(a_process_keeps_its_line_over_exec)
{
	struct journal_process *line;

	fill_with_living();
	group[0].pid = 0;
	group[7].pid = pid;
	group[7].start = start;
	group[7].calls = 5;
	process_note_blind(&group[7], JOURNAL_BLIND_TLS, "s3.amazonaws.com", NULL);
	line = process_register(journal, group, pid, start);
	ck_assert_ptr_eq(line, &group[7]);
	ck_assert_uint_eq(line->calls, 5);
	ck_assert_str_eq(line->blind_hosts[0].host, "s3.amazonaws.com");
}
END_TEST

START_TEST(a_line_of_a_process_that_has_ended_begins_anew)
{
	struct journal_process *line;

	fill_with_living();
	group[3].start++;
	group[3].calls = 5;
	process_note_blind(&group[3], JOURNAL_BLIND_TLS, "s3.amazonaws.com", NULL);
	line = process_register(journal, group, pid, start);
	ck_assert_ptr_eq(line, &group[3]);
	ck_assert_uint_eq(line->pid, pid);
	ck_assert_uint_eq(line->calls, 0);
	ck_assert_uint_eq(line->blind_hosts[0].reason, 0);
	ck_assert_uint_eq(line->blind_hosts[0].key, 0);
}
END_TEST

START_TEST(a_process_without_a_line_is_counted)
{
	fill_with_living();
	ck_assert_ptr_null(process_register(journal, group, pid, start));
	ck_assert_uint_eq(journal->processes_lost, 1);
}
END_TEST

static int whole_hosts(const struct journal_process *line)
{
	int count = 0;

	for (int i = 0; i < JOURNAL_HOSTS; i++)
		count += line->blind_hosts[i].reason != 0;
	return count;
}

START_TEST(a_host_is_named_once_for_each_reason)
{
	struct journal_process *line = &group[0];

	for (int i = 0; i < 3; i++) {
		process_note_blind(line, JOURNAL_BLIND_TLS, "s3.amazonaws.com", NULL);
		process_note_blind(line, JOURNAL_BLIND_HTTP2, "s3.amazonaws.com", NULL);
		process_note_blind(line, JOURNAL_BLIND_TLS, "sqs.amazonaws.com", NULL);
	}
	ck_assert_int_eq(whole_hosts(line), 3);
	ck_assert_uint_eq(line->blind_hosts[1].reason, JOURNAL_BLIND_HTTP2 + 1);
	ck_assert_str_eq(line->blind_hosts[2].host, "sqs.amazonaws.com");
}
END_TEST

START_TEST(the_first_eight_hosts_are_named)
{
	char host[32];

	for (int i = 0; i < 20; i++) {
		snprintf(host, sizeof(host), "host-%d", i);
		process_note_blind(&group[0], JOURNAL_BLIND_TLS, host, NULL);
	}
	ck_assert_int_eq(whole_hosts(&group[0]), JOURNAL_HOSTS);
	ck_assert_str_eq(group[0].blind_hosts[JOURNAL_HOSTS - 1].host, "host-7");
	ck_assert_uint_eq(group[1].pid, 0);
}
END_TEST

START_TEST(a_long_host_is_cut_off)
{
	char host[2 * JOURNAL_HOST_MAX];

	memset(host, 'h', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	process_note_blind(&group[0], JOURNAL_BLIND_TLS, host, NULL);
	ck_assert_mem_eq(group[0].blind_hosts[0].host, host, JOURNAL_HOST_MAX);
	ck_assert_uint_eq(group[0].blind_hosts[1].key, 0);
}
END_TEST

static void *note_all(void *unused)
{
	char host[32];

	for (int round = 0; round < 100; round++)
		for (int i = 0; i < JOURNAL_HOSTS; i++) {
			snprintf(host, sizeof(host), "host-%d", i);
			process_note_blind(&group[0], JOURNAL_BLIND_TLS, host, NULL);
		}
	return unused;
}

START_TEST(threads_name_each_host_once)
{
	enum { THREADS = 8 };
	pthread_t threads[THREADS];
	unsigned seen = 0;
	int number;

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, note_all, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < JOURNAL_HOSTS; i++) {
		ck_assert_int_eq(sscanf(group[0].blind_hosts[i].host, "host-%d", &number), 1);
		seen |= 1u << number;
	}
	ck_assert_uint_eq(seen, (1u << JOURNAL_HOSTS) - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("entry");
	TCase *tests = tcase_create("line");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_process_knows_its_pid_and_its_start);
	tcase_add_test(tests, a_process_takes_a_free_line);
	tcase_add_test(tests, a_process_keeps_its_line_over_exec);
	tcase_add_test(tests, a_line_of_a_process_that_has_ended_begins_anew);
	tcase_add_test(tests, a_process_without_a_line_is_counted);
	tcase_add_test(tests, a_host_is_named_once_for_each_reason);
	tcase_add_test(tests, the_first_eight_hosts_are_named);
	tcase_add_test(tests, a_long_host_is_cut_off);
	tcase_add_test(tests, threads_name_each_host_once);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/memory/blocks.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "suite.h"

static const size_t sizes[] = {
	0,
	1,
	240,
	241,
	1008,
	1009,
	4080,
	16368,
	16369,
	65536,
	65537,
	1000000,
};

START_TEST(block_has_the_size_that_was_asked_for)
{
	size_t size = sizes[_i];
	char *one = blocks_take(size), *other = blocks_take(size);

	ck_assert_ptr_nonnull(one);
	ck_assert_ptr_nonnull(other);
	ck_assert_uint_eq((uintptr_t)one % alignof(max_align_t), 0);
	memset(one, 1, size);
	memset(other, 2, size);
	for (size_t i = 0; i < size; i++)
		ck_assert_int_eq(one[i], 1);
	blocks_give(one);
	blocks_give(other);
}
END_TEST

START_TEST(block_that_is_given_back_is_taken_again)
{
	char *one = blocks_take(100), *again;

	blocks_give(one);
	again = blocks_take(200);
	ck_assert_ptr_eq(again, one);
	blocks_give(again);
}
END_TEST

START_TEST(without_a_mapping_there_is_what_was_reserved)
{
	const size_t size = 3000; /* nobody else here takes such */
	char *one;

	ck_assert_ptr_null(blocks_take_if(size, false));
	ck_assert(blocks_reserve(size));
	one = blocks_take_if(size, false);
	ck_assert_ptr_nonnull(one);
	memset(one, 1, size);
	blocks_give(one);
	ck_assert_ptr_null(blocks_take_if(1000000, false));
}
END_TEST

START_TEST(no_memory_is_told)
{
	ck_assert_ptr_null(blocks_take(SIZE_MAX));
	ck_assert_ptr_null(blocks_take(SIZE_MAX / 2));
}
END_TEST

START_TEST(nothing_may_be_given_back)
{
	blocks_give(NULL);
}
END_TEST

#define THREADS 4
#define TURNS	20000
#define HELD	5

static void *take_and_give(void *number)
{
	char *held[HELD] = {0}, mine[200];

	memset(mine, *(char *)number, sizeof(mine));
	for (int turn = 0; turn < TURNS; turn++) {
		char **place = &held[turn % HELD];

		if (*place && memcmp(*place, mine, sizeof(mine)) != 0)
			return number;
		blocks_give(*place);
		*place = blocks_take(sizeof(mine));
		memcpy(*place, mine, sizeof(mine));
	}
	for (int i = 0; i < HELD; i++)
		blocks_give(held[i]);
	return NULL;
}

START_TEST(no_two_threads_have_the_same_block)
{
	static char numbers[THREADS] = {1, 2, 3, 4};
	pthread_t threads[THREADS];
	void *broken;

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_give, &numbers[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &broken);
		ck_assert_ptr_null(broken);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blocks");
	TCase *tests = tcase_create("blocks");

	tcase_add_loop_test(tests, block_has_the_size_that_was_asked_for, 0, COUNT(sizes));
	tcase_add_test(tests, block_that_is_given_back_is_taken_again);
	tcase_add_test(tests, no_memory_is_told);
	tcase_add_test(tests, without_a_mapping_there_is_what_was_reserved);
	tcase_add_test(tests, nothing_may_be_given_back);
	tcase_add_test(tests, no_two_threads_have_the_same_block);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

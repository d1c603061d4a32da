/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TESTS_SUITE_H
#define CHAOS_TESTS_SUITE_H

/* What all unit tests need. */

#include <check.h>
#include <stdlib.h>

/* An int, as tcase_add_loop_test() wants it. */
#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

/* Runs the suite and returns the exit code of its program. */
static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif

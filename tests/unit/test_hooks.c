/* SPDX-License-Identifier: Apache-2.0 */
/* Made from the table of hooks: each name is exported, resolves, and answers as libc does. */

#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	bool takes_fd; /* as the first parameter, and fails on a bad one */
} hooks[] = {
#define HOOK_FD(ret, name, parameters, arguments)		 {#name, true},
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments) {#name, true},
#define HOOK_ANY(ret, name, parameters, arguments)		 {#name, false},
#define HOOK_PLAIN						 HOOK_ANY
#include "shim/hooks.def"
};

static void *library(void)
{
	const char *path = getenv("CHAOS_SHIM");
	void *handle = dlopen(path ? path : "build/libchaos-shim.so", RTLD_NOW | RTLD_LOCAL);

	ck_assert_msg(handle != NULL, "%s", dlerror());
	return handle;
}

START_TEST(the_library_exports_the_name_and_libc_has_it)
{
	void *ours = dlsym(library(), hooks[_i].name);
	void *theirs = dlsym(RTLD_DEFAULT, hooks[_i].name);

	ck_assert_msg(ours != NULL, "%s is not exported", hooks[_i].name);
	ck_assert_msg(theirs != NULL, "%s is not in libc", hooks[_i].name);
	ck_assert_ptr_ne(ours, theirs);
}
END_TEST

/* By the calling conventions of Linux these fit every hook: integers and pointers only. */
typedef long any_function(long, long, long, long, long, long, long);

START_TEST(a_bad_descriptor_gives_the_same_result_and_errno_as_libc)
{
	any_function *ours, *theirs;
	long result;
	int error;

	if (!hooks[_i].takes_fd)
		return;
	*(void **)&ours = dlsym(library(), hooks[_i].name);
	*(void **)&theirs = dlsym(RTLD_DEFAULT, hooks[_i].name);
	errno = 0;
	result = (int)theirs(-1, 0, 0, 0, 0, 0, 0);
	error = errno;
	errno = 0;
	ck_assert_int_eq((int)ours(-1, 0, 0, 0, 0, 0, 0), result);
	ck_assert_int_eq(errno, error);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hooks");
	TCase *tests = tcase_create("hooks");
	int count = (int)(sizeof(hooks) / sizeof(*hooks)), failed;
	SRunner *runner;

	tcase_add_loop_test(tests, the_library_exports_the_name_and_libc_has_it, 0, count);
	tcase_add_loop_test(
		tests, a_bad_descriptor_gives_the_same_result_and_errno_as_libc, 0, count);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

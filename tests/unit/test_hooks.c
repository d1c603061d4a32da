/* SPDX-License-Identifier: Apache-2.0 */
/* Made from the table of hooks: each name is exported, resolves, and answers as libc does. */

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static const char *const hooks[] = {
#define HOOK_FD(ret, name, parameters, arguments)		 #name,
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments) #name,
#define HOOK_ANY(ret, name, parameters, arguments)		 #name,
#define HOOK_PLAIN						 HOOK_ANY
#define HOOK_END						 HOOK_ANY
#define HOOK_PATH						 HOOK_ANY
#define HOOK_PATH_VARIADIC					 HOOK_FD_VARIADIC
#define HOOK_EXEC						 HOOK_ANY
#include "shim/libc/hooks.def"
};

/* Those that take a descriptor first, and fail on a bad one. */
static const char *const of_descriptors[] = {
#define HOOK_FD(ret, name, parameters, arguments)		 #name,
#define HOOK_FD_VARIADIC(ret, name, parameters, last, arguments) #name,
#include "shim/libc/hooks.def"
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
	void *ours = dlsym(library(), hooks[_i]);
	void *theirs = dlsym(RTLD_DEFAULT, hooks[_i]);

	ck_assert_msg(ours != NULL, "%s is not exported", hooks[_i]);
	ck_assert_msg(theirs != NULL, "%s is not in libc", hooks[_i]);
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

	*(void **)&ours = dlsym(library(), of_descriptors[_i]);
	*(void **)&theirs = dlsym(RTLD_DEFAULT, of_descriptors[_i]);
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

	tcase_add_loop_test(tests, the_library_exports_the_name_and_libc_has_it, 0, COUNT(hooks));
	tcase_add_loop_test(tests, a_bad_descriptor_gives_the_same_result_and_errno_as_libc, 0,
		COUNT(of_descriptors));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

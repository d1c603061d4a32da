/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/file.h"
#include "control/state.h"
#include "suite.h"

static char folder[64], path[96];

static void make_folder(void)
{
	strcpy(folder, "/tmp/chaos-test-state-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/state.json", folder);
}

static void remove_folder(void)
{
	DIR *files = opendir(folder);
	struct dirent *entry;

	while ((entry = readdir(files)))
		unlinkat(dirfd(files), entry->d_name, 0);
	closedir(files);
	rmdir(folder);
}

static void write_text(const char *to, const char *text)
{
	FILE *file = fopen(to, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void check_text(const char *from, const char *expected)
{
	size_t len;
	char *text = file_read(from, &len);

	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, expected);
	free(text);
}

static int count_files(void)
{
	DIR *files = opendir(folder);
	int count = 0;

	while (readdir(files))
		count++;
	closedir(files);
	return count - 2;
}

static const char by_hand[] =
	"{\"version\": 1, \"effects\": {\"latency\": 20},"
	" \"outages\": [{\"service\": \"kms\", \"region\": \"*\"}],"
	" \"faults\": [{\"error\": {\"code\": \"X\"}, \"service\": \"s3\"}, {},]}";

static void parse(const char *text, struct config *config)
{
	struct refusal why = {0};

	ck_assert_msg(state_parse(text, strlen(text), config, &why) == 0, "%s", why.message);
}

START_TEST(what_was_saved_is_what_is_loaded)
{
	char aside[256];
	struct refusal why = {0};
	struct config saved, loaded;
	char *before, *after;
	struct stat file;

	parse(by_hand, &saved);
	ck_assert_int_eq(state_save(path, &saved, &why), 0);
	ck_assert_int_eq(state_load(path, &loaded, aside, sizeof(aside), &why), 0);
	ck_assert_str_eq(aside, "");
	before = state_print(&saved);
	after = state_print(&loaded);
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(loaded.latency_ms, 20);
	ck_assert_int_eq(stat(path, &file), 0);
	ck_assert_uint_eq(file.st_mode & 0777, 0600);
	ck_assert_int_eq(count_files(), 1);
	free(before);
	free(after);
	config_clear(&saved);
	config_clear(&loaded);
}
END_TEST

START_TEST(ids_survive)
{
	struct config before, after;
	char *text;

	parse(by_hand, &before);
	text = state_print(&before);
	parse(text, &after);
	for (size_t i = 0; i < 2; i++)
		ck_assert_uint_eq(before.lists[TABLE_FAULTS].rules[i]->rule.id,
			after.lists[TABLE_FAULTS].rules[i]->rule.id);
	ck_assert_uint_eq(before.next_id, after.next_id);
	free(text);
	config_clear(&before);
	config_clear(&after);
}
END_TEST

START_TEST(no_file_is_an_empty_configuration)
{
	char aside[256];
	struct refusal why = {0};
	struct config config;

	ck_assert_int_eq(state_load(path, &config, aside, sizeof(aside), &why), 0);
	ck_assert_str_eq(aside, "");
	ck_assert_uint_eq(config.lists[TABLE_FAULTS].count, 0);
	ck_assert_uint_gt(config.next_id, 0);
}
END_TEST

static const char *const corrupt[] = {
	"",
	"garbage",
	"[]",
	"{}",
	"{\"version\": 2}",
	"{\"version\": 1, \"faults\": [{\"serv",
	"{\"version\": 1, \"faults\": {}}",
	"{\"version\": 1, \"faults\": [{\"servce\": \"s3\"}]}",
	"{\"version\": 1, \"effects\": {\"latency\": -1}}",
	"{\"version\": 1, \"faults\": [{}], \"ids\": {}}",
	"{\"version\": 1, \"faults\": [{}], \"ids\": {\"next\": 9, \"outages\": [], \"faults\": "
	"[]}}",
	"{\"version\": 1, \"faults\": [{}], \"ids\": {\"next\": 9, \"outages\": [], \"faults\": "
	"[9]}}",
	"{\"version\": 1, \"faults\": [{}], \"ids\": {\"next\": 9, \"outages\": [], \"faults\": "
	"[0]}}",
	"{\"version\": 1, \"faults\": [{}, {\"service\": \"s3\"}],"
	" \"ids\": {\"next\": 9, \"outages\": [], \"faults\": [4, 3]}}",
	"{\"version\": 1, \"ids\": {\"next\": 1e300, \"outages\": [], \"faults\": []}}",
};

START_TEST(a_corrupt_file_is_put_aside_unchanged)
{
	char aside[256];
	struct refusal why = {0};
	struct config config;

	write_text(path, corrupt[_i]);
	ck_assert_int_eq(state_load(path, &config, aside, sizeof(aside), &why), 0);
	ck_assert_int_eq(strncmp(aside, path, strlen(path)), 0);
	check_text(aside, corrupt[_i]);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_uint_eq(config.lists[TABLE_FAULTS].count, 0);
	ck_assert_int_eq(config.latency_ms, 0);
	config_clear(&config);
}
END_TEST

START_TEST(two_corrupt_files_do_not_meet)
{
	char first[256], second[256];
	struct refusal why = {0};
	struct config config;

	write_text(path, "one");
	ck_assert_int_eq(state_load(path, &config, first, sizeof(first), &why), 0);
	write_text(path, "two");
	ck_assert_int_eq(state_load(path, &config, second, sizeof(second), &why), 0);
	check_text(first, "one");
	check_text(second, "two");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_an_error_and_stays)
{
	char aside[256];
	struct refusal why = {0};
	struct config config;

	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_ne(state_load(path, &config, aside, sizeof(aside), &why), 0);
	ck_assert_ptr_nonnull(strstr(why.message, path));
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(saving_that_fails_leaves_the_old_file)
{
	struct refusal why = {0};
	struct config config = {.next_id = 1};
	char fresh[128];

	write_text(path, "old");
	/* A folder in the place of the file that is written first. */
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	ck_assert_int_eq(mkdir(fresh, 0700), 0);
	ck_assert_int_ne(state_save(path, &config, &why), 0);
	ck_assert_int_eq(why.status, 500);
	ck_assert_ptr_nonnull(strstr(why.message, fresh));
	check_text(path, "old");
	rmdir(fresh);
}
END_TEST

START_TEST(a_left_over_of_a_crash_does_not_matter)
{
	struct refusal why = {0};
	struct config config = {.next_id = 1};
	char fresh[128];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	write_text(fresh, "half of a fi");
	ck_assert_int_eq(state_save(path, &config, &why), 0);
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *tests = tcase_create("state");

	tcase_add_checked_fixture(tests, make_folder, remove_folder);
	tcase_add_test(tests, what_was_saved_is_what_is_loaded);
	tcase_add_test(tests, ids_survive);
	tcase_add_test(tests, no_file_is_an_empty_configuration);
	tcase_add_loop_test(tests, a_corrupt_file_is_put_aside_unchanged, 0, COUNT(corrupt));
	tcase_add_test(tests, two_corrupt_files_do_not_meet);
	tcase_add_test(tests, a_file_that_cannot_be_read_is_an_error_and_stays);
	tcase_add_test(tests, saving_that_fails_leaves_the_old_file);
	tcase_add_test(tests, a_left_over_of_a_crash_does_not_matter);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

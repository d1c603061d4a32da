/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "control/config.h"
#include "control/json.h"
#include "control/state.h"
#include "suite.h"

#define FIRST_ID 100

/* One change of a list of faults; false, and nothing changed, if the body is refused. */
static bool change(
	struct config *config, enum config_change change, const char *text, struct refusal *why)
{
	cJSON *body;
	struct config_list rules;
	struct config next;
	int error;

	*why = (struct refusal){0};
	body = json_parse(text, strlen(text), why);
	ck_assert_msg(body, "%s", why->message);
	error = config_read(body, TABLE_FAULTS, change, &rules, why);
	cJSON_Delete(body);
	if (error)
		return false;
	config_change(config, TABLE_FAULTS, change, &rules, &next);
	config_list_clear(&rules);
	config_clear(config);
	*config = next;
	return true;
}

static void check_list(const struct config *config, enum table_list list, const char *expected)
{
	char *text = config_list_text(&config->lists[list]);

	ck_assert_str_eq(text, expected);
	free(text);
}

#define A     "{\"service\": \"s3\", \"region\": \"us-east-1\"}"
#define A_ALT "{\"region\": \"us-east-1\", \"service\": \"s3\"}"
#define B     "{\"service\": \"lambda\"}"
#define C     "{}"

/* What becomes of the list [A, B]. */
static const struct {
	enum config_change change;
	const char *body, *after;
} changes[] = {
	{CONFIG_REPLACE, "[]", "[]"},
	{CONFIG_REPLACE, "[" C "]", "[" C "]"},
	{CONFIG_REPLACE, "[" B ", " A "]", "[" B ", " A "]"},
	{CONFIG_APPEND, "[" C "]", "[" A ", " B ", " C "]"},
	{CONFIG_APPEND, C, "[" A ", " B ", " C "]"},
	{CONFIG_APPEND, "[]", "[" A ", " B "]"},
	{CONFIG_APPEND, "[" A_ALT ", " C "]", "[" A ", " B ", " C "]"},
	{CONFIG_REMOVE, "[" A "]", "[" B "]"},
	{CONFIG_REMOVE, A, "[" B "]"},
	{CONFIG_REMOVE, "[" A_ALT "]", "[" B "]"},
	{CONFIG_REMOVE, "[" B ", " A "]", "[]"},
	{CONFIG_REMOVE, "[" C "]", "[" A ", " B "]"},
	{CONFIG_REMOVE, "[{\"service\": \"s3\"}]", "[" A ", " B "]"},
	{CONFIG_REMOVE, "[]", "[" A ", " B "]"},
};

START_TEST(a_change_gives_the_list_as_sent_and_in_order)
{
	struct config config = {.next_id = FIRST_ID};
	struct refusal why;

	ck_assert(change(&config, CONFIG_REPLACE, "[" A ", " B "]", &why));
	ck_assert(change(&config, changes[_i].change, changes[_i].body, &why));
	check_list(&config, TABLE_FAULTS, changes[_i].after);
	check_list(&config, TABLE_OUTAGES, "[]");
	config_clear(&config);
}
END_TEST

static const struct {
	enum config_change change;
	const char *body;
	int rule;
	const char *message;
} refused[] = {
	{CONFIG_REPLACE, "{}", 0, "an array of rules"},
	{CONFIG_REPLACE, "3", 0, "an array of rules"},
	{CONFIG_APPEND, "null", 0, "an array of rules"},
	{CONFIG_REMOVE, "\"s3\"", 0, "an array of rules"},
	{CONFIG_REPLACE, "[{}, 3]", 2, "an object"},
	{CONFIG_APPEND, "[{}, {\"servce\": \"s3\"}]", 2, "not a field"},
	{CONFIG_REMOVE, "[{\"servce\": \"s3\"}]", 1, "not a field"},
	{CONFIG_REPLACE, "[" A ", " B ", " A_ALT "]", 3, "same as rule 1"},
	{CONFIG_APPEND, "[" C ", " C "]", 2, "same as rule 1"},
};

START_TEST(a_bad_body_is_refused_by_rule)
{
	struct config config = {.next_id = FIRST_ID};
	struct refusal why;

	ck_assert(!change(&config, refused[_i].change, refused[_i].body, &why));
	ck_assert_int_eq(why.rule, refused[_i].rule);
	ck_assert_msg(strstr(why.message, refused[_i].message), "%s", why.message);
	config_clear(&config);
}
END_TEST

static uint64_t id_of(const struct config *config, size_t rule)
{
	return config->lists[TABLE_FAULTS].rules[rule]->rule.id;
}

START_TEST(a_rule_keeps_its_id_while_it_stays)
{
	struct config config = {.next_id = FIRST_ID};
	struct refusal why;

	ck_assert(change(&config, CONFIG_REPLACE, "[" A ", " B "]", &why));
	ck_assert_uint_eq(id_of(&config, 0), FIRST_ID);
	ck_assert_uint_eq(id_of(&config, 1), FIRST_ID + 1);
	ck_assert(change(&config, CONFIG_REMOVE, A, &why));
	ck_assert_uint_eq(id_of(&config, 0), FIRST_ID + 1);
	ck_assert(change(&config, CONFIG_APPEND, "[" B ", " A "]", &why));
	ck_assert_uint_eq(id_of(&config, 0), FIRST_ID + 1);
	ck_assert_uint_eq(id_of(&config, 1), FIRST_ID + 2);
	config_clear(&config);
}
END_TEST

START_TEST(a_replaced_list_has_new_ids)
{
	struct config config = {.next_id = FIRST_ID};
	struct refusal why;

	ck_assert(change(&config, CONFIG_REPLACE, "[" A "]", &why));
	ck_assert(change(&config, CONFIG_REPLACE, "[" A "]", &why));
	ck_assert_uint_eq(id_of(&config, 0), FIRST_ID + 1);
	config_clear(&config);
}
END_TEST

START_TEST(outages_are_tried_before_faults)
{
	static const char text[] = "{\"version\": 1, \"faults\": [{\"service\": \"f1\"}, "
				   "{\"service\": \"f2\"}], \"outages\": [{\"service\": \"o1\"}]}";
	struct refusal why = {0};
	struct config config;
	const struct rule **rules;
	size_t count;

	ck_assert_int_eq(state_parse(text, strlen(text), &config, &why), 0);
	rules = config_rules(&config, &count);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(rules[0]->service, "o1");
	ck_assert_str_eq(rules[1]->service, "f1");
	ck_assert_str_eq(rules[2]->service, "f2");
	free(rules);
	config_clear(&config);
}
END_TEST

START_TEST(latency_leaves_the_rules_alone)
{
	struct config config = {.next_id = FIRST_ID};
	struct config next;
	struct refusal why;
	char *text;

	ck_assert(change(&config, CONFIG_REPLACE, "[" A "]", &why));
	config_set_latency(&config, 250, &next);
	config_clear(&config);
	check_list(&next, TABLE_FAULTS, "[" A "]");
	text = config_effects_text(&next);
	ck_assert_str_eq(text, "{\"latency\": 250}");
	free(text);
	config_clear(&next);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tests = tcase_create("config");

	tcase_add_loop_test(tests, a_change_gives_the_list_as_sent_and_in_order, 0, COUNT(changes));
	tcase_add_loop_test(tests, a_bad_body_is_refused_by_rule, 0, COUNT(refused));
	tcase_add_test(tests, a_rule_keeps_its_id_while_it_stays);
	tcase_add_test(tests, a_replaced_list_has_new_ids);
	tcase_add_test(tests, outages_are_tried_before_faults);
	tcase_add_test(tests, latency_leaves_the_rules_alone);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "control/origin.h"
#include "suite.h"

static const struct {
	const char *host;
	bool own;
} hosts[] = {
	{"localhost", true},
	{"LocalHost:4566", true},
	{"localhost:", true},
	{"127.0.0.1", true},
	{"127.0.0.1:80", true},
	{"127.9.9.9", true},
	{"[::1]", true},
	{"[::1]:4566", true},
	{"localhost.localstack.cloud", true},
	{"localhost.localstack.cloud:4566", true},
	{"outages.LOCALHOST.localstack.cloud:4566", true},
	{"a.b.localhost.localstack.cloud", true},
	{"", false},
	{"localstack.cloud", false},
	{"evillocalhost.localstack.cloud", false},
	{"localhost.localstack.cloud.evil.com", false},
	{"localhost.evil.com", false},
	{"evil.localhost", false},
	{"localhost:80@evil.com", false},
	{"localhost@evil.com", false},
	{"127.0.0.1.evil.com", false},
	{"127.0.0.1:80x", false},
	{"127.1", false},
	{"128.0.0.1", false},
	{"0.0.0.0", false},
	{"192.168.0.1", false},
	{"[::1]evil.com", false},
	{"[::2]", false},
	{"::1", false},
	{"example.com", false},
};

START_TEST(a_host_is_own_if_no_other_machine_can_be_meant)
{
	ck_assert_int_eq(origin_host_is_own(hosts[_i].host), hosts[_i].own);
}
END_TEST

static const struct {
	const char *origin;
	bool own;
} origins[] = {
	{"http://localhost", true},
	{"http://localhost:3000", true},
	{"https://app.localhost.localstack.cloud:4566", true},
	{"http://127.0.0.1:8080", true},
	{"http://[::1]:8080", true},
	{"null", false},
	{"", false},
	{"localhost", false},
	{"file://", false},
	{"http://example.com", false},
	{"https://localhost.example.com", false},
	{"http://evil.com/http://localhost", false},
};

START_TEST(an_origin_is_own_if_its_host_is)
{
	ck_assert_int_eq(origin_is_own(origins[_i].origin), origins[_i].own);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("origin");
	TCase *tests = tcase_create("origin");

	tcase_add_loop_test(tests, a_host_is_own_if_no_other_machine_can_be_meant, 0, COUNT(hosts));
	tcase_add_loop_test(tests, an_origin_is_own_if_its_host_is, 0, COUNT(origins));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "shim/process/endpoints.h"
#include "suite.h"

static const struct url {
	const char *url;
	const char *host; /* NULL: none */
	uint16_t port;
} urls[] = {
	{"http://localhost:4566", "localhost", 4566},
	{"https://s3.example/path", "s3.example", 443},
	{"http://s3.example?x=//y:1", "s3.example", 80},
	{"HTTPS://user:secret@host:8443#part", "host", 8443},
	{"localhost:5000", "localhost", 5000},
	{"https://[::1]:4566/", "::1", 4566},
	{"https://[fe80::1]", "fe80::1", 443},
	{"https://", NULL, 0},
	{"https://@:1", NULL, 0},
	{"https://[", NULL, 0},
	{"", NULL, 0},
};

START_TEST(a_url_has_a_host_and_a_port)
{
	const struct url *url = &urls[_i];
	struct endpoints endpoints = {.count = 0};

	clearenv();
	setenv("AWS_ENDPOINT_URL", url->url, 1);
	endpoints_read(&endpoints);
	ck_assert_uint_eq(endpoints.count, url->host ? 1 : 0);
	if (!url->host)
		return;
	ck_assert_str_eq(endpoints.all[0].host, url->host);
	ck_assert_uint_eq(endpoints.all[0].port, url->port);
}
END_TEST

START_TEST(each_service_may_have_its_own_and_one_counts_once)
{
	struct endpoints endpoints = {.count = 0};

	clearenv();
	setenv("AWS_ENDPOINT_URL", "http://one:1", 1);
	setenv("AWS_ENDPOINT_URL_S3", "http://ONE:1", 1);
	setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://two:1", 1);
	setenv("AWS_ENDPOINT_URLS", "http://three:1", 1);
	endpoints_read(&endpoints);
	ck_assert_uint_eq(endpoints.count, 2);
	ck_assert(endpoints_has_name(&endpoints, "One"));
	ck_assert(endpoints_has_name(&endpoints, "bucket.two"));
	ck_assert(!endpoints_has_name(&endpoints, "three"));
	ck_assert(!endpoints_has_name(&endpoints, "stwo"));
	ck_assert(!endpoints_has_name(&endpoints, ""));
}
END_TEST

START_TEST(more_than_there_is_room_for_are_left_out)
{
	struct endpoints endpoints = {.count = 0};
	char name[64], url[400];

	clearenv();
	for (int i = 0; i < 2 * ENDPOINTS_MAX; i++) {
		snprintf(name, sizeof(name), "AWS_ENDPOINT_URL_S%d", i);
		snprintf(url, sizeof(url), i % 2 ? "http://host%d" : "http://%0300d", i);
		setenv(name, url, 1);
	}
	setenv("AWS_ENDPOINT_URL", "http://last", 1);
	endpoints_read(&endpoints);
	ck_assert_uint_eq(endpoints.count, ENDPOINTS_MAX);
	ck_assert(endpoints_has_name(&endpoints, "host1"));
	ck_assert(!endpoints_has_name(&endpoints, "last"));
}
END_TEST

START_TEST(an_address_needs_its_port)
{
	struct endpoints endpoints = {.count = 0};

	clearenv();
	setenv("AWS_ENDPOINT_URL", "https://localhost:4566", 1);
	setenv("AWS_ENDPOINT_URL_S3", "http://10.0.0.1", 1);
	endpoints_read(&endpoints);
	ck_assert(endpoints_has_address(&endpoints, "127.0.0.2", 4566));
	ck_assert(endpoints_has_address(&endpoints, "::1", 4566));
	ck_assert(!endpoints_has_address(&endpoints, "127.0.0.1", 4567));
	ck_assert(endpoints_has_address(&endpoints, "10.0.0.1", 80));
	ck_assert(!endpoints_has_address(&endpoints, "10.0.0.1", 443));
	ck_assert(!endpoints_has_address(&endpoints, "10.0.0.2", 4566));
}
END_TEST

START_TEST(localstack_is_one_without_being_named)
{
	struct endpoints none = {.count = 0};

	ck_assert(endpoints_has_name(&none, "localhost.localstack.cloud"));
	ck_assert(endpoints_has_name(&none, "s3.localhost.localstack.cloud"));
	ck_assert(!endpoints_has_name(&none, "localhost"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("endpoints");
	TCase *tests = tcase_create("endpoints");

	tcase_add_loop_test(tests, a_url_has_a_host_and_a_port, 0, COUNT(urls));
	tcase_add_test(tests, each_service_may_have_its_own_and_one_counts_once);
	tcase_add_test(tests, more_than_there_is_room_for_are_left_out);
	tcase_add_test(tests, an_address_needs_its_port);
	tcase_add_test(tests, localstack_is_one_without_being_named);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

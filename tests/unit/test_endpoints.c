/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shim/engine/endpoints.h"
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
	{"https://[0:0::1]:1", "::1", 1},
	{"https://[::ffff:10.0.0.1]:1", "10.0.0.1", 1},
	{"https://", NULL, 0},
	{"https://@:1", NULL, 0},
	{"https://[", NULL, 0},
	{"", NULL, 0},
};

static struct span wrong;

static const char *take(struct endpoints *endpoints)
{
	return endpoints_read(endpoints, environ, &wrong);
}

START_TEST(a_url_has_a_host_and_a_port)
{
	const struct url *url = &urls[_i];
	struct endpoints endpoints = {.count = 0};

	clearenv();
	setenv("AWS_ENDPOINT_URL", url->url, 1);
	ck_assert_ptr_null(take(&endpoints));
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
	ck_assert_ptr_null(take(&endpoints));
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
	ck_assert_ptr_null(take(&endpoints));
	ck_assert_uint_eq(endpoints.count, ENDPOINTS_MAX);
	ck_assert(endpoints_has_name(&endpoints, "host1"));
	ck_assert(!endpoints_has_name(&endpoints, "last"));
	ck_assert(endpoints.is_cut);
}
END_TEST

/* More than a program speaks to. */
START_TEST(many_services_may_have_a_server_of_their_own)
{
	struct endpoints endpoints = {.count = 0};
	char name[64], url[64];

	clearenv();
	for (int i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "AWS_ENDPOINT_URL_S%d", i);
		snprintf(url, sizeof(url), "http://localhost:%d", 1000 + i);
		setenv(name, url, 1);
	}
	ck_assert_ptr_null(take(&endpoints));
	ck_assert(endpoints_has_address(&endpoints, "127.0.0.1", 1149));
	ck_assert(!endpoints.is_cut);
}
END_TEST

START_TEST(an_address_needs_its_port)
{
	struct endpoints endpoints = {.count = 0};

	clearenv();
	setenv("AWS_ENDPOINT_URL", "https://localhost:4566", 1);
	setenv("AWS_ENDPOINT_URL_S3", "http://10.0.0.1", 1);
	ck_assert_ptr_null(take(&endpoints));
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

static const struct entry {
	const char *list;
	const char *host;
	uint16_t port;
} entries[] = {
	{"minio", "minio", 0},
	{"minio.example:9000", "minio.example", 9000},
	{"minio.example.", "minio.example", 0},
	{"a_b.example", "a_b.example", 0},
	{"s3.10x", "s3.10x", 0},
	{"127.0.0.1", "127.0.0.1", 0},
	{"127.0.0.1:1", "127.0.0.1", 1},
	{"::1", "::1", 0},
	{"[::1]", "::1", 0},
	{"[0:0::1]:65535", "::1", 65535},
	{"fd00::1:80", "fd00::1:80", 0},
};

START_TEST(an_entry_is_a_host_and_maybe_a_port)
{
	const struct entry *entry = &entries[_i];
	struct endpoints endpoints = {.count = 0};

	ck_assert_ptr_null(endpoints_add(&endpoints, entry->list, &wrong));
	ck_assert_uint_eq(endpoints.count, 1);
	ck_assert_str_eq(endpoints.all[0].host, entry->host);
	ck_assert_uint_eq(endpoints.all[0].port, entry->port);
}
END_TEST

static const struct bad {
	const char *entry;
	const char *reason;
} bad[] = {
	{"", "is empty"},
	{":80", "is empty"},
	{"[", "is no host"},
	{"[]", "is empty"},
	{"*.example", "begins with"},
	{".example", "begins with"},
	{"https://minio", "is a URL"},
	{"minio/path", "is no host; write a name or an address"},
	{"10.0.0.0/8", "is no host; write a name or an address"},
	{"user@minio", "is no host; write a name or an address"},
	{"m\xc3\xbcnio", "is not ASCII"},
	{"a..b", "is no host: a part"},
	{"a123456789a123456789a123456789a123456789a123456789a123456789a123", "is no host: a part"},
	{"10.0.0", "is no address"},
	{"300.0.0.1", "is no address"},
	{"fe80::1%eth0", "is no host"},
	{"minio:", "has no port"},
	{"minio:0", "has no port"},
	{"minio:65536", "has no port"},
	{"minio:99999999999", "has no port"},
	{"minio:http", "has no port"},
	{"[::1]80", "has no port"},
};

START_TEST(what_is_no_host_is_told_and_the_others_are_taken)
{
	struct endpoints endpoints = {.count = 0};
	const char *reason;
	char list[256];

	snprintf(list, sizeof(list), "one,%s,two", bad[_i].entry);
	reason = endpoints_add(&endpoints, list, &wrong);
	ck_assert_ptr_nonnull(reason);
	ck_assert_msg(strstr(reason, bad[_i].reason) == reason, "'%s' %s", bad[_i].entry, reason);
	ck_assert(span_equal(wrong, span_of(bad[_i].entry)));
	ck_assert_uint_eq(endpoints.count, 2);
}
END_TEST

START_TEST(spaces_around_an_entry_are_left_out)
{
	struct endpoints endpoints = {.count = 0};

	ck_assert_ptr_null(endpoints_add(&endpoints, " one , two", &wrong));
	ck_assert_str_eq(endpoints.all[0].host, "one");
	ck_assert_str_eq(endpoints.all[1].host, "two");
}
END_TEST

START_TEST(a_list_that_is_too_long_is_told)
{
	struct endpoints endpoints = {.count = 0};
	char list[8 * ENDPOINTS_MAX] = "";
	size_t len = 0;

	for (int i = 0; i <= ENDPOINTS_MAX; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%sh%d", i ? "," : "", i);
	ck_assert_str_eq(
		endpoints_add(&endpoints, list, &wrong), "is one more than there is room for");
	ck_assert_uint_eq(endpoints.count, ENDPOINTS_MAX);
}
END_TEST

START_TEST(intercepted_hosts_are_of_any_port_unless_they_have_one)
{
	struct endpoints endpoints = {.count = 0};

	clearenv();
	setenv("AWS_ENDPOINT_URL", "http://10.0.0.1", 1);
	setenv("CHAOS_INTERCEPT", "minio,localhost:9000,10.0.0.2", 1);
	ck_assert_ptr_null(take(&endpoints));
	ck_assert_uint_eq(endpoints.count, 4);
	ck_assert(endpoints_has_name(&endpoints, "bucket.minio"));
	ck_assert(endpoints_has_address(&endpoints, "127.0.0.1", 9000));
	ck_assert(!endpoints_has_address(&endpoints, "127.0.0.1", 9001));
	ck_assert(endpoints_has_address(&endpoints, "10.0.0.2", 1));
	ck_assert(!endpoints_has_address(&endpoints, "10.0.0.1", 1));
}
END_TEST

START_TEST(localstack_is_at_its_port_on_loopback)
{
	ck_assert(endpoints_is_localstack("", "127.0.0.1", 4566));
	ck_assert(endpoints_is_localstack("localhost", "::1", 4566));
	ck_assert(endpoints_is_localstack("bucket.LOCALHOST", "127.0.0.2", 4566));
	ck_assert(!endpoints_is_localstack("localhost", "127.0.0.1", 4567));
	ck_assert(!endpoints_is_localstack("localhost", "10.0.0.1", 4566));
	ck_assert(!endpoints_is_localstack("example.com", "127.0.0.1", 4566));
}
END_TEST

START_TEST(what_is_wrong_in_the_environment_is_told)
{
	struct endpoints endpoints = {.count = 0};

	clearenv();
	setenv("CHAOS_INTERCEPT", "minio,a/b", 1);
	ck_assert_ptr_nonnull(take(&endpoints));
	ck_assert(span_equal(wrong, SPAN("a/b")));
	ck_assert_uint_eq(endpoints.count, 1);
	setenv("CHAOS_INTERCEPT", "", 1);
	ck_assert_ptr_null(take(&endpoints));
}
END_TEST

START_TEST(intercepted_hosts_come_before_urls_where_there_is_little_room)
{
	struct endpoints endpoints = {.count = 0};
	char name[64], url[64];

	clearenv();
	for (int i = 0; i < ENDPOINTS_MAX; i++) {
		snprintf(name, sizeof(name), "AWS_ENDPOINT_URL_S%d", i);
		snprintf(url, sizeof(url), "http://host%d", i);
		setenv(name, url, 1);
	}
	setenv("CHAOS_INTERCEPT", "minio", 1);
	ck_assert_ptr_null(take(&endpoints));
	ck_assert(endpoints_has_name(&endpoints, "minio"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("endpoints");
	TCase *tests = tcase_create("endpoints");

	tcase_add_loop_test(tests, a_url_has_a_host_and_a_port, 0, COUNT(urls));
	tcase_add_test(tests, each_service_may_have_its_own_and_one_counts_once);
	tcase_add_test(tests, more_than_there_is_room_for_are_left_out);
	tcase_add_test(tests, many_services_may_have_a_server_of_their_own);
	tcase_add_test(tests, an_address_needs_its_port);
	tcase_add_test(tests, localstack_is_one_without_being_named);
	tcase_add_loop_test(tests, an_entry_is_a_host_and_maybe_a_port, 0, COUNT(entries));
	tcase_add_loop_test(tests, what_is_no_host_is_told_and_the_others_are_taken, 0, COUNT(bad));
	tcase_add_test(tests, spaces_around_an_entry_are_left_out);
	tcase_add_test(tests, a_list_that_is_too_long_is_told);
	tcase_add_test(tests, intercepted_hosts_are_of_any_port_unless_they_have_one);
	tcase_add_test(tests, localstack_is_at_its_port_on_loopback);
	tcase_add_test(tests, what_is_wrong_in_the_environment_is_told);
	tcase_add_test(tests, intercepted_hosts_come_before_urls_where_there_is_little_room);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

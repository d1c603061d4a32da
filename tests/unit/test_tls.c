/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "shim/engine/tls.h"
#include "suite.h"

/* A ClientHello for "s3.us-east-1.amazonaws.com" whose random is 0, 1, 2, … */
static size_t make_hello(char *out)
{
	static const char name[] = "s3.us-east-1.amazonaws.com";
	char *at = out + 5 + 4;
	size_t name_len = sizeof(name) - 1, len;

	*at++ = 3;
	*at++ = 3;
	for (char i = 0; i < TLS_RANDOM_LEN; i++)
		*at++ = i;
	*at++ = 0; /* session id */
	memcpy(at, "\0\2\x13\x01", 4);
	at += 4;
	memcpy(at, "\1\0", 2);
	at += 2;
	memcpy(at, "\0\0", 2); /* length of the extensions: not looked at */
	at += 2;
	memcpy(at, "\0\x17\0\0", 4); /* another extension before it */
	at += 4;
	memcpy(at, "\0\0\0", 3);
	at[3] = (char)(name_len + 5);
	at[4] = 0;
	at[5] = (char)(name_len + 3);
	at[6] = 0;
	at[7] = 0;
	at[8] = (char)name_len;
	memcpy(at + 9, name, name_len);
	len = (size_t)(at + 9 + (char)name_len - out);
	memcpy(out, "\x16\3\1\0", 4);
	out[4] = (char)(len - 5);
	memcpy(out + 5, "\1\0\0", 3);
	out[8] = (char)(len - 9);
	return len;
}

START_TEST(a_client_hello_gives_its_random_and_server_name)
{
	char data[256];
	struct tls_hello hello;
	size_t len = make_hello(data);

	ck_assert(tls_parse_hello(&hello, data, len));
	for (uint8_t i = 0; i < TLS_RANDOM_LEN; i++)
		ck_assert_uint_eq(hello.random[i], i);
	ck_assert(span_equal(hello.server_name, SPAN("s3.us-east-1.amazonaws.com")));
}
END_TEST

START_TEST(a_hello_cut_off_anywhere_is_read_as_far_as_it_goes)
{
	char data[256];
	size_t len = make_hello(data);

	for (size_t cut = 0; cut < len; cut++) {
		char *copy = malloc(cut ? cut : 1);
		struct tls_hello hello;

		memcpy(copy, data, cut);
		ck_assert_int_eq(tls_parse_hello(&hello, copy, cut), cut >= 11 + TLS_RANDOM_LEN);
		if (cut >= 11 + TLS_RANDOM_LEN)
			ck_assert_uint_eq(hello.server_name.len, 0);
		free(copy);
	}
}
END_TEST

/* The same in records of `size` bytes. */
static size_t split_hello(char *out, const char *whole, size_t len, size_t size)
{
	char *at = out;

	for (size_t from = 5; from < len; from += size) {
		size_t part = len - from < size ? len - from : size;

		memcpy(at, "\x16\3\1\0", 4);
		at[4] = (char)part;
		memcpy(at + 5, whole + from, part);
		at += 5 + part;
	}
	return (size_t)(at - out);
}

START_TEST(a_hello_is_read_however_it_is_split_into_records)
{
	char whole[256], data[2048];
	size_t len = make_hello(whole);

	for (size_t size = 1; size < len; size++) {
		struct tls_hello hello;
		size_t split = split_hello(data, whole, len, size);

		ck_assert(tls_parse_hello(&hello, data, split));
		ck_assert_uint_eq(hello.random[31], 31);
		ck_assert(span_equal(hello.server_name, SPAN("s3.us-east-1.amazonaws.com")));
	}
}
END_TEST

START_TEST(a_hello_may_go_on_until_its_last_byte)
{
	char whole[256], data[2048];
	size_t len = make_hello(whole);

	for (size_t size = 1; size < len; size++) {
		size_t split = split_hello(data, whole, len, size);

		for (size_t cut = 0; cut <= split; cut++)
			ck_assert_int_eq(tls_may_go_on(data, cut), cut < split);
	}
}
END_TEST

START_TEST(a_hello_that_something_else_cuts_short_does_not_go_on)
{
	char whole[256], data[2048];
	struct tls_hello hello;
	size_t split = split_hello(data, whole, make_hello(whole), 60);

	data[65] = 0x15; /* an alert in the place of the second record */
	ck_assert(!tls_may_go_on(data, split));
	ck_assert(tls_parse_hello(&hello, data, split));
	ck_assert_uint_eq(hello.server_name.len, 0);
	data[5] = 2; /* a ServerHello */
	ck_assert(!tls_may_go_on(data, split));
}
END_TEST

START_TEST(a_name_that_is_too_long_is_none)
{
	char data[1024] = "\x16\3\1\2\0\1\0\1\xfc\3\3";
	struct tls_hello hello;
	char *at = data + 11 + TLS_RANDOM_LEN;

	/* No session, one suite, no compression, the name alone. */
	memcpy(at, "\0\0\2\x13\1\1\0\1\x20\0\0\1\x06\1\x04\0\1\1", 18);
	ck_assert(tls_parse_hello(&hello, data, 5 + 512));
	ck_assert_uint_eq(hello.server_name.len, 0);
	at[17] = 0;
	ck_assert(tls_parse_hello(&hello, data, 5 + 512));
	ck_assert_uint_eq(hello.server_name.len, TLS_NAME_MAX);
}
END_TEST

START_TEST(other_streams_are_not_tls)
{
	struct tls_hello hello;

	ck_assert(!tls_sniff("GET / HTTP/1.1\r\n", 16));
	ck_assert(!tls_sniff("\x16\3", 2));
	ck_assert(!tls_sniff("\x16\2\0", 3));
	ck_assert(!tls_parse_hello(&hello, "\x16\3\1\0\4\2\0\0\0", 9)); /* a ServerHello */
}
END_TEST

START_TEST(application_data_is_counted_however_the_records_are_split)
{
	/* A handshake record of 2 bytes, application data of 3 and of 1. */
	static const char data[] = "\x16\3\3\0\2ab\x17\3\3\0\3xyz\x17\3\3\0\1w";
	size_t len = sizeof(data) - 1;

	for (size_t step = 1; step <= len; step++) {
		struct tls_records records = {0};

		for (size_t at = 0; at < len; at += step)
			tls_follow(&records, data + at, len - at < step ? len - at : step);
		ck_assert_uint_eq(records.application, 4);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tls");
	TCase *tests = tcase_create("tls");

	tcase_add_test(tests, a_client_hello_gives_its_random_and_server_name);
	tcase_add_test(tests, a_hello_cut_off_anywhere_is_read_as_far_as_it_goes);
	tcase_add_test(tests, a_hello_is_read_however_it_is_split_into_records);
	tcase_add_test(tests, a_hello_may_go_on_until_its_last_byte);
	tcase_add_test(tests, a_hello_that_something_else_cuts_short_does_not_go_on);
	tcase_add_test(tests, a_name_that_is_too_long_is_none);
	tcase_add_test(tests, other_streams_are_not_tls);
	tcase_add_test(tests, application_data_is_counted_however_the_records_are_split);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

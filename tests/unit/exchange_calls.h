/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TEST_EXCHANGE_CALLS_H
#define CHAOS_TEST_EXCHANGE_CALLS_H

/* What the tests of the exchange say to it, the connection that each of them has, and its rules. */

#include <stdlib.h>

#include "exchange_of.h"

#define SIGNED(service)                                                                            \
	"Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/" service              \
	"/aws4_request, SignedHeaders=host, Signature=0\r\n"

#define JSON_HEAD                                                                                  \
	"POST / HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(                                      \
		"kinesis") "X-Amz-Target: Kinesis_20131202.PutRecord\r\n"                          \
			   "Content-Type: application/x-amz-json-1.1\r\nContent-Length: "          \
			   "2\r\n\r\n"
#define JSON_CALL JSON_HEAD "{}"
#define QUERY_FIELDS                                                                               \
	"POST / HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED(                                      \
		"sns") "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 36\r\n"
#define QUERY_HEAD QUERY_FIELDS "\r\n"
#define QUERY_BODY "Version=2010-03-31&Action=ListTopics"
#define S3_FIELDS  "PUT /bucket/key HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED("s3")
#define S3_PUT	   S3_FIELDS "Content-Length: 6\r\n\r\n"
#define S3_CHUNKED S3_FIELDS "Transfer-Encoding: chunked\r\n\r\n"
#define S3_EXPECT  S3_FIELDS "Content-Length: 6\r\nExpect: 100-continue\r\n\r\n"
#define CHUNKS	   "5\r\nabcde\r\n3;x=y\r\nfgh\r\n0\r\n\r\n"
#define PLAIN_CALL "GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define CONNECT	   "CONNECT s3.amazonaws.com:443 HTTP/1.1\r\nHost: s3.amazonaws.com:443\r\n\r\n"
#define OK	   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define CONTINUE   "HTTP/1.1 100 Continue\r\n\r\n"
#define REFUSED	   "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"

/* A record with the beginning of a ClientHello, as long as its header says; no byte of it is 0. */
#define HELLO	  "\x16\x03\x01\x01\x02" HELLO_64 HELLO_64 HELLO_64 HELLO_64 "\x01\x01"
#define HELLO_64  HELLO_16 HELLO_16 HELLO_16 HELLO_16
#define HELLO_16  "\x01\x01\x01\x01\x03\x03\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07"
#define HELLO_LOG "hello 263"

__attribute__((unused)) static const char socks_hello[] = {5, 1, 0};
__attribute__((unused)) static const char socks_request[] = {
	5, 1, 0, 1, 127, 0, 0, 1, 1, (char)187};

static struct connection connection;
static struct table *table;

static inline void setup(void)
{
	table = NULL;
	open_connection(&connection, NULL);
}

static inline void teardown(void)
{
	close_connection(&connection);
	free(table);
	table = NULL;
}

/* All calls of this service (NULL: any) and operation fail. */
static inline void fault(const char *service, const char *operation)
{
	struct rule rule = rule_of(1, service, NULL, operation);

	table = table_of(&rule, 1);
	connection.table = table;
}

static inline void fault_all(void)
{
	fault(NULL, NULL);
}

/* All calls wait, and those of this service (NULL: none) fail. */
static inline void delay_all(uint64_t latency_ns, const char *faulty)
{
	struct rule rule = rule_of(1, faulty, NULL, NULL);

	table = late_table_of(&rule, faulty ? 1 : 0, latency_ns);
	connection.table = table;
}

struct exchange_part {
	const char *name;
	void (*add)(TCase *tests);
};

/* Runs the parts of a suite, each test with a connection of its own. Returns what main() does. */
static inline int run_parts(const char *name, const struct exchange_part *parts, int count)
{
	Suite *suite = suite_create(name);

	for (int i = 0; i < count; i++) {
		TCase *tests = tcase_create(parts[i].name);

		tcase_add_checked_fixture(tests, setup, teardown);
		parts[i].add(tests);
		suite_add_tcase(suite, tests);
	}
	return run_suite(suite);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim/engine/aws/escape.h"
#include "shim/engine/aws/model.h"
#include "shim/engine/aws/reply.h"
#include "shim/memory/table.h"
#include "suite.h"

#define UUID	"01234567-89ab-4def-bedc-ba9876543210"
#define S3_ID	"0123456789ABCDEF"
#define S3_HOST "usja+nmpIshMU4lpmYznghMwlHw0LUTd/zzNl6/87cb5cKZcGhIsS7pndYP2vAcTZVPoM/7LBx+="
#define DATE	"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define XML	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static const uint64_t ids[2] = {0x0123456789abcdef, 0xfedcba9876543210};

static struct aws_call call_of(enum aws_protocol protocol, const char *service)
{
	return (struct aws_call){
		.protocol = protocol,
		.candidate_count = 1,
		.candidates = {{span_of(service), SPAN(""), aws_model_find(span_of(service))}},
	};
}

/* A reply in a terminated static buffer. */
static const char *reply_to(
	const struct aws_call *call, int status, struct span code, struct span message)
{
	static char out[AWS_REPLY_MAX + 1];
	const struct aws_error error = {0, status, code, message};
	ssize_t len = aws_reply(call, &error, 784111777, ids, false, out, AWS_REPLY_MAX);

	ck_assert_int_gt(len, 0);
	out[len] = '\0';
	return out;
}

static const struct {
	enum aws_protocol protocol;
	const char *service;
	int status;
	const char *expected;
} wholes[] = {
	{AWS_JSON, "dynamodb", 400,
		"HTTP/1.1 400 Bad Request\r\n" DATE "x-amzn-RequestId: " UUID "\r\n"
		"x-amzn-errortype: Some.Code\r\n"
		"Content-Type: application/x-amz-json-1.1\r\n"
		"Content-Length: 41\r\nConnection: close\r\n\r\n"
		"{\"__type\":\"Some.Code\",\"message\":\"a<b&\\\"\"}"},
	{AWS_REST_JSON, "lambda", 429,
		"HTTP/1.1 429 Too Many Requests\r\n" DATE "x-amzn-RequestId: " UUID "\r\n"
		"x-amzn-errortype: Some.Code\r\n"
		"Content-Type: application/json\r\n"
		"Content-Length: 41\r\nConnection: close\r\n\r\n"
		"{\"__type\":\"Some.Code\",\"message\":\"a<b&\\\"\"}"},
	{AWS_QUERY, "iam", 400,
		"HTTP/1.1 400 Bad Request\r\n" DATE "x-amzn-RequestId: " UUID "\r\n"
		"Content-Type: text/xml\r\n"
		"Content-Length: 271\r\nConnection: close\r\n\r\n" XML
		"<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error>"
		"<Type>Sender</Type><Code>Some.Code</Code><Message>a&lt;b&amp;&quot;</Message>"
		"</Error><RequestId>" UUID "</RequestId></ErrorResponse>"},
	{AWS_EC2, "ec2", 503,
		"HTTP/1.1 503 Service Unavailable\r\n" DATE "x-amzn-RequestId: " UUID "\r\n"
		"Content-Type: text/xml;charset=UTF-8\r\n"
		"Content-Length: 209\r\nConnection: close\r\n\r\n" XML
		"<Response><Errors><Error><Code>Some.Code</Code>"
		"<Message>a&lt;b&amp;&quot;</Message></Error></Errors>"
		"<RequestID>" UUID "</RequestID></Response>"},
	{AWS_REST_XML, "route53", 500,
		"HTTP/1.1 500 Internal Server Error\r\n" DATE "x-amzn-RequestId: " UUID "\r\n"
		"Content-Type: text/xml\r\n"
		"Content-Length: 277\r\nConnection: close\r\n\r\n" XML
		"<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error>"
		"<Type>Receiver</Type><Code>Some.Code</Code>"
		"<Message>a&lt;b&amp;&quot;</Message></Error>"
		"<RequestId>" UUID "</RequestId></ErrorResponse>"},
	{AWS_S3, "s3", 404,
		"HTTP/1.1 404 Not Found\r\n" DATE "x-amz-request-id: " S3_ID "\r\n"
		"x-amz-id-2: " S3_HOST "\r\n"
		"Content-Type: application/xml\r\n"
		"Content-Length: 244\r\nConnection: close\r\n\r\n" XML "<Error>"
		"<Code>Some.Code</Code><Message>a&lt;b&amp;&quot;</Message>"
		"<RequestId>" S3_ID "</RequestId><HostId>" S3_HOST "</HostId></Error>"},
	{AWS_RPC_V2_CBOR, "gamelift", 400,
		"HTTP/1.1 400 Bad Request\r\n" DATE "smithy-protocol: rpc-v2-cbor\r\n"
		"x-amzn-RequestId: " UUID "\r\n"
		"Content-Type: application/cbor\r\n"
		"Content-Length: 32\r\nConnection: close\r\n\r\n"
		"\xa2\x66__type\x69Some.Code\x67message\x65"
		"a<b&\""},
	{AWS_RPC_V2_JSON, "gamelift", 400,
		"HTTP/1.1 400 Bad Request\r\n" DATE "smithy-protocol: rpc-v2-json\r\n"
		"x-amzn-RequestId: " UUID "\r\n"
		"Content-Type: application/json\r\n"
		"Content-Length: 41\r\nConnection: close\r\n\r\n"
		"{\"__type\":\"Some.Code\",\"message\":\"a<b&\\\"\"}"},
	{AWS_JSON_CBOR, "kinesis", 400,
		"HTTP/1.1 400 Bad Request\r\n" DATE "x-amzn-RequestId: " UUID "\r\n"
		"x-amzn-errortype: Some.Code\r\n"
		"Content-Type: application/x-amz-cbor-1.1\r\n"
		"Content-Length: 32\r\nConnection: close\r\n\r\n"
		"\xa2\x66__type\x69Some.Code\x67message\x65"
		"a<b&\""},
};

START_TEST(each_protocol_has_its_own_form)
{
	const struct aws_call call = call_of(wholes[_i].protocol, wholes[_i].service);

	ck_assert_str_eq(reply_to(&call, wholes[_i].status, SPAN("Some.Code"), SPAN("a<b&\"")),
		wholes[_i].expected);
}
END_TEST

START_TEST(a_connection_is_closed_unless_it_is_to_be_kept)
{
	const struct aws_call call = call_of(AWS_JSON, "dynamodb");
	const struct aws_error error = {0, 400, SPAN("Code"), SPAN("message")};
	char closed[1024] = "", kept[1024] = "";

	ck_assert_int_gt(aws_reply(&call, &error, 0, ids, false, closed, sizeof(closed)), 0);
	ck_assert_int_gt(aws_reply(&call, &error, 0, ids, true, kept, sizeof(kept)), 0);
	ck_assert_ptr_nonnull(strstr(closed, "\r\nConnection: close\r\n"));
	ck_assert_ptr_null(strstr(kept, "Connection:"));
}
END_TEST

START_TEST(head_is_answered_without_a_body_and_its_length)
{
	for (int protocol = 0; protocol < AWS_PROTOCOLS; protocol++) {
		struct aws_call call = call_of((enum aws_protocol)protocol, "s3");
		const char *reply;

		call.is_head = true;
		reply = reply_to(&call, 404, SPAN("NoSuchKey"), SPAN("message"));
		ck_assert(span_ends(span_of(reply), SPAN("Connection: close\r\n\r\n")));
		ck_assert_ptr_null(strstr(reply, "Content-Length"));
	}
}
END_TEST

static const struct {
	const char *sent, *echoed;
} types[] = {
	{"application/x-amz-json-1.0", "application/x-amz-json-1.0"},
	{"application/x-amz-json-1.1", "application/x-amz-json-1.1"},
	{"application/x-amz-json-1.0; charset=utf-8", "application/x-amz-json-1.0"},
	{"application/json", "application/x-amz-json-1.1"},
	{"application/x-amz-json-1.", "application/x-amz-json-1.1"},
	{"application/x-amz-json-1.\xff", "application/x-amz-json-1.1"},
	{"application/x-amz-json-1.\r", "application/x-amz-json-1.1"},
	{"", "application/x-amz-json-1.1"},
};

START_TEST(json_comes_back_in_the_version_in_which_it_was_asked)
{
	struct aws_call call = call_of(AWS_JSON, "dynamodb");
	char line[128];

	call.content_type = span_of(types[_i].sent);
	snprintf(line, sizeof(line), "\r\nContent-Type: %s\r\n", types[_i].echoed);
	ck_assert_ptr_nonnull(strstr(reply_to(&call, 400, SPAN("C"), SPAN("m")), line));
	call.protocol = AWS_REST_JSON;
	ck_assert_ptr_nonnull(strstr(reply_to(&call, 400, SPAN("C"), SPAN("m")),
		"\r\nContent-Type: application/json\r\n"));
}
END_TEST

START_TEST(services_that_once_spoke_query_get_its_code_in_a_header)
{
	static const bool has[AWS_PROTOCOLS] = {[AWS_JSON] = true,
		[AWS_RPC_V2_CBOR] = true,
		[AWS_JSON_CBOR] = true,
		[AWS_RPC_V2_JSON] = true};

	for (int protocol = 0; protocol < AWS_PROTOCOLS; protocol++) {
		struct aws_call call = call_of((enum aws_protocol)protocol, "sqs");
		const char *sender = "\r\nx-amzn-query-error: A.B;Sender\r\n";
		const char *receiver = "\r\nx-amzn-query-error: A.B;Receiver\r\n";

		ck_assert_ptr_null(strstr(reply_to(&call, 400, SPAN("A.B"), SPAN("m")), "query-"));
		call.query_compatible = true;
		ck_assert_int_eq(!!strstr(reply_to(&call, 499, SPAN("A.B"), SPAN("m")), sender),
			has[protocol]);
		ck_assert_int_eq(!!strstr(reply_to(&call, 500, SPAN("A.B"), SPAN("m")), receiver),
			has[protocol]);
		ck_assert_ptr_null(strstr(reply_to(&call, 400, SPAN("A;B"), SPAN("m")), "query-"));
	}
}
END_TEST

static const char *const rude_codes[] = {"A\r\nEvil: 1", "A\nEvil: 1", "A\rEvil: 1", "A Evil: 1",
	"", " ", "\tEvil: 1", "\xc3\xa9vil", "\x7f"};

START_TEST(a_code_that_is_no_header_word_stands_in_the_body_alone)
{
	for (int protocol = 0; protocol < AWS_PROTOCOLS; protocol++) {
		struct aws_call call = call_of((enum aws_protocol)protocol, "sqs");
		const char *reply, *evil;

		call.query_compatible = true;
		reply = reply_to(&call, 400, span_of(rude_codes[_i]), SPAN("m"));
		evil = strstr(reply, "vil");
		ck_assert(!evil || evil > strstr(reply, "\r\n\r\n"));
		ck_assert_ptr_null(strstr(reply, "x-amzn-errortype"));
		ck_assert_ptr_null(strstr(reply, "x-amzn-query-error"));
	}
}
END_TEST

static const struct {
	const char *service, *version, *expected;
} namespaces[] = {
	{"sts", "2011-06-15",
		"<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"},
	{"sts", "", "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"},
	{"sqs", "2012-11-05",
		"<ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">"},
	{"sqs", "", "<ErrorResponse>"},
	{"new", "2030-01-01", "<ErrorResponse xmlns=\"http://new.amazonaws.com/doc/2030-01-01/\">"},
	{"n\"w", "\"", "<ErrorResponse xmlns=\"http://n&quot;w.amazonaws.com/doc/&quot;/\">"},
	{"new", "a-version-that-goes-on", "<ErrorResponse>"},
};

START_TEST(a_query_reply_has_the_namespace_of_its_service)
{
	struct aws_call call = call_of(AWS_QUERY, namespaces[_i].service);

	call.version = span_of(namespaces[_i].version);
	ck_assert_ptr_nonnull(
		strstr(reply_to(&call, 400, SPAN("C"), SPAN("m")), namespaces[_i].expected));
}
END_TEST

START_TEST(every_reply_has_ids_of_its_own)
{
	const uint64_t others[2] = {0x1123456789abcdef, 0xfedcba9876543210};

	for (int protocol = 0; protocol < AWS_PROTOCOLS; protocol++) {
		const struct aws_call call = call_of((enum aws_protocol)protocol, "s3");
		const struct aws_error error = {0, 400, SPAN("C"), SPAN("m")};
		char one[1024] = "", other[1024] = "";

		ck_assert_int_gt(aws_reply(&call, &error, 0, ids, false, one, sizeof(one)), 0);
		ck_assert_int_gt(
			aws_reply(&call, &error, 0, others, false, other, sizeof(other)), 0);
		ck_assert_str_ne(one, other);
	}
}
END_TEST

START_TEST(a_reply_is_about_the_candidate_that_the_rule_matched)
{
	struct aws_call call = call_of(AWS_QUERY, "sts");
	const struct aws_error error = {1, 400, SPAN("C"), SPAN("m")};
	char out[1024] = "";

	call.candidates[call.candidate_count++] =
		(struct aws_candidate){SPAN("iam"), SPAN(""), aws_model_find(SPAN("iam"))};
	ck_assert_int_gt(aws_reply(&call, &error, 0, ids, false, out, sizeof(out)), 0);
	ck_assert_ptr_nonnull(strstr(out, "https://iam.amazonaws.com/doc/"));
}
END_TEST

static const struct {
	time_t now;
	const char *expected;
} dates[] = {
	{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
	{784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
	{951868799, "Tue, 29 Feb 2000 23:59:59 GMT"},
	{951868800, "Wed, 01 Mar 2000 00:00:00 GMT"},
	{4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
	{253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
	{253402300800, "Fri, 31 Dec 9999 23:59:59 GMT"},
	{-1, "Thu, 01 Jan 1970 00:00:00 GMT"},
};

static void assert_date(time_t now, const char *expected)
{
	const struct aws_call call = call_of(AWS_JSON, "dynamodb");
	const struct aws_error error = {0, 400, SPAN("C"), SPAN("m")};
	char out[1024], line[64];

	ck_assert_int_gt(aws_reply(&call, &error, now, ids, false, out, sizeof(out)), 0);
	snprintf(line, sizeof(line), "Date: %s\r\n", expected);
	ck_assert_msg(strncmp(strchr(out, '\n') + 1, line, strlen(line)) == 0, "%s: %.*s", expected,
		(int)strlen(line), strchr(out, '\n') + 1);
}

START_TEST(the_date_is_in_http_form)
{
	assert_date(dates[_i].now, dates[_i].expected);
}
END_TEST

START_TEST(the_date_is_right_on_every_day_of_150_years)
{
	for (time_t day = 0; day < 150 * 366; day++) {
		time_t now = day * 86400 + day % 86400;
		char expected[64];
		struct tm tm;

		gmtime_r(&now, &tm);
		strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		assert_date(now, expected);
	}
}
END_TEST

#define FFFD "\xef\xbf\xbd"

static const struct {
	struct span text;
	const char *xml, *json, *utf8;
} texts[] = {
	{SPAN("plain"), "plain", "plain", "plain"},
	{SPAN("<&>\"'"), "&lt;&amp;&gt;&quot;'", "<&>\\\"'", "<&>\"'"},
	{SPAN("]]>"), "]]&gt;", "]]>", "]]>"},
	{SPAN("\\/"), "\\/", "\\\\/", "\\/"},
	{SPAN("a\tb\nc\rd\r\ne"), "a\tb\nc&#xD;d&#xD;\ne", "a\\tb\\nc\\rd\\r\\ne",
		"a\tb\nc\rd\r\ne"},
	{SPAN("\x01\x1f\x7f"), FFFD FFFD "\x7f", "\\u0001\\u001f\x7f", "\x01\x1f\x7f"},
	{SPAN("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xa5"), "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xa5",
		"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xa5", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xa5"},
	/* noncharacters that XML 1.0 forbids */
	{SPAN("\xef\xbf\xbe\xef\xbf\xbf"), FFFD FFFD, "\xef\xbf\xbe\xef\xbf\xbf",
		"\xef\xbf\xbe\xef\xbf\xbf"},
	{SPAN("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
	/* not UTF-8: stray, cut off, too long, surrogate, past U+10FFFF */
	{SPAN("a\x80z"), "a" FFFD "z", "a" FFFD "z", "a" FFFD "z"},
	{SPAN("a\xff"), "a" FFFD, "a" FFFD, "a" FFFD},
	{SPAN("\xe2\x82"), FFFD FFFD, FFFD FFFD, FFFD FFFD},
	{SPAN("\xe2\x82z"), FFFD FFFD "z", FFFD FFFD "z", FFFD FFFD "z"},
	{SPAN("\xc0\x80"), FFFD FFFD, FFFD FFFD, FFFD FFFD},
	{SPAN("\xe0\x80\x80"), FFFD FFFD FFFD, FFFD FFFD FFFD, FFFD FFFD FFFD},
	{SPAN("\xed\xa0\x80"), FFFD FFFD FFFD, FFFD FFFD FFFD, FFFD FFFD FFFD},
	{SPAN("\xf4\x90\x80\x80"), FFFD FFFD FFFD FFFD, FFFD FFFD FFFD FFFD, FFFD FFFD FFFD FFFD},
	{SPAN("\xf8\x88\x80\x80\x80"), FFFD FFFD FFFD FFFD FFFD, FFFD FFFD FFFD FFFD FFFD,
		FFFD FFFD FFFD FFFD FFFD},
	{SPAN(""), "", "", ""},
};

START_TEST(a_text_is_escaped_for_its_format)
{
	char xml[64], json[64], cbor[64];
	struct sink sinks[] = {
		{xml, sizeof(xml), 0}, {json, sizeof(json), 0}, {cbor, sizeof(cbor), 0}};
	size_t len = texts[_i].text.len;
	char *exact = malloc(len ? len : 1); /* so that ASan sees a read past the end */
	const struct span text = {exact, len};

	if (len)
		memcpy(exact, texts[_i].text.at, len);
	sink_xml(&sinks[0], text);
	sink_json(&sinks[1], text);
	sink_cbor(&sinks[2], text);
	ck_assert(span_equal((struct span){xml, sinks[0].len}, span_of(texts[_i].xml)));
	ck_assert(span_equal((struct span){json, sinks[1].len}, span_of(texts[_i].json)));
	ck_assert_uint_eq((uint8_t)cbor[0], 0x60 | strlen(texts[_i].utf8));
	ck_assert(span_equal((struct span){cbor + 1, sinks[2].len - 1}, span_of(texts[_i].utf8)));
	free(exact);
}
END_TEST

static const struct {
	size_t len;
	struct span head;
} heads[] = {
	{0, SPAN("\x60")},
	{23, SPAN("\x77")},
	{24, SPAN("\x78\x18")},
	{255, SPAN("\x78\xff")},
	{256, SPAN("\x79\x01\x00")},
	{65535, SPAN("\x79\xff\xff")},
	{65536, SPAN("\x7a\x00\x01\x00\x00")},
};

START_TEST(a_cbor_text_has_the_shortest_head)
{
	char *text = malloc(heads[_i].len + 1), *out = malloc(heads[_i].len + 8);
	struct sink sink = {out, heads[_i].len + 8, 0};

	memset(text, 'x', heads[_i].len);
	sink_cbor(&sink, (struct span){text, heads[_i].len});
	ck_assert_uint_eq(sink.len, heads[_i].head.len + heads[_i].len);
	ck_assert(span_starts((struct span){out, sink.len}, heads[_i].head));
	free(text);
	free(out);
}
END_TEST

START_TEST(numbers_are_decimal_and_padded)
{
	char out[64];
	struct sink sink = {out, sizeof(out), 0};

	sink_number(&sink, 0, 1);
	sink_byte(&sink, ' ');
	sink_number(&sink, 7, 2);
	sink_byte(&sink, ' ');
	sink_number(&sink, 123, 2);
	sink_byte(&sink, ' ');
	sink_number(&sink, UINT64_MAX, 1);
	ck_assert(span_equal((struct span){out, sink.len}, SPAN("0 07 123 18446744073709551615")));
}
END_TEST

START_TEST(the_longest_code_and_message_of_any_byte_fit)
{
	static char text[TABLE_MESSAGE_MAX], out[AWS_REPLY_MAX];
	const struct aws_error error = {0, 500, {text, TABLE_CODE_MAX}, {text, TABLE_MESSAGE_MAX}};

	memset(text, _i, sizeof(text));
	for (int protocol = 0; protocol < AWS_PROTOCOLS; protocol++) {
		struct aws_call call = call_of((enum aws_protocol)protocol, "sqs");
		const char *body, *length;
		ssize_t len;

		call.query_compatible = true;
		len = aws_reply(&call, &error, 0, ids, false, out, sizeof(out));
		ck_assert_int_gt(len, 0);
		body = memmem(out, (size_t)len, "\r\n\r\n", 4);
		length = memmem(out, (size_t)len, "Content-Length: ", 16);
		ck_assert_int_eq(atol(length + 16), out + len - (body + 4));
	}
}
END_TEST

START_TEST(a_buffer_that_is_too_small_is_told_and_not_overrun)
{
	for (int protocol = 0; protocol < AWS_PROTOCOLS; protocol++) {
		const struct aws_call call = call_of((enum aws_protocol)protocol, "s3");
		const struct aws_error error = {0, 503, SPAN("C"), SPAN("message")};
		char whole[1024];
		ssize_t len = aws_reply(&call, &error, 0, ids, false, whole, sizeof(whole));

		for (ssize_t cap = 0; cap <= len; cap++) {
			char *out = malloc(cap ? (size_t)cap : 1);

			ck_assert_int_eq(aws_reply(&call, &error, 0, ids, false, out, (size_t)cap),
				cap < len ? -ENOSPC : len);
			ck_assert(cap < len || memcmp(out, whole, (size_t)len) == 0);
			free(out);
		}
	}
}
END_TEST

static const struct {
	int status;
	const char *line;
} lines[] = {
	{400, "HTTP/1.1 400 Bad Request\r\n"},
	{404, "HTTP/1.1 404 Not Found\r\n"},
	{418, "HTTP/1.1 418 Client Error\r\n"},
	{503, "HTTP/1.1 503 Service Unavailable\r\n"},
	{599, "HTTP/1.1 599 Server Error\r\n"},
};

START_TEST(the_status_line_has_the_standard_phrase)
{
	const struct aws_call call = call_of(AWS_JSON, "dynamodb");

	ck_assert(span_starts(span_of(reply_to(&call, lines[_i].status, SPAN("C"), SPAN("m"))),
		span_of(lines[_i].line)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reply");
	TCase *tests = tcase_create("reply");

	tcase_set_timeout(tests, 30);
	tcase_add_loop_test(tests, each_protocol_has_its_own_form, 0, COUNT(wholes));
	tcase_add_test(tests, a_connection_is_closed_unless_it_is_to_be_kept);
	tcase_add_test(tests, head_is_answered_without_a_body_and_its_length);
	tcase_add_loop_test(
		tests, json_comes_back_in_the_version_in_which_it_was_asked, 0, COUNT(types));
	tcase_add_test(tests, services_that_once_spoke_query_get_its_code_in_a_header);
	tcase_add_loop_test(tests, a_code_that_is_no_header_word_stands_in_the_body_alone, 0,
		COUNT(rude_codes));
	tcase_add_loop_test(
		tests, a_query_reply_has_the_namespace_of_its_service, 0, COUNT(namespaces));
	tcase_add_test(tests, every_reply_has_ids_of_its_own);
	tcase_add_test(tests, a_reply_is_about_the_candidate_that_the_rule_matched);
	tcase_add_loop_test(tests, the_date_is_in_http_form, 0, COUNT(dates));
	tcase_add_test(tests, the_date_is_right_on_every_day_of_150_years);
	tcase_add_loop_test(tests, a_text_is_escaped_for_its_format, 0, COUNT(texts));
	tcase_add_loop_test(tests, a_cbor_text_has_the_shortest_head, 0, COUNT(heads));
	tcase_add_test(tests, numbers_are_decimal_and_padded);
	tcase_add_loop_test(tests, the_longest_code_and_message_of_any_byte_fit, 0, 256);
	tcase_add_test(tests, a_buffer_that_is_too_small_is_told_and_not_overrun);
	tcase_add_loop_test(tests, the_status_line_has_the_standard_phrase, 0, COUNT(lines));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

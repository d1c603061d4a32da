/* SPDX-License-Identifier: Apache-2.0 */
/* What the program sends, and what it is answered: requests to AWS, to others, and no requests. */
#include "tests/transparency/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SIGNED[] =
	"Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/%s/"
	"aws4_request, SignedHeaders=host, Signature=00\r\n";

struct out {
	char *bytes;
	int size, length;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *out, const char *format, ...)
{
	__builtin_va_list arguments;
	int room = out->size - out->length, length;

	__builtin_va_start(arguments, format);
	length = vsnprintf(out->bytes + out->length, (size_t)room, format, arguments);
	__builtin_va_end(arguments);
	out->length += length < room ? length : room - 1;
}

static void put_sign(struct out *out, const char *service)
{
	char line[256];

	snprintf(line, sizeof(line), SIGNED, service);
	put(out, "%s", line);
}

static void put_bytes(struct out *out, int length)
{
	int i;

	for (i = 0; i < length && out->length < out->size; i++)
		out->bytes[out->length++] = (char)roll();
}

static void put_text(struct out *out, int length)
{
	int i;

	for (i = 0; i < length && out->length < out->size; i++)
		out->bytes[out->length++] = (char)('a' + i % 26);
}

/* Small ones mostly, and now and then one that fills segments. */
static int body_size(void)
{
	static const int limits[] = {1, 20, 200, 3000, 16000};

	return pick(limits[pick(5)]);
}

static void put_json(struct out *out)
{
	static const char *const targets[] = {"Kinesis_20131202.PutRecord", "Kinesis_20131202.Nope",
		"DynamoDB_20120810.GetItem", "AmazonSQS.SendMessage", "Unknown_1.Thing"};
	static const char *const services[] = {"kinesis", "kinesis", "dynamodb", "sqs", "nothing"};
	int which = pick(5), length = body_size();

	put(out, "POST / HTTP/1.1\r\nHost: %s.us-east-1.amazonaws.com\r\nX-Amz-Target: %s\r\n",
		services[which], targets[which]);
	put_sign(out, services[which]);
	put(out, "Content-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n", length);
	put_text(out, length);
}

static void put_query(struct out *out)
{
	static const char *const services[] = {"sns", "ec2", "iam", "rds"};
	const char *service = services[pick(4)];
	char body[128];
	int length = snprintf(body, sizeof(body), "Version=2010-03-31&Action=%s&Name=%d",
		one_in(2) ? "Publish" : "DescribeInstances", pick(1000));

	put(out, "POST / HTTP/1.1\r\nHost: %s.us-east-1.amazonaws.com\r\n", service);
	put_sign(out, service);
	put(out, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		length, body);
}

static void put_chunked(struct out *out)
{
	int chunks = pick(5), length;

	put(out, "PUT /bucket/key%d HTTP/1.1\r\nHost: s3.us-east-1.amazonaws.com\r\n", pick(9));
	put_sign(out, "s3");
	put(out, "Transfer-Encoding: %s\r\n\r\n", one_in(4) ? "gzip, chunked" : "chunked");
	while (chunks-- > 0) {
		length = 1 + pick(600);
		put(out, "%x%s\r\n", (unsigned int)length, one_in(4) ? ";name=value" : "");
		put_bytes(out, length);
		put(out, "\r\n");
	}
	put(out, "0\r\n%s\r\n", one_in(3) ? "x-amz-checksum-crc32: AAAAAA==\r\n" : "");
}

static void put_expect(struct out *out)
{
	int length = body_size();

	put(out, "PUT /bucket/expect HTTP/1.%d\r\nHost: 127.0.0.1\r\n", !one_in(5));
	put_sign(out, "s3");
	put(out, "Expect: 100-%s\r\nContent-Length: %d\r\n\r\n",
		one_in(3) ? "Continue" : "continue", length);
	put_bytes(out, length);
}

static void put_get(struct out *out)
{
	static const char *const methods[] = {"GET", "HEAD", "DELETE", "OPTIONS"};
	bool aws = one_in(2);
	int lines = one_in(8) ? pick(200) : pick(4);

	put(out, "%s /%s HTTP/1.%d\r\nHost: %s\r\n", methods[pick(4)],
		aws ? "bucket?list-type=2" : "t", !one_in(6),
		aws ? "s3.eu-central-1.amazonaws.com" : "example.com");
	if (aws)
		put_sign(out, "s3");
	while (lines-- > 0)
		put(out, "X-Line-%d: some value that fills the head of it\r\n", lines);
	put(out, "%s\r\n", one_in(5) ? "Connection: close\r\n" : "");
}

static void put_connect(struct out *out)
{
	if (one_in(2)) {
		put(out, "CONNECT s3.us-east-1.amazonaws.com:443 HTTP/1.1\r\n"
			 "Host: s3.us-east-1.amazonaws.com:443\r\n\r\n");
	} else {
		put(out,
			"GET /socket HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n"
			"Upgrade: %s\r\n\r\n",
			one_in(2) ? "websocket" : "h2c");
	}
	put_bytes(out, pick(300));
}

static void put_http2(struct out *out)
{
	static const char frames[] = "\0\0\0\4\0\0\0\0\0\0\0\4\1\5\0\0\0\1\x82\x86\x84\x41";

	put(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	memcpy(out->bytes + out->length, frames, sizeof(frames) - 1);
	out->length += (int)sizeof(frames) - 1;
	put_bytes(out, pick(100));
}

/* A ClientHello with the name of a host, as far as any reader of names would read it. */
static void put_tls(struct out *out)
{
	static const char name[] = "kinesis.us-east-1.amazonaws.com";
	char *at = out->bytes + out->length;
	int size = (int)sizeof(name) - 1, extension = size + 5, extensions = extension + 4;
	int body = 2 + 32 + 1 + 2 + 2 + 2 + 2 + extensions;
	char head[] = {0x16, 3, 1, 0, (char)(body + 4), 1, 0, 0, (char)body, 3, 3};
	char tail[] = {0, 0, 2, 0x13, 1, 1, 0, 0, (char)extensions, 0, 0, 0, (char)extension, 0,
		(char)(extension - 2), 0, 0, (char)size};

	memcpy(at, head, sizeof(head));
	memset(at + sizeof(head), 7, 32);
	memcpy(at + sizeof(head) + 32, tail, sizeof(tail));
	memcpy(at + sizeof(head) + 32 + sizeof(tail), name, (size_t)size);
	out->length += (int)(sizeof(head) + 32 + sizeof(tail)) + size;
	put(out, "%c%c%c", 0x14, 3, 3);
	put_bytes(out, pick(200));
}

static void put_socks(struct out *out)
{
	out->bytes[out->length++] = one_in(2) ? 5 : 4;
	out->bytes[out->length++] = 1;
	out->bytes[out->length++] = 0;
	put_get(out);
}

static void put_odd(struct out *out)
{
	static const char *const heads[] = {
		"GET / HTTP/1.1\nHost: bare\n\n",
		"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
		"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nx",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
		"GET http://kinesis.us-east-1.amazonaws.com/ HTTP/1.1\r\n\r\n",
		"GET /\r\n",
		"GETTING on\r\n",
		"EHLO here\r\nMAIL FROM:<a@b>\r\n",
		"\r\n\r\nGET / HTTP/1.1\r\nHost: late\r\n\r\n",
	};

	put(out, "%s", heads[pick((int)(sizeof(heads) / sizeof(*heads)))]);
}

static void put_huge(struct out *out)
{
	put(out, "GET /huge HTTP/1.1\r\nHost: kinesis.us-east-1.amazonaws.com\r\nX-Huge: ");
	put_text(out, 3000 + pick(15000));
	put(out, "\r\n\r\n");
}

static void put_garbage(struct out *out)
{
	if (one_in(3))
		put_text(out, 1 + pick(100));
	else
		put_bytes(out, 1 + pick(2000));
}

int make_message(char *bytes, int size)
{
	static void (*const kinds[])(struct out *) = {put_json, put_json, put_json, put_query,
		put_query, put_chunked, put_chunked, put_expect, put_expect, put_get, put_get,
		put_get, put_connect, put_http2, put_tls, put_socks, put_odd, put_odd, put_huge,
		put_garbage};
	struct out out = {bytes, size, 0};

	kinds[pick((int)(sizeof(kinds) / sizeof(*kinds)))](&out);
	/* Pipelined. */
	if (one_in(6) && out.length < size / 4)
		kinds[pick(12)](&out);
	return out.length;
}

int make_answer(char *bytes, int size)
{
	static const char *const whole[] = {
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
		"HTTP/1.1 200 Connection established\r\n\r\n",
		"HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Le",
		"HTTP/1.0 200 OK\r\n\r\nuntil the end",
	};
	struct out out = {bytes, size, 0};
	int length;

	if (one_in(2)) {
		put(&out, "%s", whole[pick((int)(sizeof(whole) / sizeof(*whole)))]);
	} else if (one_in(4)) {
		put_bytes(&out, 1 + pick(1000));
	} else {
		length = body_size();
		put(&out, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", length);
		put_text(&out, length);
	}
	return out.length;
}

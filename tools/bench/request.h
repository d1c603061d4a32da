/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BENCH_REQUEST_H
#define CHAOS_BENCH_REQUEST_H

/* What the clients send, and what the servers answer. */

#define ANSWER                                                                                     \
	"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: "          \
	"2\r\n\r\n{}"

#define AWS_FIELDS                                                                                 \
	"X-Amz-Target: Kinesis_20131202.PutRecord\r\n"                                             \
	"Content-Type: application/x-amz-json-1.1\r\n"                                             \
	"User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1 md/arch#x86_64 "        \
	"lang/python#3.11.7 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.43.11\r\n"          \
	"X-Amz-Date: 20260101T000000Z\r\n"                                                         \
	"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/"       \
	"aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, "                  \
	"Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"           \
	"amz-sdk-invocation-id: 01234567-89ab-cdef-0123-456789abcdef\r\n"                          \
	"amz-sdk-request: attempt=1\r\n"
#define PLAIN_FIELDS                                                                               \
	"Content-Type: application/json\r\n"                                                       \
	"User-Agent: python-requests/2.34.2\r\n"                                                   \
	"Accept: */*\r\n"

#define BODY "{\"StreamName\":\"stream\",\"Data\":\"aGVsbG8gd29ybGQ=\",\"PartitionKey\":\"key\"}"

#endif

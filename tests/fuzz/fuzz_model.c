/* SPDX-License-Identifier: Apache-2.0 */

/* A hostile model whose checksum is right: once it is taken, no request leads out of it. */

#include <zlib.h>

#include "fuzz.h"
#include "shim/engine/aws/identify.h"
#include "shim/engine/aws/model.h"
#include "shim/engine/aws/model_file.h"
#include "shim/engine/aws/reply.h"

#define SIGNED(service)                                                                            \
	"Authorization: AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/" service                \
	"/aws4_request, SignedHeaders=host, Signature=0\r\n"
#define SMITHY "Host: a\r\nSmithy-Protocol: rpc-v2-cbor\r\n"
#define SDK    "User-Agent: Boto3/1.44.8 api/sqs#1\r\namz-sdk-invocation-id: 0f9a\r\n"

static const char *const requests[] = {
	"GET /bucket/key?list-type=2 HTTP/1.1\r\nHost: b.s3.us-east-1.amazonaws.com\r\n" SIGNED(
		"s3") "\r\n",
	"PUT /bucket/some/longer/key HTTP/1.1\r\nHost: localhost:4566\r\n" SIGNED("s3") "\r\n",
	"GET / HTTP/1.1\r\nHost: iam.amazonaws.com\r\n" SIGNED("iam") "\r\n",
	"GET /2015-03-31/functions/name/invocations HTTP/1.1\r\nHost: localhost\r\n" SIGNED(
		"lambda") "\r\n",
	"GET /imports/abc/ HTTP/1.1\r\nHost: localhost\r\n" SIGNED("lex") "\r\n",
	"GET /federation/credentials?account_id=1&role_name=a HTTP/1.1\r\nHost: a\r\n" SDK "\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: AmazonSQS.SendMessage\r\n" SDK "\r\n"
	"{\"QueueUrl\": \"http://a/1/b\"}",
	"POST / HTTP/1.1\r\nHost: sns.us-east-1.amazonaws.com\r\n"
	"Content-Type: application/x-www-form-urlencoded\r\n" SIGNED(
		"sns") "\r\n"
		       "Action=Publish&Version=2010-03-31&TopicArn=a",
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n" SIGNED(
		"ec2") "\r\nAction=DescribeInstances&Version=2016-11-15&InstanceId.1=i-1",
	"POST /service/GraniteServiceVersion20100801/operation/PutMetricData HTTP/1.1\r\n" SMITHY
	"\r\n",
};

static void look_at(const char *request)
{
	static char reply[AWS_REPLY_MAX];
	struct http1_head head;
	ssize_t size = http1_parse(&head, request, strlen(request), 0);
	struct aws_body body = {span_of(request + size), true};
	struct aws_call call;
	char resource[64];
	uint32_t last = 0;

	if (aws_identify(&head, &body, AWS_WANT_ALL, &call) != AWS_CALL)
		return;
	check(call.candidate_count > 0);
	check(aws_resource(&head, &body, &call, resource, sizeof(resource)) <= sizeof(resource));
	aws_call_is_unnamed(&call, &last);
	aws_reply(&call, &(struct aws_error){0, 503, SPAN("ServiceUnavailable"), SPAN("no")}, 0,
		(uint64_t[2]){0}, true, reply, sizeof(reply));
}

static void read_names(void)
{
	for (int service = 0; service < aws_model_service_count(); service++) {
		check(aws_model_find(aws_model_service_name(service)) == service);
		for (int i = 0; i < aws_model_operation_count(service); i++)
			check(aws_model_operation_name(service, i).len > 0);
		aws_model_error_status(service, SPAN("Throttling"));
	}
	for (int i = 0; i < aws_model_region_count(); i++)
		check(aws_model_region_name(i).len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct model *before = model_used;
	struct model_file_head *head;
	struct model model;

	if (size < sizeof(*head))
		return 0;
	head = (void *)block_of(data, size);
	head->size = (uint32_t)size;
	head->checksum = (uint32_t)crc32(0, data + 20, (uInt)(size - 20));
	if (!model_file_open(head, size, &model)) {
		model_used = &model;
		read_names();
		for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
			look_at(requests[i]);
		model_used = before;
	}
	free(head);
	return 0;
}

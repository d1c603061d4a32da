/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads requests on stdin, each as a 32-bit length in host byte order and the bytes as they go out, and prints
 * for each what the engine makes of it: one line of JSON.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim/engine/aws/identify.h"

#define REQUEST_MAX (8u << 20)

static void print_text(const char *key, struct span text)
{
	printf("\"%s\":", key);
	if (!text.len) {
		printf("null");
		return;
	}
	putchar('"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		if (byte == '"' || byte == '\\' || byte < 0x20 || byte >= 0x7f)
			printf("\\u%04x", byte);
		else
			putchar(byte);
	}
	putchar('"');
}

static void print_call(const struct http1_head *head, const struct aws_body *body)
{
	static const char *const protocols[AWS_PROTOCOLS] = {"json", "query", "ec2", "rest-json",
		"rest-xml", "s3", "rpc-v2-cbor", "json-cbor", "rpc-v2-json"};
	struct aws_call call;
	char resource[1024];
	size_t len;

	if (aws_identify(head, body, AWS_WANT_ALL, &call) != AWS_CALL) {
		printf("{\"candidates\":[]}\n");
		return;
	}
	printf("{\"candidates\":[");
	for (int i = 0; i < call.candidate_count; i++) {
		printf("%s{", i ? "," : "");
		print_text("service", call.candidates[i].service);
		putchar(',');
		print_text("operation", call.candidates[i].operation);
		printf(",\"model\":%d}", call.candidates[i].model);
	}
	printf("],\"protocol\":\"%s\",\"attempt\":%d,", protocols[call.protocol], call.attempt);
	print_text("region", call.region);
	putchar(',');
	print_text("home_region", call.home_region);
	putchar(',');
	print_text("invocation_id", call.invocation_id);
	putchar(',');
	print_text("sdk", call.sdk);
	putchar(',');
	len = aws_resource(head, body, &call, resource, sizeof(resource));
	print_text("resource", (struct span){resource, len});
	printf("}\n");
}

static void look_at(const char *request, size_t len)
{
	struct http1_head head;
	ssize_t size = http1_parse(&head, request, len, 0);
	struct aws_body body;

	if (size < 0) {
		printf("{\"error\":%zd}\n", size);
		return;
	}
	body.bytes = (struct span){request + size, len - (size_t)size};
	body.complete = true;
	print_call(&head, &body);
}

int main(void)
{
	uint32_t len;

	while (fread(&len, sizeof(len), 1, stdin) == 1) {
		/* A block of exactly its size, so that a read past the end is one that ASan sees. */
		char *request = len <= REQUEST_MAX ? malloc(len) : NULL;

		if (!request || fread(request, 1, len, stdin) != len) {
			fprintf(stderr, "driver: a request is cut short or too long\n");
			free(request);
			return 1;
		}
		look_at(request, len);
		free(request);
	}
	return 0;
}

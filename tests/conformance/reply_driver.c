/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Renders error replies. Each line on stdin is
 *   PROTOCOL SERVICE METHOD STATUS CODE MESSAGE
 * with code and message in hexadecimal; each answer is a line with the reply's length, and the reply.
 */

#include <stdio.h>
#include <stdlib.h>

#include "shim/engine/aws/model.h"
#include "shim/engine/aws/reply.h"
#include "shim/memory/table.h"

struct line {
	char protocol[16], service[64], method[16];
	int status;
	char code[2 * TABLE_CODE_MAX + 1], message[2 * TABLE_MESSAGE_MAX + 1];
};

static enum aws_protocol protocol_of(const char *name)
{
	static const char *const names[AWS_PROTOCOLS] = {"json", "query", "ec2", "rest-json",
		"rest-xml", "s3", "rpc-v2-cbor", "json-cbor", "rpc-v2-json"};

	for (int i = 0; i < AWS_PROTOCOLS; i++)
		if (strcmp(names[i], name) == 0)
			return (enum aws_protocol)i;
	fprintf(stderr, "no such protocol: %s\n", name);
	exit(EXIT_FAILURE);
}

/* Decodes hexadecimal digits in place. */
static struct span unhex(char *text)
{
	size_t len = strlen(text) / 2;

	for (size_t i = 0; i < len; i++) {
		const char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};

		text[i] = (char)strtol(digits, NULL, 16);
	}
	return (struct span){text, len};
}

static void answer(struct line *line)
{
	static char out[AWS_REPLY_MAX];
	static const uint64_t random[2] = {0x0123456789abcdef, 0xfedcba9876543210};
	int model = aws_model_find(span_of(line->service));
	const struct aws_call call = {
		.protocol = protocol_of(line->protocol),
		.is_head = strcmp(line->method, "HEAD") == 0,
		.query_compatible = model >= 0 && aws_model_query_compatible(model),
		.candidate_count = 1,
		.candidates = {{span_of(line->service), SPAN(""), model}},
	};
	const struct aws_error error = {0, line->status, unhex(line->code), unhex(line->message)};
	ssize_t len = aws_reply(&call, &error, 784111777, random, false, out, sizeof(out));

	if (len < 0) {
		fprintf(stderr, "no reply for %s\n", line->service);
		exit(EXIT_FAILURE);
	}
	printf("%zd\n", len);
	fwrite(out, 1, (size_t)len, stdout);
	fflush(stdout);
}

int main(void)
{
	static struct line line;

	while (scanf("%15s %63s %15s %d %512s %8192s", line.protocol, line.service, line.method,
		       &line.status, line.code, line.message) == 6)
		answer(&line);
	return ferror(stdin) || !feof(stdin) ? EXIT_FAILURE : EXIT_SUCCESS;
}

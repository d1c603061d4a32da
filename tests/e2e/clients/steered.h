/* SPDX-License-Identifier: Apache-2.0 */
/* What the steered clients in C have in common: they define put() and get(). */

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "dial.h"

static bool closes; /* after this answer */

/* Sends all of it. */
bool put(const char *data, size_t len);

/* Receives some: how many, 0 at the end, -1 on an error. */
int get(char *data, size_t cap);

static struct {
	char data[1 << 16];
	size_t len;
} answer;

static bool more(void)
{
	int got = get(answer.data + answer.len, sizeof(answer.data) - 1 - answer.len);

	if (got > 0)
		answer.len += (size_t)got;
	answer.data[answer.len] = '\0';
	return got > 0;
}

static void *read_answer(void *unused)
{
	const char *end, *length;

	(void)unused;
	answer.len = 0;
	do {
		if (!more())
			return NULL;
		end = strstr(answer.data, "\r\n\r\n");
	} while (!end);
	length = strcasestr(answer.data, "\r\nContent-Length: ");
	while (answer.len < (size_t)(end + 4 - answer.data) + strtoul(length + 18, NULL, 10))
		if (!more())
			return NULL;
	return answer.data;
}

static void say(void)
{
	char *body = strstr(answer.data, "\r\n\r\n") + 4;
	const char *field = strcasestr(answer.data, "\r\nx-amzn-errortype: ");
	int status = atoi(answer.data + strlen("HTTP/1.1 "));
	char code[128] = "-";

	if (field && field < body)
		sscanf(field + strlen("\r\nx-amzn-errortype: "), "%127[^\r]", code);
	field = strcasestr(answer.data, "\r\nConnection: close");
	closes = field && field < body;
	for (char *at = body; *at; at++)
		*at = *at == '\n' ? ' ' : *at;
	printf("%d %s %s\n", status, code, body);
}

static bool ask(const char *operation, long size)
{
	char *request = malloc((size_t)size + 1024);
	int len = snprintf(request, 1024,
		"POST / HTTP/1.1\r\nHost: localhost:%d\r\nContent-Length: %ld\r\n", port, size);
	bool sent;

	if (strcmp(operation, "-") != 0)
		len += snprintf(request + len, 512,
			"Content-Type: application/x-amz-json-1.1\r\n"
			"X-Amz-Target: Kinesis_20131202.%s\r\n"
			"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/"
			"kinesis/aws4_request, SignedHeaders=host;x-amz-target, Signature=00\r\n",
			operation);
	len += snprintf(request + len, 8, "\r\n");
	memset(request + len, 'x', (size_t)size);
	sent = put(request, (size_t)len + (size_t)size);
	free(request);
	return sent;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One call of a client in C, and the answer to it. */

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "dial.h"

static const char request[] =
	"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\n"
	"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request, "
	"SignedHeaders=host, Signature=0\r\nContent-Length: 2\r\n\r\n{}";
#define REQUEST_LEN (sizeof(request) - 1)
#define WAIT_MS	    10000

struct answer {
	char data[4096];
	size_t len;
};

__attribute__((unused)) static bool is_whole(const struct answer *answer)
{
	const char *end = strstr(answer->data, "\r\n\r\n");
	const char *length = end ? strcasestr(answer->data, "\r\nContent-Length: ") : NULL;

	return length &&
	       answer->len >= (size_t)(end + 4 - answer->data) + strtoul(length + 18, NULL, 10);
}

/* Some of the answer: what recv() says. */
__attribute__((unused)) static ssize_t get_some(int fd, struct answer *answer, int flags)
{
	ssize_t got =
		recv(fd, answer->data + answer->len, sizeof(answer->data) - 1 - answer->len, flags);

	if (got > 0)
		answer->len += (size_t)got;
	answer->data[answer->len] = '\0';
	return got;
}

__attribute__((unused)) static void put(int fd, size_t from, size_t to, int flags)
{
	if (send(fd, request + from, to - from, flags | MSG_NOSIGNAL) != (ssize_t)(to - from))
		err(1, "send");
}

/* Ends the program unless it has this status. */
__attribute__((unused)) static void check(const struct answer *answer, int wanted)
{
	int status = atoi(answer->data + strlen("HTTP/1.1 "));

	if (status != wanted)
		errx(1, "%d instead of %d", status, wanted);
}

/* Blocks until it is whole. */
__attribute__((unused)) static void get_answer(int fd, int wanted)
{
	struct answer answer = {.len = 0};
	ssize_t got;

	while (!is_whole(&answer))
		if ((got = get_some(fd, &answer, 0)) <= 0)
			err(1, "recv: %zd after %zu bytes", got, answer.len);
	check(&answer, wanted);
}

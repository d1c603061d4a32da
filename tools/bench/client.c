/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is measured, once in a process with the shim and once in one without:
 *
 *   client pair COUNT           64-byte send and recv on a socket that is not tracked
 *   client plain COUNT PORT     keep-alive HTTP requests that are not AWS
 *   client aws COUNT PORT       keep-alive Kinesis calls
 *   client start COUNT LIBRARY  starts of /bin/true with that LD_PRELOAD ("": none)
 *
 * Prints nanoseconds for one.
 */

#include <err.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "loopback.h"
#include "request.h"

static void pair(long count)
{
	char data[64] = "GET / HTTP/1.1\r\n";
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		err(1, "socketpair");
	while (count--)
		if (send(ends[0], data, sizeof(data), 0) != sizeof(data) ||
			recv(ends[1], data, sizeof(data), 0) != sizeof(data))
			err(1, "send and recv");
}

static void http(long count, int port, const char *fields)
{
	char out[2048], in[4096];
	int len = snprintf(out, sizeof(out),
		"POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %zu\r\n%s\r\n" BODY, port,
		strlen(BODY), fields);
	int fd = connect_to(port);

	while (count--) {
		if (send(fd, out, len, 0) != len)
			err(1, "send");
		if (recv(fd, in, sizeof(in), 0) <= 0 || memcmp(in, "HTTP/1.1 200", 12) != 0)
			errx(1, "no answer, or another one");
	}
}

static void start(long count, const char *library)
{
	char preload[4096], path[] = "/bin/true";
	char *argv[] = {path, NULL}, *env[] = {preload, NULL};

	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", library);
	while (count--) {
		pid_t pid;
		int status;

		if (posix_spawn(&pid, path, NULL, NULL, argv, *library ? env : env + 1) != 0 ||
			waitpid(pid, &status, 0) < 0 || status != 0)
			errx(1, "/bin/true did not end well");
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	const char *arg = argc > 3 ? argv[3] : "";
	long count = argc > 2 ? atol(argv[2]) : 0;
	double begin = now();

	if (strcmp(what, "pair") == 0)
		pair(count);
	else if (strcmp(what, "plain") == 0)
		http(count, atoi(arg), PLAIN_FIELDS);
	else if (strcmp(what, "aws") == 0)
		http(count, atoi(arg), AWS_FIELDS);
	else if (strcmp(what, "start") == 0)
		start(count, arg);
	else
		errx(2, "pair|plain|aws|start COUNT [PORT|LIBRARY]");
	printf("%.1f\n", (now() - begin) / count);
	return 0;
}

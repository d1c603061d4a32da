/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small programs whose system calls are told: PROGRAM PORT STORY [POINT NUMBER,NUMBER...]. There are
 * three points in each: before the program connects, before its story begins, and before its end. At
 * each one it calls getppid(), which nothing else does; or at POINT alone, from where on the kernel
 * kills the process at any system call but those of these numbers. Prints the statuses of the answers.
 */

#include <arpa/inet.h>
#include <err.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dial.h"

enum point { BEFORE_CONNECT, CONNECTED, END };

struct story {
	const char *name;
	void (*run)(int fd);
};

#define BODY	 "{\"StreamName\":\"stream\",\"Data\":\"aGVsbG8=\",\"PartitionKey\":\"key\"}"
#define BODY_LEN (sizeof(BODY) - 1)

static const char request[] =
	"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\n"
	"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request, "
	"SignedHeaders=host, Signature=0\r\nContent-Length: 62\r\n\r\n" BODY;
_Static_assert(BODY_LEN == 62, "Content-Length");
#define REQUEST_LEN (sizeof(request) - 1)
#define HEAD_LEN    (REQUEST_LEN - BODY_LEN)
#define HALF_LEN    30

/* What the server sends ends with this. */
#define ANSWER_END "}"

/* Of the answers, and whatever else a story has to tell. */
static char told[4096];

static void tell(const char *word, size_t len)
{
	strncat(told, word, len);
	strcat(told, "\n");
}

/* Seccomp looks at the number alone. */
static void allow_only(char *numbers)
{
	struct sock_filter rules[512] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	struct sock_fprog filter = {.len = 1, .filter = rules};

	for (char *word = strtok(numbers, ","); word; word = strtok(NULL, ",")) {
		rules[filter.len++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(word), 0, 1);
		rules[filter.len++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	rules[filter.len++] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		err(1, "seccomp");
}

static int filter_at = -1;
static char *allowed;

static void point(enum point here)
{
	if (!allowed)
		syscall(SYS_getppid);
	else if ((int)here == filter_at)
		allow_only(allowed);
}

/* Tells how many threads the process has. */
static inline void tell_threads(void)
{
	char status[8192];
	FILE *file = fopen("/proc/self/status", "r");
	size_t len = file ? fread(status, 1, sizeof(status) - 1, file) : 0;
	const char *line;

	status[len] = '\0';
	line = strstr(status, "Threads:");
	if (!line)
		errx(1, "/proc/self/status");
	tell(line, strcspn(line, "\n"));
	fclose(file);
}

static int run_story(const struct story *story, int argc, char **argv)
{
	void *volatile some = malloc(1);
	int fd;

	/* That something else has begun the heap must not show. */
	free(some);
	if (argc > 4) {
		filter_at = atoi(argv[3]);
		allowed = argv[4];
	}
	port = atoi(argv[1]);
	while (story->name && strcmp(story->name, argv[2]) != 0)
		story++;
	if (!story->name)
		errx(2, "no such story: %s", argv[2]);
	point(BEFORE_CONNECT);
	fd = dial();
	point(CONNECTED);
	story->run(fd);
	if (write(STDOUT_FILENO, told, strlen(told)) < 0)
		err(1, "write");
	point(END);
	return 0;
}

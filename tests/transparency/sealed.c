/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed programs that a seccomp filter allows their own system calls, and no more. */
#include "tests/transparency/program.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char HEAD[] = "POST / HTTP/1.1\r\nHost: kinesis.us-east-1.amazonaws.com\r\n"
			   "X-Amz-Target: Kinesis_20131202.PutRecord\r\n";
static const char REST[] = "Content-Length: 2\r\n\r\n{}";
static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/* Beside `call`, only what the log and the control socket need, and the end of the process. */
static void seal(int call)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)call, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

	CALL("no new privileges", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CALL("filter", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static int new_connection(int *connection)
{
	struct sockaddr_storage address;
	socklen_t length = address_of(0, &address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CALL("connect", connect(fd, (struct sockaddr *)&address, length));
	*connection = (int)ask(COMMAND_ACCEPT, 0, 0, NULL, 0).value;
	return fd;
}

static void say_got(int connection, size_t bytes)
{
	struct answer answer = ask(COMMAND_RECEIVE, connection, (int64_t)bytes, NULL, 0);

	say("  the server got %lld", (long long)answer.value);
}

static void strict(void)
{
	int connection, fd = new_connection(&connection);
	char bytes[100];

	CALL("write", write(fd, HEAD, sizeof(HEAD) - 1));
	CALL("strict", prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
	CALL("write", write(fd, REST, sizeof(REST) - 1));
	say_got(connection, sizeof(HEAD) + sizeof(REST) - 2);
	ask(COMMAND_SEND, connection, 0, ANSWER, sizeof(ANSWER) - 1);
	CALL("read", read(fd, bytes, sizeof(bytes)));
	syscall(SYS_exit, 0);
}

static void sealed_write(void)
{
	int connection, fd = new_connection(&connection);
	char bytes[100];

	seal(SYS_read);
	CALL("write", write(fd, HEAD, sizeof(HEAD) - 1));
	CALL("write", write(fd, REST, sizeof(REST) - 1));
	say_got(connection, sizeof(HEAD) + sizeof(REST) - 2);
	ask(COMMAND_SEND, connection, 0, ANSWER, sizeof(ANSWER) - 1);
	CALL("read", read(fd, bytes, sizeof(bytes)));
}

static void sealed_send(void)
{
	int connection, fd = new_connection(&connection);

	seal(SYS_sendto);
	CALL("send", send(fd, HEAD, sizeof(HEAD) - 1, 0));
	CALL("send", send(fd, REST, sizeof(REST) - 1, 0));
	say_got(connection, sizeof(HEAD) + sizeof(REST) - 2);
}

static void sealed_recv(void)
{
	int connection, fd = new_connection(&connection);
	char bytes[100];

	CALL("write", write(fd, HEAD, sizeof(HEAD) - 1));
	seal(SYS_recvfrom);
	CALL("write", write(fd, REST, sizeof(REST) - 1));
	ask(COMMAND_SEND, connection, 0, ANSWER, sizeof(ANSWER) - 1);
	CALL("recv", recv(fd, bytes, sizeof(bytes), 0));
}

static void sealed_poll(void)
{
	int connection, fd = new_connection(&connection);
	struct pollfd one = {.fd = fd, .events = POLLIN};

	CALL("write", write(fd, HEAD, sizeof(HEAD) - 1));
	seal(SYS_poll);
	ask(COMMAND_SEND, connection, 0, ANSWER, sizeof(ANSWER) - 1);
	CALL("poll", poll(&one, 1, PATIENCE));
	say("  events %x", one.revents);
}

static void sealed_close(void)
{
	int connection, fd = new_connection(&connection);

	CALL("write", write(fd, HEAD, sizeof(HEAD) - 1));
	seal(SYS_close);
	CALL("close", close(fd));
}

static void sealed_connect(void)
{
	struct sockaddr_storage address;
	socklen_t length = address_of(0, &address);
	int fd = socket(AF_INET, SOCK_STREAM, 0), connection;

	seal(SYS_connect);
	CALL("connect", connect(fd, (struct sockaddr *)&address, length));
	connection = (int)ask(COMMAND_ACCEPT, 0, 0, NULL, 0).value;
	CALL("write", write(fd, HEAD, sizeof(HEAD) - 1));
	say_got(connection, sizeof(HEAD) - 1);
}

static void sealed_exit(void)
{
	int connection, fd = new_connection(&connection);

	CALL("write", write(fd, HEAD, sizeof(HEAD) - 1));
	seal(SYS_exit_group);
	exit(3);
}

static const struct {
	const char *name;
	void (*run)(void);
} sealed[] = {
	{"seccomp strict", strict},
	{"seccomp filter, write", sealed_write},
	{"seccomp filter, send", sealed_send},
	{"seccomp filter, recv", sealed_recv},
	{"seccomp filter, poll", sealed_poll},
	{"seccomp filter, close", sealed_close},
	{"seccomp filter, connect", sealed_connect},
	{"seccomp filter, exit", sealed_exit},
};

enum { SEALED = sizeof(sealed) / sizeof(*sealed) };

bool run_sealed_case(const char *name)
{
	int i;

	for (i = 0; i < SEALED; i++) {
		if (strcmp(sealed[i].name, name) == 0) {
			sealed[i].run();
			syscall(SYS_exit_group, 0);
		}
	}
	return false;
}

void list_sealed_cases(void)
{
	int i;

	for (i = 0; i < SEALED; i++)
		puts(sealed[i].name);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixed programs: each does one odd thing around one HTTP exchange, mostly between the two
 * writes of a head.
 */
#include "tests/transparency/program.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char REQUEST[] =
	"POST / HTTP/1.1\r\nHost: kinesis.us-east-1.amazonaws.com\r\n"
	"Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, "
	"SignedHeaders=host, Signature=00\r\n"
	"X-Amz-Target: Kinesis_20131202.PutRecord\r\nContent-Length: 5\r\n\r\nhello";
static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/* After the Authorization line has begun. */
enum { HALF = 120 };

/* ---- Steps ---- */

static void load(struct slot *slot)
{
	slot->out_at = 0;
	slot->out_end = sizeof(REQUEST) - 1;
	memcpy(slot->out, REQUEST, sizeof(REQUEST) - 1);
}

static struct slot *connected(int listener)
{
	struct sockaddr_storage address;
	socklen_t length = address_of(listener, &address);
	struct slot *slot = slot_free();
	int fd = (int)CALL("socket", socket(address.ss_family, SOCK_STREAM, 0));

	CALL("connect", connect(fd, (struct sockaddr *)&address, length));
	slot_begin(slot, fd, (int)ask(COMMAND_ACCEPT, listener, 0, NULL, 0).value, listener);
	load(slot);
	return slot;
}

static void half_by(struct slot *slot, const char *way)
{
	slot_send(slot, way_named(way), slot->fds[0], HALF);
}

static void rest_by(struct slot *slot, const char *way)
{
	slot_send(slot, way_named(way), slot->fds[0], slot->out_end - slot->out_at);
}

static struct slot *half(void)
{
	struct slot *slot = connected(0);

	half_by(slot, "write");
	return slot;
}

static void answered(struct slot *slot)
{
	char bytes[256];

	slot_sync(slot);
	slot_receive(slot, ANSWER, sizeof(ANSWER) - 1);
	slot->pending -= CALL("recv", recv(slot->fds[0], bytes, sizeof(bytes), 0));
}

static void closed(struct slot *slot)
{
	CALL("close", close(slot->fds[0]));
	slot_drop(slot, 0);
}

static void goes_on(struct slot *slot)
{
	rest_by(slot, "write");
	answered(slot);
	closed(slot);
}

static void reap(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	say("  child gave %d", status);
}

/* ---- fork, exec, passing ---- */

static void fork_child_exits(void)
{
	struct slot *slot = half();
	pid_t pid = fork();

	if (pid == 0)
		exit(0);
	reap(pid);
	goes_on(slot);
}

static void fork_parent_reads(void)
{
	struct slot *slot = half();
	pid_t pid = fork();

	if (pid == 0) {
		rest_by(slot, "write");
		_exit(0);
	}
	reap(pid);
	answered(slot);
	closed(slot);
}

static void fork_parent_closes(void)
{
	struct slot *slot = half();
	char byte = 'x';
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return;
	pid = fork();
	if (pid == 0) {
		if (read(ends[0], &byte, 1) == 1)
			goes_on(slot);
		_exit(0);
	}
	CALL("close", close(slot->fds[0]));
	/* Without a word: from here on the child speaks. */
	if (write(ends[1], &byte, 1) == 1)
		reap(pid);
}

static void fork_child_goes_on(void)
{
	struct slot *slot = half();
	pid_t pid = fork();

	if (pid == 0) {
		rest_by(slot, "write");
		answered(slot);
		exit(0);
	}
	reap(pid);
	closed(slot);
}

/* Both write on after a fork, in turn. */
static void fork_both_write(void)
{
	struct slot *slot = half();
	pid_t pid = fork();

	if (pid == 0) {
		slot_send(slot, way_named("send"), slot->fds[0], 10);
		_exit(0);
	}
	reap(pid);
	goes_on(slot);
}

static void exec_goes_on(void)
{
	if (state->index++ == 0) {
		half();
		exec_again("--resume", "exec of a program that goes on");
	}
	goes_on(&state->slots[0]);
}

/* ---- The end of the program ---- */

static void few_bytes(void)
{
	struct slot *slot = connected(0);

	CALL("write", write(slot->fds[0], "PUT x", 5));
}

static void end_by_exit_now(void)
{
	few_bytes();
	_exit(3);
}

static void end_by_quick_exit(void)
{
	few_bytes();
	quick_exit(3);
}

static void end_by_abort(void)
{
	few_bytes();
	abort();
}

static void end_by_exit(void)
{
	few_bytes();
	exit(3);
}

static void end_by_kill(void)
{
	few_bytes();
	raise(SIGKILL);
}

static void end_by_return(void)
{
	half();
}

static void end_by_pthread_exit(void)
{
	half();
	pthread_exit(NULL);
}

/* ---- Another socket by the same number ---- */

static void to_another_server(void)
{
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	struct slot *slot = half();
	struct sockaddr_storage address;
	socklen_t length;

	slot_sync(slot);
	CALL("connect AF_UNSPEC", connect(slot->fds[0], &nowhere, sizeof(nowhere)));
	slot_say_end(slot);
	length = address_of(1, &address);
	CALL("connect", connect(slot->fds[0], (struct sockaddr *)&address, length));
	slot_begin(slot, slot->fds[0], (int)ask(COMMAND_ACCEPT, 1, 0, NULL, 0).value, 1);
	slot->sent = CALL("write", write(slot->fds[0], "hello b", 7));
	slot_sync(slot);
	closed(slot);
}

static struct slot *half_closed_raw(void)
{
	struct slot *slot = half();

	CALL("raw close", syscall(SYS_close, slot->fds[0]));
	return slot;
}

static int accepted_from_server(int *connection)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;

	dup2(listener, 50);
	close(listener);
	if (bind(50, (struct sockaddr *)&address, length) || listen(50, 1) ||
		getsockname(50, (struct sockaddr *)&address, &length))
		return -1;
	*connection = (int)ask(COMMAND_CONNECT, ntohs(address.sin_port), 0, NULL, 0).value;
	if (!wait_for(50, POLLIN))
		give_up("a connection");
	fd = (int)CALL("accept", accept(50, NULL, NULL));
	close(50);
	return fd;
}

static void to_an_accepted_peer(void)
{
	int connection = -1, fd;
	struct slot *slot = half_closed_raw();

	fd = accepted_from_server(&connection);
	CALL("shutdown", shutdown(fd, SHUT_WR));
	slot_begin(slot, fd, connection, -1);
	slot_say_end(slot);
	CALL("close", close(fd));
}

static void to_a_pair(void)
{
	char bytes[256];
	int pair[2];

	half_closed_raw();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return;
	CALL("write", write(pair[0], "x", 1));
	CALL("recv", recv(pair[1], bytes, sizeof(bytes), MSG_DONTWAIT));
	CALL("shutdown", shutdown(pair[0], SHUT_WR));
	CALL("recv", recv(pair[1], bytes, sizeof(bytes), 0));
}

static void to_another_connection(void)
{
	struct slot *slot = half_closed_raw();

	slot_drop(slot, 0);
	goes_on(connected(1));
}

static void closed_then_read(void)
{
	struct slot *slot = half_closed_raw();
	char byte;

	CALL("read", read(slot->fds[0], &byte, 1));
	slot_drop(slot, 0);
}

static void closed_then_poll(void)
{
	struct slot *slot = half_closed_raw();
	struct pollfd one = {.fd = slot->fds[0], .events = POLLIN | POLLOUT};

	CALL("poll", poll(&one, 1, 10));
	say("  events %x", one.revents);
	slot_drop(slot, 0);
}

static void closed_then_sleep(void)
{
	struct slot *slot = half_closed_raw();

	CALL("usleep", usleep(20000));
	slot_drop(slot, 0);
}

static void closed_then_close(void)
{
	struct slot *slot = half_closed_raw();

	CALL("close", close(slot->fds[0]));
	slot_drop(slot, 0);
}

static void closed_then_exit(void)
{
	half_closed_raw();
	exit(3);
}

/* ---- What the kernel says ---- */

static void half_arrives(void)
{
	struct slot *slot = half();

	slot_sync(slot);
	goes_on(slot);
}

static void bytes_acknowledged(void)
{
	struct slot *slot = half();
	int i;

	for (i = 0; i < looking_count; i++)
		if (strcmp(looking[i].name, "TCP_INFO") == 0 ||
			strcmp(looking[i].name, "SIOCOUTQ") == 0)
			looking[i].run(slot);
	goes_on(slot);
}

static struct slot *half_then_gone(enum command how)
{
	struct slot *slot = half();

	slot_sync(slot);
	ask(how, slot->connection, 0, NULL, 0);
	if (!wait_for(slot->fds[0], how == COMMAND_RESET ? POLLERR | POLLHUP : POLLRDHUP))
		give_up("the server's close");
	slot->gone = slot->finished = true;
	slot->reset = how == COMMAND_RESET;
	return slot;
}

static void write_to_closed_peer(void)
{
	struct slot *slot = half_then_gone(COMMAND_CLOSE);

	slot_send(slot, way_named("write"), slot->fds[0], 20);
	slot_send(slot, way_named("write"), slot->fds[0], 20);
	say("  SIGPIPE %d times", state->sigpipes);
	closed(slot);
}

static void die_of_closed_peer(void)
{
	signal(SIGPIPE, SIG_DFL);
	write_to_closed_peer();
}

static void names_after_reset(void)
{
	struct slot *slot = half_then_gone(COMMAND_RESET);
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	CALL("getpeername", getpeername(slot->fds[0], (struct sockaddr *)&address, &length));
	CALL("getsockname", getsockname(slot->fds[0], (struct sockaddr *)&address, &length));
	closed(slot);
}

static void errors_after_reset(void)
{
	struct slot *slot = half_then_gone(COMMAND_RESET);
	char byte;

	CALL("recv", recv(slot->fds[0], &byte, 1, 0));
	CALL("recv", recv(slot->fds[0], &byte, 1, 0));
	CALL("send", send(slot->fds[0], "x", 1, MSG_NOSIGNAL));
	closed(slot);
}

static void send_after_reset(void)
{
	struct slot *slot = half_then_gone(COMMAND_RESET);

	CALL("send", send(slot->fds[0], "x", 1, MSG_NOSIGNAL));
	CALL("send", send(slot->fds[0], "x", 1, MSG_NOSIGNAL));
	closed(slot);
}

static void error_option_after_reset(void)
{
	struct slot *slot = half_then_gone(COMMAND_RESET);
	int error = -1, i;
	socklen_t length = sizeof(error);

	for (i = 0; i < 2; i++) {
		CALL("SO_ERROR", getsockopt(slot->fds[0], SOL_SOCKET, SO_ERROR, &error, &length));
		say("  error %d", error);
	}
	closed(slot);
}

/* ---- Pointers that are wrong, while a head is half sent ---- */

static void wrong_pointers(void)
{
	struct slot *slot = half();
	/* Volatile: the compiler must not see what is wrong. */
	void *volatile nowhere = NULL, *volatile odd = (void *)8;
	struct iovec iov = {odd, 10};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	struct timeval none = {0};
	volatile int wrong_count = -1;
	int fd = slot->fds[0];

	slot_receive(slot, ANSWER, sizeof(ANSWER) - 1);
	CALL("poll", poll(nowhere, 1, 0));
	CALL("poll", poll(odd, 1, 0));
	CALL("select", select(fd + 1, odd, NULL, NULL, &none));
	CALL("recv", recv(fd, nowhere, 10, 0));
	CALL("recv", recv(fd, odd, 10, MSG_PEEK));
	CALL("recvmsg", recvmsg(fd, nowhere, 0));
	CALL("recvmsg", recvmsg(fd, &message, 0));
	CALL("readv", readv(fd, odd, 1));
	CALL("readv", readv(fd, &iov, wrong_count));
	CALL("FIONREAD", ioctl(fd, FIONREAD, odd));
	CALL("recv MSG_TRUNC", recv(fd, nowhere, 10, MSG_TRUNC));
	slot->pending -= 10;
	goes_on(slot);
}

static void wrong_send_pointers(void)
{
	struct slot *slot = half();
	void *volatile nowhere = NULL, *volatile odd = (void *)8;
	struct iovec iov = {odd, 10};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	volatile int wrong_count = -1;
	int fd = slot->fds[0];

	CALL("send", send(fd, nowhere, 10, 0));
	CALL("write", write(fd, odd, 10));
	CALL("sendmsg", sendmsg(fd, nowhere, 0));
	CALL("sendmsg", sendmsg(fd, &message, 0));
	CALL("writev", writev(fd, odd, 1));
	CALL("writev", writev(fd, &iov, wrong_count));
	goes_on(slot);
}

/* ---- The process ---- */

static void threads_count(void)
{
	struct slot *slot = half();
	int i;

	for (i = 0; i < looking_count; i++)
		if (strcmp(looking[i].name, "threads") == 0 ||
			strcmp(looking[i].name, "descriptors") == 0 ||
			strcmp(looking[i].name, "signals") == 0)
			looking[i].run(slot);
	goes_on(slot);
}

static void new_user_namespace(void)
{
	struct slot *slot = half();

	CALL("unshare", unshare(CLONE_NEWUSER));
	goes_on(slot);
}

/* What `ulimit -d 30000` leaves is enough for a small program. */
static void little_data(void)
{
	struct rlimit limit = {30000 * 1024L, 30000 * 1024L};
	void *memory;

	if (state->index++ == 0) {
		CALL("setrlimit", setrlimit(RLIMIT_DATA, &limit));
		exec_again("--resume", "ulimit -d 30000");
	}
	goes_on(half());
	memory = malloc(8 << 20);
	say("  memory %d", memory != NULL);
	free(memory);
}

static volatile sig_atomic_t forks;

static void fork_in_handler(int number)
{
	const struct itimerval soon = {.it_value.tv_usec = 1000};
	pid_t pid = fork();

	(void)number;
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	forks++;
	setitimer(ITIMER_REAL, &soon, NULL);
}

static void forks_in_handler(void)
{
	struct sigaction action = {.sa_handler = fork_in_handler, .sa_flags = SA_RESTART};
	const struct itimerval soon = {.it_value.tv_usec = 1000}, never = {0};
	struct slot *slot = connected(0);
	int64_t sent = 0;
	bool well = true;

	ask(COMMAND_QUIET, 0, 0, NULL, 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	while (forks < 200 && well) {
		well = write(slot->fds[0], REQUEST, HALF) == HALF &&
		       write(slot->fds[0], REQUEST + HALF, sizeof(REQUEST) - 1 - HALF) ==
			       (ssize_t)sizeof(REQUEST) - 1 - HALF;
		sent += (int64_t)sizeof(REQUEST) - 1;
		well = well && ask(COMMAND_RECEIVE, slot->connection, sent, NULL, 0).value == sent;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	say("  all sent: %d", well);
}

static void namespace_writes(void)
{
	struct slot *slot = half();
	char path[512];
	ssize_t (*write_rest)(int, const char *, size_t) = NULL;
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 16);
	void *library;

	path[length > 0 ? length : 0] = '\0';
	memcpy(strrchr(path, '/'), "/rest.so", sizeof("/rest.so"));
	library = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
	if (library)
		*(void **)&write_rest = dlsym(library, "write_rest");
	say("  found %d", write_rest != NULL);
	if (!write_rest)
		return;
	slot->sent += CALL("write_rest", write_rest(slot->fds[0], slot->out + slot->out_at,
						 (size_t)(slot->out_end - slot->out_at)));
	answered(slot);
	closed(slot);
}

struct named {
	const char *name;
	void (*run)(void);
};

static const struct named named[] = {
	{"half arrives", half_arrives},
	{"fork, the child exits", fork_child_exits},
	{"fork, the child writes and the parent reads", fork_parent_reads},
	{"fork, the parent closes", fork_parent_closes},
	{"fork, the child goes on", fork_child_goes_on},
	{"fork, both write", fork_both_write},
	{"exec of a program that goes on", exec_goes_on},
	{"few bytes, then _exit", end_by_exit_now},
	{"few bytes, then quick_exit", end_by_quick_exit},
	{"few bytes, then abort", end_by_abort},
	{"few bytes, then exit", end_by_exit},
	{"few bytes, then SIGKILL", end_by_kill},
	{"half, then return from main", end_by_return},
	{"half, then pthread_exit in main", end_by_pthread_exit},
	{"half, AF_UNSPEC, another server", to_another_server},
	{"half, raw close, an accepted peer", to_an_accepted_peer},
	{"half, raw close, a socket pair", to_a_pair},
	{"half, raw close, another connection", to_another_connection},
	{"half, raw close, read", closed_then_read},
	{"half, raw close, poll", closed_then_poll},
	{"half, raw close, sleep", closed_then_sleep},
	{"half, raw close, close", closed_then_close},
	{"half, raw close, exit", closed_then_exit},
	{"bytes acknowledged", bytes_acknowledged},
	{"second write to a closed peer", write_to_closed_peer},
	{"SIGPIPE of a closed peer", die_of_closed_peer},
	{"names after a reset", names_after_reset},
	{"recv after a reset", errors_after_reset},
	{"send after a reset", send_after_reset},
	{"SO_ERROR after a reset", error_option_after_reset},
	{"wrong pointers to receive and wait", wrong_pointers},
	{"wrong pointers to send", wrong_send_pointers},
	{"threads, descriptors, signals", threads_count},
	{"unshare(CLONE_NEWUSER)", new_user_namespace},
	{"ulimit -d 30000", little_data},
	{"fork in a signal handler, 200 times", forks_in_handler},
	{"a namespace of dlmopen writes the rest", namespace_writes},
};

enum { NAMED = sizeof(named) / sizeof(*named) };

/* `rest by WAY` and `half by WAY`: true if the name is one of these. */
static bool run_way(const char *name)
{
	bool first = strncmp(name, "half by ", 8) == 0;
	const struct way *way = way_named(name + 8);
	struct slot *slot;

	if (!way || (!first && strncmp(name, "rest by ", 8) != 0))
		return false;
	slot = connected(0);
	half_by(slot, first ? way->name : "write");
	rest_by(slot, first ? "write" : way->name);
	answered(slot);
	closed(slot);
	return true;
}

int run_case(const char *name)
{
	int i;

	if (run_sealed_case(name) || (strlen(name) > 8 && run_way(name)))
		return 0;
	for (i = 0; i < NAMED; i++) {
		if (strcmp(named[i].name, name) == 0) {
			named[i].run();
			return 0;
		}
	}
	return 2;
}

void list_cases(void)
{
	int i;

	for (i = 0; i < way_count; i++)
		printf("half by %s\nrest by %s\n", ways[i].name, ways[i].name);
	for (i = 0; i < NAMED; i++)
		puts(named[i].name);
	list_sealed_cases();
}

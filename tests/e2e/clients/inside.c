/* SPDX-License-Identifier: Apache-2.0 */

/*
 * inside PORT STORY STATUS: what may happen to a thread while it is in a hooked call (a story below),
 * around calls that must end with STATUS.
 */

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dial.h"

static const char request[] =
	"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\n"
	"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request, "
	"SignedHeaders=host, Signature=0\r\nContent-Length: 2\r\n\r\n{}";
#define REQUEST_LEN (sizeof(request) - 1)

static int wanted;

static void put(int fd, size_t from, size_t to)
{
	if (send(fd, request + from, to - from, MSG_NOSIGNAL) != (ssize_t)(to - from))
		err(1, "send");
}

static void put_call(int fd)
{
	put(fd, 0, REQUEST_LEN);
}

/* One answer, as far as it has come. */
struct answer {
	char data[4096];
	size_t len;
};

static bool is_whole(const struct answer *answer)
{
	const char *end = strstr(answer->data, "\r\n\r\n");
	const char *length = end ? strcasestr(answer->data, "\r\nContent-Length: ") : NULL;

	return length &&
	       answer->len >= (size_t)(end + 4 - answer->data) + strtoul(length + 18, NULL, 10);
}

/* What recv() says; never more than one answer is taken. */
static ssize_t get_some(int fd, struct answer *answer, size_t most, int flags)
{
	size_t room = sizeof(answer->data) - 1 - answer->len;
	ssize_t got =
		recv(fd, answer->data + answer->len, most && most < room ? most : room, flags);

	if (got > 0)
		answer->len += (size_t)got;
	answer->data[answer->len] = '\0';
	return got;
}

static int status_of(const struct answer *answer)
{
	return atoi(answer->data + strlen("HTTP/1.1 "));
}

static void check(const struct answer *answer)
{
	int status = status_of(answer);

	if (status != wanted)
		errx(1, "%d instead of %d", status, wanted);
}

/* `most` bytes at a time, 0: as many as there are. */
static void get_answer(int fd, size_t most)
{
	struct answer answer = {.len = 0};
	ssize_t got;

	while (!is_whole(&answer))
		if ((got = get_some(fd, &answer, most, 0)) <= 0)
			err(1, "recv: %zd after %zu bytes", got, answer.len);
	check(&answer);
}

static void call(int fd)
{
	put_call(fd);
	get_answer(fd, 0);
}

static pthread_t start(void *(*work)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work, argument))
		errx(1, "pthread_create");
	return thread;
}

/* ---- One thread reads, another one writes ---- */

static void *read_one(void *fd)
{
	get_answer(*(int *)fd, 0);
	return NULL;
}

/* The reader is in recv() already. */
static void reader_waits(void)
{
	for (int i = 0; i < 3; i++) {
		int fd = dial();
		pthread_t reader = start(read_one, &fd);

		usleep(20000);
		put(fd, 0, 40);
		put(fd, 40, REQUEST_LEN);
		pthread_join(reader, NULL);
		close(fd);
	}
}

/* The same, and what is written goes through a duplicate that is closed at once. */
static void reader_waits_on_duplicate(void)
{
	int fd = dial(), copy = dup(fd);
	pthread_t reader = start(read_one, &fd);

	usleep(20000);
	put_call(copy);
	close(copy);
	pthread_join(reader, NULL);
}

#define CALLS 40

static sem_t answers;

static void *read_by_polling(void *argument)
{
	struct pollfd waiting = {.fd = *(int *)argument, .events = POLLIN};

	for (int i = 0; i < CALLS; i++) {
		struct answer answer = {.len = 0};

		while (!is_whole(&answer)) {
			if (poll(&waiting, 1, 0) < 0)
				err(1, "poll");
			if (get_some(waiting.fd, &answer, 0, MSG_DONTWAIT) == 0)
				errx(1, "the connection ended");
			sched_yield();
		}
		check(&answer);
		sem_post(&answers);
	}
	return NULL;
}

/* The reader looks all the time, on one connection for all calls. A fault of a call that comes in pieces
 * would end it. */
static void reader_polls(void)
{
	size_t piece = wanted == 200 ? 40 : REQUEST_LEN;
	int fd = dial();
	pthread_t reader;

	sem_init(&answers, 0, 0);
	reader = start(read_by_polling, &fd);
	for (int i = 0; i < CALLS; i++) {
		put(fd, 0, piece);
		if (piece < REQUEST_LEN)
			put(fd, piece, REQUEST_LEN);
		sem_wait(&answers);
	}
	pthread_join(reader, NULL);
}

static sem_t begun, overtaken;

static void *read_in_bytes(void *argument)
{
	int fd = *(int *)argument;
	char first;

	if (recv(fd, &first, 1, MSG_PEEK) != 1)
		err(1, "recv");
	sem_post(&begun);
	sem_wait(&overtaken);
	get_answer(fd, 1);
	/* No fault for the second call: the first one's ends the connection. */
	if (wanted == 200)
		get_answer(fd, 1);
	else if (recv(fd, (char[1]){0}, 1, 0) != 0)
		errx(1, "more than one answer");
	return NULL;
}

/* The next call is written while the answer to the first is being read. */
static void writer_overtakes(void)
{
	int fd = dial();
	pthread_t reader;

	sem_init(&begun, 0, 0);
	sem_init(&overtaken, 0, 0);
	put_call(fd);
	reader = start(read_in_bytes, &fd);
	sem_wait(&begun);
	put_call(fd);
	sem_post(&overtaken);
	pthread_join(reader, NULL);
}

/* ---- fork() ---- */

static atomic_bool stops;
static atomic_int made;

static void *call_on(void *fd)
{
	while (!atomic_load(&stops)) {
		call(*(int *)fd);
		atomic_fetch_add(&made, 1);
	}
	return NULL;
}

/* Another thread calls on and on; the children leave its connection alone, and end in order. */
static void forks(void)
{
	int fd = dial();
	pthread_t caller = start(call_on, &fd);
	int before;

	for (int i = 0; i < 40; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			alarm(10);
			call(dial());
			exit(0);
		}
		if (waitpid(child, &status, 0) != child || status)
			errx(1, "a child ended with %#x", status);
	}
	before = atomic_load(&made);
	while (atomic_load(&made) < before + 3)
		usleep(1000);
	atomic_store(&stops, true);
	pthread_join(caller, NULL);
	call(fd);
}

/* ---- pthread_cancel() ---- */

static void end_cancelled(pthread_t thread)
{
	void *result;

	pthread_cancel(thread);
	if (pthread_join(thread, &result) || result != PTHREAD_CANCELED)
		errx(1, "the thread was not cancelled");
}

/* In recv(), for which there is nothing. */
static void cancelled_reader(void)
{
	int fd = dial();
	pthread_t reader = start(read_one, &fd);

	usleep(20000);
	end_cancelled(reader);
	call(fd);
}

static void close_it(void *argument)
{
	close(*(int *)argument);
}

/* The very first call of the program, by a thread that is cancelled already. */
static void *write_first(void *argument)
{
	pthread_cleanup_push(close_it, argument);
	pthread_cancel(pthread_self());
	put_call(*(int *)argument);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancelled_first_writer(void)
{
	int fd = dial();

	end_cancelled(start(write_first, &fd));
	call(dial());
}

static void *write_when_cancelled(void *argument)
{
	int fd = *(int *)argument;

	put(fd, 0, 40);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	sem_post(&answers);
	usleep(20000);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	put(fd, 40, REQUEST_LEN);
	pthread_testcancel();
	return NULL;
}

/* It is to end in send(), with the first part of the call held back. */
static void cancelled_writer(void)
{
	int fd = dial();
	pthread_t writer;

	sem_init(&answers, 0, 0);
	writer = start(write_when_cancelled, &fd);
	sem_wait(&answers);
	end_cancelled(writer);
	/* Nobody knows how much was sent. */
	close(fd);
	call(dial());
}

/* ---- Signal handlers ---- */

static int handled = -1; /* the handler's connection */
static atomic_int sent;

#define INTERVAL 100 /* microseconds */

/* SIGALRM comes once: a handler that asks for the next leaves the program some time. */
static void alarm_after(long microseconds)
{
	struct itimerval once = {{0, 0}, {0, microseconds}};

	setitimer(ITIMER_REAL, &once, NULL);
}

static void send_one(int number)
{
	int error = errno;

	(void)number;
	if (send(handled, request, REQUEST_LEN, MSG_NOSIGNAL) != (ssize_t)REQUEST_LEN)
		abort();
	atomic_fetch_add(&sent, 1);
	errno = error;
}

/* Sends a call, or reads some of its answer: 200, if it has interrupted the library itself. */
static void go_on(int number)
{
	static struct answer answer;
	static bool is_asked;
	int error = errno;

	if (!is_asked)
		send_one(number);
	is_asked = true;
	get_some(handled, &answer, 0, MSG_DONTWAIT);
	if (is_whole(&answer)) {
		if (status_of(&answer) != 200)
			check(&answer);
		is_asked = false;
		answer.len = 0;
	}
	alarm_after(INTERVAL);
	errno = error;
}

static void send_again(int number)
{
	send_one(number);
	alarm_after(INTERVAL);
}

static void on_signal(int number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART | flags};

	sigaction(number, &action, NULL);
}

/* The handler sends what the program already waits for the answer to. */
static void signal_while_waiting(void)
{
	handled = dial();
	on_signal(SIGALRM, send_one, 0);
	alarm_after(20000);
	get_answer(handled, 0);
}

/* On the same connection. Says how many calls were sent. */
static void signals_on_same(void)
{
	char scratch[4096];

	handled = dial();
	on_signal(SIGALRM, send_again, 0);
	alarm_after(INTERVAL);
	for (made = 0; made < 300 || sent < 30; made++) {
		put_call(handled);
		recv(handled, scratch, sizeof(scratch), MSG_DONTWAIT);
	}
	signal(SIGALRM, SIG_IGN);
	shutdown(handled, SHUT_WR);
	while (recv(handled, scratch, sizeof(scratch), 0) > 0)
		continue;
	printf("%d\n", made + sent);
}

/* The handler has a connection of its own. */
static void signals_on_another(void)
{
	int fd = dial();

	handled = dial();
	on_signal(SIGALRM, go_on, 0);
	alarm_after(INTERVAL);
	for (int i = 0; i < 100 || sent < 20; i++)
		call(fd);
	signal(SIGALRM, SIG_IGN);
}

static void leave(int number)
{
	(void)number;
	exit(0);
}

/* The handler ends the program. */
static void signal_that_exits(void)
{
	for (int i = 0; i < 30; i++) {
		pid_t child = fork();
		int fd, status;

		if (child == 0) {
			fd = dial();
			on_signal(SIGALRM, leave, 0);
			alarm_after(1000 + 37 * i);
			for (;;)
				call(fd);
		}
		if (waitpid(child, &status, 0) != child || status)
			errx(1, "a child ended with %#x", status);
	}
}

/* As large as SIGSTKSZ has always been, and with nothing below. */
#define SMALL_STACK 8192

static void signal_on_small_stack(void)
{
	char *area = mmap(NULL, 4096 + SMALL_STACK, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_sp = area + 4096, .ss_size = SMALL_STACK};

	mprotect(area, 4096, PROT_NONE);
	if (sigaltstack(&stack, NULL))
		err(1, "sigaltstack");
	handled = dial();
	on_signal(SIGUSR1, send_one, SA_ONSTACK);
	raise(SIGUSR1);
	get_answer(handled, 0);
}

#define FORKS 200

static volatile int interrupted = -1; /* the connection that is in use */
static atomic_int forked;

/* The child closes the connection, which may be in the middle of a call. */
static void fork_one(int number)
{
	int error = errno, status;
	pid_t child = fork();

	(void)number;
	if (child == 0) {
		alarm(10);
		close(interrupted);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		abort();
	if (atomic_fetch_add(&forked, 1) < FORKS)
		alarm_after(INTERVAL);
	errno = error;
}

/* The handler forks, also where it has interrupted a call whose head comes in two pieces. */
static void signals_that_fork(void)
{
	on_signal(SIGALRM, fork_one, 0);
	alarm_after(INTERVAL);
	while (forked < FORKS) {
		int fd = dial();

		interrupted = fd;
		put(fd, 0, 40);
		put(fd, 40, REQUEST_LEN);
		get_answer(fd, 0);
		close(fd);
	}
}

static const struct {
	const char *name;
	void (*tell)(void);
} stories[] = {
	{"reader_waits", reader_waits},
	{"reader_waits_on_duplicate", reader_waits_on_duplicate},
	{"reader_polls", reader_polls},
	{"writer_overtakes", writer_overtakes},
	{"forks", forks},
	{"cancelled_reader", cancelled_reader},
	{"cancelled_writer", cancelled_writer},
	{"cancelled_first_writer", cancelled_first_writer},
	{"signal_while_waiting", signal_while_waiting},
	{"signals_on_same", signals_on_same},
	{"signals_on_another", signals_on_another},
	{"signal_that_exits", signal_that_exits},
	{"signal_on_small_stack", signal_on_small_stack},
	{"signals_that_fork", signals_that_fork},
};

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	port = atoi(argv[1]);
	wanted = atoi(argv[3]);
	for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++) {
		if (strcmp(stories[i].name, argv[2]) != 0)
			continue;
		stories[i].tell();
		return 0;
	}
	return 2;
}

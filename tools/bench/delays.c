/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How well delays are kept: one Kinesis call on each of COUNT connections, all sent at once.
 *
 *   delays server COUNT MS    prints its port; then "all" when COUNT connections are there; then, when
 *                             a whole request has come on each, the median and the 99th percentile
 *                             of how much later than MS after its sending it came, in nanoseconds
 *   delays client COUNT PORT  connects, waits for a line on stdin, sends, waits for the end of
 *                             stdin; prints nanoseconds of CPU: of the sending, and of all threads
 *                             but this one
 */

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"
#include "request.h"

/* Each request ends with the time of its sending. */
#define STAMP_LEN 20

/* Returns its length, which is always the same. */
static size_t write_request(char out[2048])
{
	return (size_t)snprintf(out, 2048,
		"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n%s\r\n%0*llu",
		STAMP_LEN, AWS_FIELDS, STAMP_LEN, (unsigned long long)now());
}

static void *zeroed(long count, size_t size)
{
	void *memory = calloc((size_t)count, size);

	if (!memory)
		err(1, "memory for %ld", count);
	return memory;
}

static void allow_descriptors(long count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		err(1, "getrlimit");
	limit.rlim_cur = (rlim_t)count + 64;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		err(1, "%ld connections", count);
}

/* ---- the server ---- */

struct connection {
	int fd;
	size_t len;
	char data[2048];
};

static int accept_all(struct connection *connections, long count)
{
	int listener = listen_and_tell(), poller = epoll_create1(0);

	for (long i = 0; i < count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};

		connections[i].fd = accept(listener, NULL, NULL);
		if (connections[i].fd < 0 ||
			epoll_ctl(poller, EPOLL_CTL_ADD, connections[i].fd, &event) < 0)
			err(1, "accept");
	}
	puts("all");
	fflush(stdout);
	return poller;
}

/* True when the request is whole; then `*taken` is the time that it has taken. */
static int receive(struct connection *connection, size_t whole, double *taken)
{
	char *data = connection->data;
	ssize_t got = recv(connection->fd, data + connection->len, whole - connection->len, 0);

	if (got <= 0)
		errx(1, "a connection has ended early");
	connection->len += (size_t)got;
	if (connection->len < whole)
		return 0;
	*taken = now() - strtod(data + whole - STAMP_LEN, NULL);
	return 1;
}

static void receive_all(int poller, double *taken, long count)
{
	char request[2048];
	size_t whole = write_request(request);

	for (long done = 0; done < count;) {
		struct epoll_event events[256];
		int ready = epoll_wait(poller, events, 256, -1);

		for (int i = 0; i < ready; i++) {
			struct connection *connection = events[i].data.ptr;

			if (!receive(connection, whole, &taken[done]))
				continue;
			epoll_ctl(poller, EPOLL_CTL_DEL, connection->fd, NULL);
			done++;
		}
	}
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void serve(long count, double latency)
{
	struct connection *connections = zeroed(count, sizeof(*connections));
	double *taken = zeroed(count, sizeof(*taken));

	receive_all(accept_all(connections, count), taken, count);
	qsort(taken, (size_t)count, sizeof(*taken), compare);
	printf("%.0f %.0f\n", taken[count / 2] - latency, taken[count * 99 / 100] - latency);
}

/* ---- the client ---- */

static double cpu_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void send_one(int fd)
{
	char request[2048];
	size_t len = write_request(request);

	if (send(fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
		err(1, "send");
}

static void send_all(long count, int port)
{
	int *connections = zeroed(count, sizeof(*connections));
	double begin, sending;

	for (long i = 0; i < count; i++)
		connections[i] = connect_to(port);
	if (getchar() != '\n')
		errx(1, "no word to begin");
	begin = cpu_of(CLOCK_THREAD_CPUTIME_ID);
	for (long i = 0; i < count; i++)
		send_one(connections[i]);
	sending = cpu_of(CLOCK_THREAD_CPUTIME_ID) - begin;
	if (getchar() != EOF)
		errx(1, "another word");
	printf("%.0f %.0f\n", sending,
		cpu_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_of(CLOCK_THREAD_CPUTIME_ID));
}

int main(int argc, char **argv)
{
	const char *what = argc == 4 ? argv[1] : "";
	long count = argc == 4 ? atol(argv[2]) : 0;

	/* If one of the two fails, the other one waits in vain. */
	alarm(120);
	allow_descriptors(count);
	if (count > 0 && strcmp(what, "server") == 0)
		serve(count, atof(argv[3]) * 1e6);
	else if (count > 0 && strcmp(what, "client") == 0)
		send_all(count, atoi(argv[3]));
	else
		errx(2, "server COUNT MS | client COUNT PORT");
	return 0;
}

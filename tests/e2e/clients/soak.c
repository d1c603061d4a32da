/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many calls, and what became of each, counted by who made them:
 *
 *   soak server               answers 200, and 400 to DeleteItem; prints its port
 *   soak client PORT COUNT    8 threads, which make COUNT calls each, of up to 3 attempts
 *
 * The client prints for each operation: NAME CALLS ATTEMPTS SUCCEEDED RECOVERED, and then for each status
 * STATUS COUNT, 0 for attempts that ended without one.
 */

#include <arpa/inet.h>
#include <err.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS	   8
#define ATTEMPTS   3
#define OPERATIONS 4
#define STATUSES   600

static const char *const names[OPERATIONS] = {"PutItem", "GetItem", "Query", "DeleteItem"};

/* Reads a message with a length into `text`. Returns its size, 0 at an end. */
static size_t read_message(int fd, char *text, size_t cap)
{
	size_t len = 0, whole = 0;

	while (!whole || len < whole) {
		ssize_t got = recv(fd, text + len, cap - 1 - len, 0);
		const char *end, *length;

		if (got <= 0)
			return 0;
		len += (size_t)got;
		text[len] = '\0';
		end = strstr(text, "\r\n\r\n");
		length = strcasestr(text, "content-length:");
		if (end)
			whole = (size_t)(end + 4 - text) +
				(length ? strtoul(length + 15, NULL, 10) : 0);
	}
	return len;
}

static void *serve(void *argument)
{
	static const char fine[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
	static const char bad[] = "HTTP/1.1 400 Bad\r\nContent-Length: 26\r\n\r\n"
				  "{\"__type\":\"NoSuchThing__\"}";
	int fd = (int)(long)argument;
	char text[4096];

	while (read_message(fd, text, sizeof(text))) {
		const char *answer = strstr(text, "DeleteItem") ? bad : fine;

		if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
	return NULL;
}

static int server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
	pthread_t thread;

	if (bind(listener, (struct sockaddr *)&address, len) || listen(listener, 512) ||
		getsockname(listener, (struct sockaddr *)&address, &len))
		err(1, "listen");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		if (pthread_create(&thread, NULL, serve, (void *)(long)fd) == 0)
			pthread_detach(thread);
	return 1;
}

struct counts {
	long calls, attempts, succeeded, recovered, statuses[STATUSES];
};

struct client {
	pthread_t thread;
	int port, fd;
	long count;
	struct counts counts[OPERATIONS];
};

static int connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr = {htonl(INADDR_LOOPBACK)},
		.sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "connect");
	return fd;
}

/* Returns the status; 0: none came. */
static int attempt(struct client *client, const char *name, int number)
{
	char text[4096];
	int len = snprintf(text, sizeof(text),
		"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: DynamoDB_20120810.%s\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/"
		"dynamodb/aws4_request, SignedHeaders=host, Signature=00\r\n"
		"amz-sdk-request: attempt=%d; max=3\r\nContent-Length: 20\r\n\r\n"
		"{\"TableName\":\"jobs\"}",
		name, number);
	bool is_kept;
	int status;

	if (client->fd < 0)
		client->fd = connect_to(client->port);
	if (send(client->fd, text, (size_t)len, MSG_NOSIGNAL) != len ||
		!read_message(client->fd, text, sizeof(text))) {
		close(client->fd);
		client->fd = -1;
		return 0;
	}
	status = atoi(text + 9);
	is_kept = !strcasestr(text, "connection: close");
	if (!is_kept) {
		close(client->fd);
		client->fd = -1;
	}
	return status > 0 && status < STATUSES ? status : 0;
}

static void *run(void *argument)
{
	struct client *client = argument;

	for (long i = 0; i < client->count; i++) {
		struct counts *counts = &client->counts[i % OPERATIONS];

		counts->calls++;
		for (int number = 1; number <= ATTEMPTS; number++) {
			int status = attempt(client, names[i % OPERATIONS], number);

			counts->attempts++;
			counts->statuses[status]++;
			if (status != 200)
				continue;
			counts->succeeded++;
			counts->recovered += number > 1;
			break;
		}
	}
	if (client->fd >= 0)
		close(client->fd);
	return NULL;
}

static void print(const struct client *clients, int operation)
{
	struct counts sum = {0};

	for (int i = 0; i < THREADS; i++) {
		const struct counts *counts = &clients[i].counts[operation];

		sum.calls += counts->calls;
		sum.attempts += counts->attempts;
		sum.succeeded += counts->succeeded;
		sum.recovered += counts->recovered;
		for (int status = 0; status < STATUSES; status++)
			sum.statuses[status] += counts->statuses[status];
	}
	printf("%s %ld %ld %ld %ld", names[operation], sum.calls, sum.attempts, sum.succeeded,
		sum.recovered);
	for (int status = 0; status < STATUSES; status++)
		if (sum.statuses[status])
			printf(" %d %ld", status, sum.statuses[status]);
	printf("\n");
}

int main(int argc, char **argv)
{
	static struct client clients[THREADS];

	if (argc == 2 && strcmp(argv[1], "server") == 0)
		return server();
	if (argc != 4 || strcmp(argv[1], "client") != 0)
		errx(2, "server | client PORT COUNT");
	for (int i = 0; i < THREADS; i++) {
		clients[i] =
			(struct client){.port = atoi(argv[2]), .fd = -1, .count = atol(argv[3])};
		if (pthread_create(&clients[i].thread, NULL, run, &clients[i]))
			err(1, "thread");
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(clients[i].thread, NULL);
	for (int i = 0; i < OPERATIONS; i++)
		print(clients, i);
	return 0;
}

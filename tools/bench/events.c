/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a reader of /_chaos/events gets of events that come at a rate.
 *
 *   events FOLDER RATE SECONDS   writes so many events into the journal of the folder, as programs
 *                                do, and reads the stream; prints how many it got of a second's,
 *                                and how many were lost
 */

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control/monotonic.h"
#include "shim/memory/journal.h"

#define TURN_NS 1000000 /* in which its share of events is written */

static struct journal *journal;
static uint64_t rate, seconds;

static void map(const char *folder)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/journal", folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	journal = mmap(NULL, sizeof(*journal), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (journal == MAP_FAILED)
		err(1, "%s", path);
}

static FILE *open_stream(const char *folder)
{
	static const char request[] = "GET /_chaos/events HTTP/1.0\r\nHost: localhost\r\n"
				      "Accept: text/event-stream\r\n\r\n";
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/control.sock", folder);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "%s", to.sun_path);
	if (write(fd, request, sizeof(request) - 1) != sizeof(request) - 1)
		err(1, "write");
	return fdopen(fd, "r");
}

static void fill(struct event *event)
{
	static const char *const texts[EVENT_TEXTS] = {[EVENT_SERVICE] = "dynamodb",
		[EVENT_OPERATION] = "PutItem",
		[EVENT_REGION] = "us-east-1",
		[EVENT_INVOCATION] = "8e9c1c4e-4b7f-4a6c-9d3e-1f2a3b4c5d6e",
		[EVENT_RESOURCE] = "table",
		[EVENT_SDK] = "Boto3/1.44.8",
		[EVENT_PROCESS] = "bench"};

	*event = (struct event){.first = 1000000, .ended = 1200000, .status = 200, .attempt = 1};
	event->pid = (uint32_t)getpid();
	for (unsigned i = 0; i < EVENT_TEXTS; i++)
		event_add(event, (enum event_text)i, span_of(texts[i] ? texts[i] : ""));
}

static void *write_events(__attribute__((unused)) void *nothing)
{
	uint64_t begin = monotonic_now(), wanted, written = 0;
	struct event event;

	fill(&event);
	while (written < rate * seconds) {
		const struct timespec pause = {.tv_nsec = TURN_NS};

		wanted = (monotonic_now() - begin) / 1000 * rate / 1000000;
		for (; written < wanted && written < rate * seconds; written++) {
			event.started = monotonic_now();
			event_write(journal->events, JOURNAL_EVENTS, &journal->event_head, &event);
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t got = 0, lost = 0, count, begin;
	char line[4096];
	pthread_t writer;
	FILE *in;

	if (argc != 4)
		errx(1, "usage: events FOLDER RATE SECONDS");
	rate = strtoull(argv[2], NULL, 10);
	seconds = strtoull(argv[3], NULL, 10);
	map(argv[1]);
	in = open_stream(argv[1]);
	while (fgets(line, sizeof(line), in) && *line != ':')
		;
	begin = monotonic_now();
	if (pthread_create(&writer, NULL, write_events, NULL))
		errx(1, "no thread");
	while (got + lost < rate * seconds && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "data: {\"lost\": %" SCNu64, &count) == 1)
			lost += count;
		else
			got += strncmp(line, "data: ", 6) == 0;
	}
	printf("%.0f %" PRIu64 "\n", (double)got * 1e9 / (double)(monotonic_now() - begin), lost);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "relayed.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "pass.h"

int64_t relay_now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* One that has gone needs no answer: another process has let the call go. */
void relay_tell(struct relay *relay, const struct relay_answer *said)
{
	if (!relay->is_alone)
		pass_send(RELAY_CONTROL, said, sizeof(*said), -1, 0);
}

void relayed_answer(struct relay *relay, struct relayed *relayed, enum relay_says says, int error)
{
	struct relay_answer said = {
		relayed->request.notice, relayed->request.number, says, error, relayed->cookie};

	relay_tell(relay, &said);
}

void relayed_watch(struct relay *relay, struct relayed_end *end, uint32_t events)
{
	struct epoll_event event = {events, {.ptr = end}};
	int operation = EPOLL_CTL_MOD;

	if (events == end->events)
		return;
	if (!end->events)
		operation = EPOLL_CTL_ADD;
	if (!events)
		operation = EPOLL_CTL_DEL;
	epoll_ctl(relay->events, operation, end->fd, &event);
	end->events = events;
}

static void close_end(struct relay *relay, struct relayed_end *end, bool reset)
{
	const struct linger at_once = {1, 0};

	if (end->fd < 0)
		return;
	relayed_watch(relay, end, 0);
	if (reset)
		setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(end->fd);
	end->fd = -1;
	free(end->kept);
	end->kept = NULL;
}

void relayed_end(struct relay *relay, struct relayed *relayed, bool reset)
{
	close_end(relay, &relayed->program, reset);
	close_end(relay, &relayed->server, reset);
	relayed->stage = RELAYED_ENDED;
}

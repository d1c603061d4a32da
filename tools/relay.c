/* SPDX-License-Identifier: Apache-2.0 */
/* The relay's loop: one thread, the supervisor's requests, and the events of all connections. */

#include "relay.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pass.h"
#include "relay_connect.h"
#include "relay_copy.h"

/* At least as many as a burst has, so that it costs few system calls. */
enum { EVENTS = 256 };

/* So many bytes are kept that are not in use: what is on its way takes and gives them back with every part. */
enum { SPARE = 4 << 20 };

/* So long is what an ended program has written offered to servers that do not read it. */
#define LAST_MS 10000

/* ---- the supervisor, and the program ---- */

static void on_control(struct relay *relay)
{
	struct relay_request request;
	int socket;
	ssize_t got = pass_receive(RELAY_CONTROL, &request, sizeof(request), &socket, MSG_DONTWAIT);

	if (got == -EAGAIN)
		return;
	if (got == sizeof(request) && socket >= 0) {
		relayed_begin(relay, &request, socket);
		return;
	}
	if (socket >= 0)
		close(socket);
	if (got > 0) {
		/* No room for its socket. */
		struct relay_answer said = {
			request.notice, request.number, RELAY_CONTINUE, -EMFILE, 0};

		relay_tell(relay, &said);
		return;
	}
	relay->is_alone = true;
	epoll_ctl(relay->events, EPOLL_CTL_DEL, RELAY_CONTROL, NULL);
}

/* What it has written goes on, for a while. Nobody is to wait for us who reads what it said. */
static void on_program_end(struct relay *relay)
{
	relay->is_program_ended = true;
	relay->last_ms = relay_now_ms() + LAST_MS;
	dup2(STDIN_FILENO, STDERR_FILENO);
	epoll_ctl(relay->events, EPOLL_CTL_DEL, RELAY_PROGRAM, NULL);
	for (struct relayed *next = relay->all; next; next = next->next)
		if (next->stage == RELAYED_OPEN)
			relayed_copy(relay, &next->program, EPOLLIN | EPOLLOUT);
}

/* ---- connections ---- */

static void on_end(struct relay *relay, struct relayed_end *end, uint32_t events)
{
	struct relayed *relayed = end->of;

	if (end->fd < 0 || relayed->stage == RELAYED_ENDED)
		return;
	if (relayed->stage != RELAYED_OPEN) {
		relayed_on_connect_event(relay, end);
		return;
	}
	relayed_copy(relay, end, events);
	if (events & EPOLLERR && relayed->stage == RELAYED_OPEN)
		relayed_end(relay, relayed, true);
}

static void on_event(struct relay *relay, const struct epoll_event *event)
{
	if (event->data.u64 == RELAY_CONTROL)
		on_control(relay);
	else if (event->data.u64 == RELAY_PROGRAM)
		on_program_end(relay);
	else
		on_end(relay, event->data.ptr, event->events);
}

static void free_ended(struct relay *relay)
{
	for (struct relayed *next, *at = relay->all; at; at = next) {
		struct relay_answer said = {.says = RELAY_CLOSED, .cookie = at->cookie};

		next = at->next;
		if (at->stage != RELAYED_ENDED)
			continue;
		*at->link = next;
		if (next)
			next->link = at->link;
		relay_tell(relay, &said);
		free(at);
	}
}

/* A child of the program may share a connection with it: as long as nobody has closed it, it stays. */
static bool is_left(const struct relayed *relayed)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	return relayed->stage != RELAYED_OPEN ||
	       getsockopt(relayed->program.fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ||
	       info.tcpi_state != TCP_ESTABLISHED;
}

static void end_what_is_left(struct relay *relay)
{
	for (struct relayed *at = relay->all; at; at = at->next)
		if (is_left(at))
			relayed_end(relay, at, false);
	relay->last_ms = relay_now_ms() + LAST_MS;
}

static void keep_deadlines(struct relay *relay)
{
	int64_t now = relay_now_ms();

	if (relay->is_program_ended && relay->last_ms <= now)
		end_what_is_left(relay);
	for (struct relayed *at = relay->all; at; at = at->next)
		if (at->deadline_ms >= 0 && at->deadline_ms <= now)
			relayed_on_deadline(relay, at);
}

static int next_timeout(const struct relay *relay)
{
	int64_t first = relay->is_program_ended ? relay->last_ms : -1, now;

	for (const struct relayed *at = relay->all; at; at = at->next)
		if (at->deadline_ms >= 0 && (first < 0 || at->deadline_ms < first))
			first = at->deadline_ms;
	if (first < 0)
		return -1;
	now = relay_now_ms();
	return first <= now ? 0 : (int)(first - now);
}

static bool is_over(const struct relay *relay)
{
	return (relay->is_alone || relay->is_program_ended) && !relay->all;
}

static int serve(struct relay *relay)
{
	struct epoll_event events[EVENTS];

	while (!is_over(relay)) {
		int count = epoll_wait(relay->events, events, EVENTS, next_timeout(relay));

		if (count < 0 && errno != EINTR)
			return EXIT_FAILURE;
		for (int i = 0; i < count; i++)
			on_event(relay, &events[i]);
		keep_deadlines(relay);
		free_ended(relay);
	}
	return EXIT_SUCCESS;
}

static int watch(struct relay *relay, int fd)
{
	struct epoll_event event = {EPOLLIN, {.u64 = (uint64_t)fd}};

	return epoll_ctl(relay->events, EPOLL_CTL_ADD, fd, &event);
}

int relay_run(void)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	struct rlimit limit;

	signal(SIGCHLD, SIG_DFL);
	mallopt(M_TRIM_THRESHOLD, SPARE);
	mallopt(M_MMAP_THRESHOLD, SPARE);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (!relay)
		return EXIT_FAILURE;
	relay->events = epoll_create1(EPOLL_CLOEXEC);
	if (relay->events < 0 || watch(relay, RELAY_CONTROL) < 0 || watch(relay, RELAY_PROGRAM) < 0)
		return EXIT_FAILURE;
	return serve(relay);
}

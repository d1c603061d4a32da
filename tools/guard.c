/* SPDX-License-Identifier: Apache-2.0 */
#include "guard.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "journal_header.h"
#include "notice.h"
#include "pass.h"

struct listeners {
	struct pollfd list[GUARD_LISTENERS]; /* .fd -1: none */
};

void guard_count_lost(struct guard *guard)
{
	if (guard->journal)
		atomic_fetch_add(&guard->journal->unattached, 1);
}

/* ---- while the supervisor lives ---- */

static void take_message(struct listeners *listeners, uint32_t number, int listener)
{
	if (number >= GUARD_LISTENERS) {
		close(listener);
		return;
	}
	if (listeners->list[number].fd >= 0)
		close(listeners->list[number].fd);
	listeners->list[number] = (struct pollfd){listener, POLLIN, 0};
	if (number == 0 && listener < 0)
		dup2(STDIN_FILENO, STDERR_FILENO);
}

/* Takes the listeners as they come, until the supervisor ends. */
static void follow(int socket, struct listeners *listeners)
{
	uint32_t number;
	int listener;

	while (pass_receive(socket, &number, sizeof(number), &listener, 0) == sizeof(number))
		take_message(listeners, number, listener);
}

/* ---- afterwards ---- */

static void let_go_what_waits(struct guard *guard, const struct listeners *listeners)
{
	for (uint32_t i = 0; i < GUARD_CALLS; i++) {
		uint64_t notice = atomic_load(&guard->calls[i].notice);
		uint32_t listener = atomic_load(&guard->calls[i].listener);

		if (notice && listener < GUARD_LISTENERS)
			notice_continue(listeners->list[listener].fd, notice);
	}
}

static void let_go(struct pollfd *listener)
{
	struct notice notice;

	if (listener->revents & POLLIN && notice_receive(listener->fd, &notice))
		notice_continue(listener->fd, notice.id);
	else if (listener->revents & (POLLHUP | POLLERR)) {
		close(listener->fd);
		listener->fd = -1;
	}
}

static bool is_any(const struct listeners *listeners)
{
	for (uint32_t i = 0; i < GUARD_LISTENERS; i++)
		if (listeners->list[i].fd >= 0)
			return true;
	return false;
}

static void let_all_go(struct listeners *listeners)
{
	while (is_any(listeners)) {
		if (poll(listeners->list, GUARD_LISTENERS, -1) <= 0)
			continue;
		for (uint32_t i = 0; i < GUARD_LISTENERS; i++)
			if (listeners->list[i].fd >= 0 && listeners->list[i].revents)
				let_go(&listeners->list[i]);
	}
}

static void stand_by(struct guard *guard)
{
	struct listeners listeners;

	for (uint32_t i = 0; i < GUARD_LISTENERS; i++)
		listeners.list[i] = (struct pollfd){-1, 0, 0};
	follow(guard->socket, &listeners);
	if (!is_any(&listeners))
		return;
	guard_count_lost(guard);
	fputs("chaos: the supervisor has ended; programs that make their own system calls get "
	      "no more faults\n",
		stderr);
	let_go_what_waits(guard, &listeners);
	let_all_go(&listeners);
}

int guard_begin(struct guard *guard, const char *folder)
{
	size_t size = GUARD_CALLS * sizeof(struct guard_call);
	int ends[2];
	pid_t child;

	guard->journal = journal_header_map(folder);
	guard->calls = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (guard->calls == MAP_FAILED)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	bundles_begin(&guard->bundles);
	child = fork();
	if (child < 0)
		return -errno;
	guard->socket = ends[child > 0 ? 0 : 1];
	close(ends[child > 0 ? 1 : 0]);
	if (child == 0)
		return 1;
	/* Whoever waits for the supervisor's being ready waits for it alone. */
	dup2(STDIN_FILENO, STDOUT_FILENO);
	stand_by(guard);
	/* Whichever of the two is the last. */
	bundles_end(&guard->bundles);
	return 0;
}

/* ---- in the supervisor ---- */

void guard_add(struct guard *guard, uint32_t number, int listener)
{
	pass_send(guard->socket, &number, sizeof(number), listener, 0);
}

void guard_remove(struct guard *guard, uint32_t number)
{
	pass_send(guard->socket, &number, sizeof(number), -1, 0);
}

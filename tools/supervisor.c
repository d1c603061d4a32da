/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "calls.h"
#include "own.h"
#include "pass.h"
#include "shim/memory/runtime.h"

/* How long it waits for its first program, and for one that has said that it is coming. */
#define PATIENCE_MS 10000

enum source { NEWCOMERS, CLIENT, LISTENER, PROCESS, RELAY };

/* What an event is of: a descriptor, or a number. */
static uint64_t event_of(enum source source, uint32_t number)
{
	return (uint64_t)source << 32 | number;
}

static int watch(struct supervisor *supervisor, int fd, enum source source, uint32_t number)
{
	struct epoll_event event = {EPOLLIN, {.u64 = event_of(source, number)}};

	return epoll_ctl(supervisor->events, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* ---- who comes ---- */

static bool is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static void on_newcomer(struct supervisor *supervisor)
{
	int fd = accept4(supervisor->newcomers, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (!is_ours(fd) || watch(supervisor, fd, CLIENT, (uint32_t)fd) < 0 ||
		pass_send(fd, "", 1, -1, 0) < 0) {
		close(fd);
		return;
	}
	supervisor->clients++;
}

static int add_listener(struct supervisor *supervisor, int listener)
{
	for (uint32_t i = 0; i < GUARD_LISTENERS; i++) {
		if (supervisor->listeners[i] >= 0)
			continue;
		if (watch(supervisor, listener, LISTENER, i) < 0)
			return -errno;
		supervisor->listeners[i] = listener;
		supervisor->listener_count++;
		guard_add(&supervisor->guard, i, listener);
		return 0;
	}
	return -ENFILE;
}

/* It brings its listener, or has changed its mind. */
static void on_client(struct supervisor *supervisor, int fd)
{
	char data;
	int listener;
	ssize_t got = pass_receive(fd, &data, 1, &listener, 0);

	if (got == -EAGAIN)
		return;
	if (got > 0 && listener >= 0) {
		if (add_listener(supervisor, listener) == 0)
			pass_send(fd, "", 1, -1, 0);
		else
			close(listener);
	}
	close(fd);
	supervisor->clients--;
}

/* ---- who goes ---- */

static void on_listener(struct supervisor *supervisor, uint32_t number, uint32_t events)
{
	struct notice notice;
	int listener = supervisor->listeners[number];

	if (listener < 0)
		return;
	if (events & EPOLLIN) {
		if (notice_receive(listener, &notice))
			calls_take(supervisor, number, &notice);
		return;
	}
	/* Nobody is left under its filter. */
	close(listener);
	supervisor->listeners[number] = -1;
	supervisor->listener_count--;
	guard_remove(&supervisor->guard, number);
}

int supervisor_watch_program(struct supervisor *supervisor, uint32_t number)
{
	return watch(supervisor, supervisor->programs[number]->process, PROCESS, number);
}

int supervisor_watch_relay(struct supervisor *supervisor, uint32_t number)
{
	return watch(supervisor, supervisor->programs[number]->relay, RELAY, number);
}

static void on_event(struct supervisor *supervisor, const struct epoll_event *event)
{
	uint32_t number = (uint32_t)event->data.u64;

	switch ((enum source)(event->data.u64 >> 32)) {
	case NEWCOMERS:
		on_newcomer(supervisor);
		break;
	case CLIENT:
		on_client(supervisor, (int)number);
		break;
	case LISTENER:
		on_listener(supervisor, number, event->events);
		break;
	case PROCESS:
		calls_end_program(supervisor, number);
		break;
	case RELAY:
		calls_hear(supervisor, number);
		break;
	}
}

/* One event at a time: it may end what the next is of. */
static void serve(struct supervisor *supervisor)
{
	struct epoll_event event;
	int patience = PATIENCE_MS;

	for (;;) {
		int got = epoll_wait(
			supervisor->events, &event, 1, supervisor->listener_count ? -1 : patience);

		if (got < 0 && errno != EINTR)
			return;
		if (got > 0)
			on_event(supervisor, &event);
		if (supervisor->listener_count)
			patience = 0;
		else if (got == 0 || (patience == 0 && supervisor->clients == 0))
			return;
	}
}

/* ---- the beginning ---- */

/* The folder's lock is held while its supervisor lives. Returns its descriptor, or -errno. */
static int lock_folder(const char *folder)
{
	int fd = open(folder, O_DIRECTORY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static int listen_in(const char *folder, struct sockaddr_un *address)
{
	int len = snprintf(
		address->sun_path, sizeof(address->sun_path), "%s/" RUNTIME_SUPERVISOR, folder);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	address->sun_family = AF_UNIX;
	unlink(address->sun_path);
	umask(0077);
	if (len >= 0 && (size_t)len < sizeof(address->sun_path) &&
		bind(fd, (struct sockaddr *)address, sizeof(*address)) == 0 && listen(fd, 64) == 0)
		return fd;
	close(fd);
	return -EIO;
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool prepare(struct supervisor *supervisor)
{
	static const char *const places[] = OWN_LIBRARY_PLACES;

	for (uint32_t i = 0; i < GUARD_LISTENERS; i++)
		supervisor->listeners[i] = -1;
	supervisor->events = epoll_create1(EPOLL_CLOEXEC);
	return own_find(OWN_LIBRARY, places, supervisor->library) && supervisor->events >= 0;
}

static int run(struct supervisor *supervisor)
{
	struct sockaddr_un address = {0};

	if (lock_folder(supervisor->folder) < 0)
		return EXIT_FAILURE;
	supervisor->newcomers = listen_in(supervisor->folder, &address);
	if (supervisor->newcomers < 0 || !prepare(supervisor) ||
		watch(supervisor, supervisor->newcomers, NEWCOMERS, 0) < 0)
		return EXIT_FAILURE;
	dup2(STDIN_FILENO, STDOUT_FILENO);
	serve(supervisor);
	unlink(address.sun_path);
	return EXIT_SUCCESS;
}

int supervisor_run(const char *folder)
{
	struct supervisor *supervisor = calloc(1, sizeof(*supervisor));
	int role;

	if (!supervisor)
		return EXIT_FAILURE;
	/* No file system is to be kept from being unmounted. Relays are not waited for. */
	if (chdir("/") < 0)
		return EXIT_FAILURE;
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	supervisor->folder = folder;
	role = guard_begin(&supervisor->guard, folder);
	if (role <= 0)
		return role < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	return run(supervisor);
}

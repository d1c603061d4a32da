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
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "own.h"
#include "pass.h"
#include "shim/memory/runtime.h"
#include "supervise_message.h"

/* How long it waits for its first program. */
#define PATIENCE_MS 10000

/* What a relay takes to end behind its program. */
#define SETTLE_MS    20
#define SETTLE_TURNS 100

/* ---- who comes ---- */

static bool is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static void on_newcomer(struct supervision *supervision)
{
	int fd = accept4(supervision->newcomers, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (!is_ours(fd) || supervision_watch(supervision, fd, CLIENT, (uint32_t)fd) < 0 ||
		pass_send(fd, "", 1, -1, 0) < 0) {
		supervision_close(supervision, fd);
		return;
	}
	supervision->clients++;
}

static int add_listener(struct supervision *supervision, int listener)
{
	for (uint32_t i = 0; i < GUARD_LISTENERS; i++) {
		if (supervision->listeners[i] >= 0)
			continue;
		if (supervision_watch(supervision, listener, LISTENER, i) < 0)
			return -errno;
		supervision->listeners[i] = listener;
		supervision->listener_count++;
		guard_add(&supervision->guard, i, listener);
		return 0;
	}
	return -ENFILE;
}

/* Whether it has been put down or not, who has sent the listener goes then. */
static bool take_listener(struct supervision *supervision, int fd, int listener)
{
	if (add_listener(supervision, listener) < 0)
		return false;
	pass_send(fd, "", 1, -1, 0);
	return true;
}

/* Says where the certificates are, or nothing. */
static void take_certificates(struct supervision *supervision, int fd, int certificates)
{
	char path[PATH_MAX] = "";

	bundles_join(&supervision->guard.bundles, supervision->folder, certificates, path);
	pass_send(fd, path, strlen(path) + 1, -1, 0);
	if (certificates >= 0)
		close(certificates);
}

/* It asks for certificates, and brings its listener, or changes its mind. */
static void on_client(struct supervision *supervision, int fd)
{
	char data = 0;
	int passed;
	ssize_t got = pass_receive(fd, &data, 1, &passed, 0);

	if (got == -EAGAIN)
		return;
	if (got > 0 && data == SUPERVISE_CERTIFICATES) {
		take_certificates(supervision, fd, passed);
		return;
	}
	if (passed >= 0 && (data != SUPERVISE_LISTENER || !take_listener(supervision, fd, passed)))
		close(passed);
	supervision_close(supervision, fd);
	supervision->clients--;
}

/* ---- who goes ---- */

static void on_listener(struct supervision *supervision, uint32_t number, uint32_t events)
{
	struct notice notice;
	int listener = supervision->listeners[number];

	if (listener < 0)
		return;
	if (events & EPOLLIN) {
		if (notice_receive(listener, &notice))
			calls_take(supervision, number, &notice);
		return;
	}
	/* Nobody is left under its filter. Who reads what the first of them said waits for no other. */
	if (number == 0)
		dup2(STDIN_FILENO, STDERR_FILENO);
	supervision_close(supervision, listener);
	supervision->listeners[number] = -1;
	supervision->listener_count--;
	guard_remove(&supervision->guard, number);
}

static void on_event(struct supervision *supervision, const struct epoll_event *event)
{
	uint32_t number = (uint32_t)event->data.u64;

	switch ((enum source)(event->data.u64 >> 32)) {
	case NEWCOMERS:
		on_newcomer(supervision);
		break;
	case CLIENT:
		on_client(supervision, (int)number);
		break;
	case LISTENER:
		on_listener(supervision, number, event->events);
		break;
	case PROCESS:
		calls_end_program(supervision, number);
		break;
	case RELAY:
		calls_hear(supervision, number);
		break;
	}
}

/* Does the relay of a program still live? It may have something to count when the program has ended. */
static bool has_relay(void)
{
	pid_t ended;

	do
		ended = waitpid(-1, NULL, WNOHANG);
	while (ended > 0);
	return ended == 0;
}

/* Until the last has gone, and its relay, too, for which is not waited long; at the beginning the first is
 * waited for. One event at a time: it may end what the next is of. */
static void serve(struct supervision *supervision)
{
	struct epoll_event event;
	bool has_begun = false, is_busy = true;

	for (int left = SETTLE_TURNS; is_busy || (has_relay() && left-- > 0);) {
		int patience = !has_begun ? PATIENCE_MS : is_busy ? -1 : SETTLE_MS;
		int got = epoll_wait(supervision->events, &event, 1, patience);

		if ((got == 0 && !has_begun) || (got < 0 && errno != EINTR))
			return;
		if (got > 0) {
			on_event(supervision, &event);
			has_begun = true;
		}
		is_busy = !has_begun || supervision->listener_count || supervision->clients;
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

static bool prepare(struct supervision *supervision)
{
	static const char *const places[] = OWN_LIBRARY_PLACES;

	for (uint32_t i = 0; i < GUARD_LISTENERS; i++)
		supervision->listeners[i] = -1;
	supervision->events = epoll_create1(EPOLL_CLOEXEC);
	return own_find(OWN_LIBRARY, places, supervision->library) && supervision->events >= 0;
}

static int run(const char *folder, const struct guard *guard)
{
	struct supervision *supervision = calloc(1, sizeof(*supervision));
	struct sockaddr_un address = {0};
	int code = EXIT_FAILURE;

	if (!supervision || lock_folder(folder) < 0)
		goto end;
	supervision->folder = folder;
	supervision->guard = *guard;
	supervision->newcomers = listen_in(folder, &address);
	if (supervision->newcomers < 0 || !prepare(supervision) ||
		supervision_watch(supervision, supervision->newcomers, NEWCOMERS, 0) < 0)
		goto end;
	dup2(STDIN_FILENO, STDOUT_FILENO);
	serve(supervision);
	unlink(address.sun_path);
	bundles_end(&supervision->guard.bundles);
	code = EXIT_SUCCESS;
end:
	free(supervision);
	return code;
}

int supervisor_run(const char *folder)
{
	struct guard guard;
	int role;

	/* No file system is to be kept from being unmounted. Relays are not waited for. */
	if (chdir("/") < 0)
		return EXIT_FAILURE;
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	role = guard_begin(&guard, folder);
	if (role <= 0)
		return role < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	return run(folder, &guard);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "notice.h"
#include "own.h"
#include "pass.h"
#include "shim/memory/runtime.h"
#include "shim/program/supervisable.h"
#include "supervise_message.h"
#include "trusted.h"

/* A supervisor that ends while it is being asked is followed by another. */
enum { TRIES = 5 };

const char *supervise_obstacle(void)
{
	int error = supervisable_probe();

	if (error == 0)
		return NULL;
	if (error == -EPERM)
		return "this container or sandbox does not let it be supervised";
	return "the kernel is older than 5.9, or cannot hand system calls to a supervisor";
}

/* Whoever has the listener has the program's connections. */
static int check_owner(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	return peer.uid == geteuid() || peer.uid == 0 ? 0 : -EPERM;
}

static int dial(const char *folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len = snprintf(
		address.sun_path, sizeof(address.sun_path), "%s/" RUNTIME_SUPERVISOR, folder);
	int fd, error;

	if (len < 0 || (size_t)len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	error = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno
									      : check_owner(fd);
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

void supervise_settle(const char *folder)
{
	const struct timespec turn = {.tv_nsec = 20000000};

	for (int left = 100; left > 0; left--) {
		int fd = dial(folder);

		if (fd < 0)
			return;
		close(fd);
		nanosleep(&turn, NULL);
	}
}

uint64_t supervise_left(const char *folder)
{
	char path[PATH_MAX];
	struct stat status;
	int fd = dial(folder);

	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "%s/" RUNTIME_SUPERVISOR, folder);
	if (fd != -ECONNREFUSED || stat(path, &status) < 0)
		return 0;
	return (status.st_ino ^ (uint64_t)status.st_ctim.tv_nsec << 32) | 1;
}

/* The supervisor is nobody's child, and hears no signal of the terminal. When it is ready, or has given up, the last writer of `ready` is gone. */
static void run_supervisor(const char *folder, int messages, int ready)
{
	char path[PATH_MAX];
	const char *program = own_helper(SUPERVISE_PROGRAM, path);
	int null = open("/dev/null", O_RDWR);

	setsid();
	if (fork() != 0)
		_exit(0);
	unsetenv("LD_PRELOAD");
	if (null >= 0 && dup2(messages >= 0 ? messages : null, 2) == 2 && dup2(null, 0) == 0 &&
		dup2(ready, 1) == 1) {
		close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
		execlp(program, SUPERVISE_PROGRAM, "supervise", folder, (char *)NULL);
	}
	_exit(127);
}

static bool is_child_signal_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGCHLD);
}

/* A process that blocks it would find it in the program that it executes. */
static void take_child_signal(void)
{
	static const struct timespec now = {0, 0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &now);
}

static int start(const char *folder, int messages)
{
	bool waits = is_child_signal_pending();
	int ends[2];
	pid_t child;
	char said;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child == 0)
		run_supervisor(folder, messages, ends[1]);
	close(ends[1]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	while (read(ends[0], &said, 1) < 0 && errno == EINTR)
		;
	close(ends[0]);
	if (!waits)
		take_child_signal();
	return child < 0 ? -EAGAIN : 0;
}

static int reach(const char *folder, int messages)
{
	int fd = dial(folder);

	if (fd != -ENOENT && fd != -ECONNREFUSED)
		return fd;
	fd = start(folder, messages);
	return fd < 0 ? fd : dial(folder);
}

/* Where only a parent may look into a process, this one lets the supervisor. */
static void allow_supervisor(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		prctl(PR_SET_PTRACER, (unsigned long)peer.pid, 0, 0, 0);
}

/* The supervisor answers a byte when it is there, and another when it has the listener. */
static bool hear(int fd)
{
	char said;
	ssize_t got;

	do
		got = recv(fd, &said, 1, 0);
	while (got < 0 && errno == EINTR);
	return got == 1;
}

/* A connection to a supervisor that will wait for us, or -errno. */
static int meet(const char *folder, int messages)
{
	int fd = -ECONNREFUSED;

	for (int tries = 0; tries < TRIES; tries++) {
		fd = reach(folder, messages);
		if (fd >= 0 && hear(fd))
			return fd;
		if (fd >= 0)
			close(fd);
		if (fd < 0 && fd != -ENOENT && fd != -ECONNREFUSED)
			return fd;
	}
	return fd < 0 ? fd : -ECONNREFUSED;
}

/* Is the supervisor that has our calls already one of ours? */
static bool is_supervised(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SUPERVISE_QUESTION};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + sizeof(SUPERVISE_QUESTION) - 1;
	bool answer = fd >= 0 && connect(fd, (struct sockaddr *)&address, len) == 0;

	if (fd >= 0)
		close(fd);
	return answer;
}

static int refuse(char reason[SUPERVISE_REASON_MAX], int error, const char *what)
{
	snprintf(reason, SUPERVISE_REASON_MAX, "%s: %s", what, strerror(-error));
	return error;
}

int supervise_self(const char *folder, int messages, char reason[SUPERVISE_REASON_MAX])
{
	const char kind = SUPERVISE_LISTENER;
	int fd = meet(folder, messages), listener;
	bool taken;

	if (fd < 0)
		return refuse(reason, fd, "no supervisor answers");
	allow_supervisor(fd);
	trusted_set(fd);
	listener = notice_filter();
	if (listener == -EBUSY && is_supervised()) {
		close(fd);
		return 0;
	}
	if (listener < 0) {
		close(fd);
		return refuse(reason, listener, "the kernel takes no filter");
	}
	taken = pass_send(fd, &kind, 1, listener, 0) == 0 && hear(fd);
	close(listener);
	close(fd);
	return taken ? 0 : refuse(reason, -ECONNREFUSED, "the supervisor has gone");
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A socket program, one call for each word, which says what each call said: static_sockets WORD...
 *
 * tcp, tcp6, nonblocking   makes a socket
 * bind ADDRESS, connect ADDRESS PORT, peer, send TEXT, shut, close
 * finish                   waits for the outcome of a connect() that did not wait
 * hear                     reads to the end
 * hangup                   closes with a reset
 * device NAME              SO_BINDTODEVICE
 * limit MS                 for connect() (SO_SNDTIMEO)
 * pause MS
 * fill                     sends until nothing more is taken for a while
 * crowd ADDRESS PORT COUNT so many connections at once, each of which speaks and hears
 * leave                    a child goes on
 * closed                   nobody may look into this process
 * apart                    goes on in a network of its own
 * exec PROGRAM ARGUMENT... becomes another; `bare`: without its environment
 */

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int fd = -1;

static void say(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
	fflush(stdout);
}

static socklen_t address_of(const char *text, int port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct sockaddr_in *four = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	if (strchr(text, ':')) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		inet_pton(AF_INET6, text, &six->sin6_addr);
		return sizeof(*six);
	}
	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)port);
	inet_pton(AF_INET, text, &four->sin_addr);
	return sizeof(*four);
}

static void say_peer(void)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	char text[INET6_ADDRSTRLEN] = "";
	const void *at = &((struct sockaddr_in *)&peer)->sin_addr;

	if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0) {
		say("peer", -1);
		return;
	}
	if (peer.ss_family == AF_INET6)
		at = &((struct sockaddr_in6 *)&peer)->sin6_addr;
	inet_ntop(peer.ss_family, at, text, sizeof(text));
	printf("peer: %s %d (%u)\n", text, ntohs(((struct sockaddr_in *)&peer)->sin_port), len);
}

static void finish(void)
{
	struct pollfd wait = {fd, POLLOUT, 0};
	int error = 0;
	socklen_t size = sizeof(error);

	say("ready", poll(&wait, 1, 20000));
	printf("events: %x\n", wait.revents);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	printf("outcome: %s\n", strerror(error));
}

/* How much there was, what its first bytes were, and how it ended. */
static void hear(void)
{
	char part[65536], first[64] = "";
	long total = 0, got;

	for (;;) {
		struct pollfd wait = {fd, POLLIN, 0};

		got = poll(&wait, 1, 20000) == 1 ? recv(fd, part, sizeof(part), 0) : -2;
		if (got <= 0)
			break;
		if (total == 0)
			snprintf(first, sizeof(first), "%.*s", (int)got, part);
		total += got;
	}
	printf("heard: %ld '%s' %s\n", total, first,
		got == 0 ? "to the end" : strerror(got == -2 ? ETIME : errno));
}

static void send_all(const char *text)
{
	size_t len = strlen(text), at = 0;

	while (at < len) {
		struct pollfd wait = {fd, POLLOUT, 0};
		ssize_t sent;

		poll(&wait, 1, 20000);
		sent = send(fd, text + at, len - at, MSG_NOSIGNAL);
		if (sent < 0) {
			say("send", sent);
			return;
		}
		at += (size_t)sent;
	}
	say("sent", (long)len);
}

static void pause_ms(long ms)
{
	struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&pause, NULL);
}

static void set_limit(long ms)
{
	struct timeval limit = {ms / 1000, ms % 1000 * 1000};

	say("limit", setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)));
}

static void hang_up(void)
{
	struct linger at_once = {1, 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	say("hangup", close(fd));
}

static void fill(void)
{
	static const char data[65536];
	struct pollfd wait = {fd, POLLOUT, 0};
	long total = 0;
	ssize_t sent;

	while (poll(&wait, 1, 500) == 1 && (sent = send(fd, data, sizeof(data), MSG_NOSIGNAL)) > 0)
		total += sent;
	printf("filled: %s\n", total < 64 << 20 ? "less than 64 MiB" : "more");
}

static int dial(const char *address, int port)
{
	struct sockaddr_storage to;
	socklen_t len = address_of(address, port, &to);
	int made = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (made >= 0 && connect(made, (struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS)
		say("connect", -1);
	return made;
}

static void crowd(const char *address, int port, int count)
{
	struct rlimit limit;
	int *all = calloc((size_t)count, sizeof(*all));

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < count; i++)
		all[i] = dial(address, port);
	for (int i = 0; i < count; i++) {
		fd = all[i];
		send_all("hello");
		shutdown(fd, SHUT_WR);
	}
	for (int i = 0; i < count; i++) {
		fd = all[i];
		hear();
		close(fd);
	}
	free(all);
}

static void set_device(const char *name)
{
	say("device",
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1));
}

/* Returns how many words it has taken. */
static int run(char **word)
{
	struct sockaddr_storage address;
	socklen_t len;

	if (strcmp(*word, "tcp") == 0)
		fd = socket(AF_INET, SOCK_STREAM, 0);
	else if (strcmp(*word, "tcp6") == 0)
		fd = socket(AF_INET6, SOCK_STREAM, 0);
	else if (strcmp(*word, "nonblocking") == 0)
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	else if (strcmp(*word, "finish") == 0)
		finish();
	else if (strcmp(*word, "peer") == 0)
		say_peer();
	else if (strcmp(*word, "shut") == 0)
		say("shut", shutdown(fd, SHUT_WR));
	else if (strcmp(*word, "hear") == 0)
		hear();
	else if (strcmp(*word, "hangup") == 0)
		hang_up();
	else if (strcmp(*word, "close") == 0)
		say("close", close(fd));
	else if (strcmp(*word, "device") == 0) {
		set_device(word[1]);
		return 2;
	} else if (strcmp(*word, "closed") == 0)
		say("closed", prctl(PR_SET_DUMPABLE, 0));
	else if (strcmp(*word, "apart") == 0)
		say("apart", unshare(CLONE_NEWUSER | CLONE_NEWNET));
	else if (strcmp(*word, "leave") == 0) {
		if (fork() > 0)
			_exit(0);
	} else if (strcmp(*word, "fill") == 0)
		fill();
	else if (strcmp(*word, "bare") == 0)
		execve(word[1], word + 1, (char *[]){NULL});
	else if (strcmp(*word, "exec") == 0)
		execv(word[1], word + 1);
	else if (strcmp(*word, "crowd") == 0) {
		crowd(word[1], atoi(word[2]), atoi(word[3]));
		return 4;
	} else if (strcmp(*word, "bind") == 0) {
		len = address_of(word[1], 0, &address);
		say("bind", bind(fd, (struct sockaddr *)&address, len));
		return 2;
	} else if (strcmp(*word, "connect") == 0) {
		len = address_of(word[1], atoi(word[2]), &address);
		say("connect", connect(fd, (struct sockaddr *)&address, len));
		return 3;
	} else if (strcmp(*word, "send") == 0) {
		send_all(word[1]);
		return 2;
	} else if (strcmp(*word, "limit") == 0) {
		set_limit(atol(word[1]));
		return 2;
	} else if (strcmp(*word, "pause") == 0) {
		pause_ms(atol(word[1]));
		return 2;
	}
	return 1;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc;)
		i += run(argv + i);
	return 0;
}

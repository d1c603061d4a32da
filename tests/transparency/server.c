/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server [-t SECONDS] PROGRAM ARGUMENT...
 *
 * Starts the program, with $PRELOAD as its LD_PRELOAD, and is the server that it talks to. What the
 * program says goes to standard output; when it has ended, so does how it ended and what each
 * connection got.
 */
#include "tests/transparency/control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 4096, KEPT = 400 };

struct connection {
	int fd; /* -1 once closed */
	int listener;
	int64_t got;
	uint64_t hash;
	enum end end;
	char begin[KEPT]; /* the first bytes */
};

struct server {
	int listeners[LISTENERS];
	int refusing;
	struct connection connections[MAX_CONNECTIONS];
	int count;
	bool quiet;
	int control;
};

static void die(const char *what)
{
	perror(what);
	exit(3);
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for input; false after PATIENCE. */
static bool readable(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};
	int ready;

	do {
		ready = poll(&one, 1, PATIENCE);
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

static int bound(int family)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr *address = (const struct sockaddr *)&v4;
	socklen_t length = sizeof(v4);

	if (family == AF_INET6) {
		address = (const struct sockaddr *)&v6;
		length = sizeof(v6);
	}
	if (fd < 0)
		return -1;
	if (bind(fd, address, length)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void open_listeners(struct server *s)
{
	int i;

	for (i = 0; i < LISTENERS; i++) {
		s->listeners[i] = bound(i == LISTENERS - 1 ? AF_INET6 : AF_INET);
		/* Without IPv6, one more by IPv4. */
		if (s->listeners[i] < 0)
			s->listeners[i] = bound(AF_INET);
		if (s->listeners[i] < 0 || listen(s->listeners[i], 64))
			die("listen");
	}
	s->refusing = bound(AF_INET);
	if (s->refusing < 0)
		die("bind");
}

static int64_t port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length))
		return -errno;
	/* The port stands at the same place in both families. */
	return ntohs(((struct sockaddr_in *)&address)->sin_port) |
	       (address.ss_family == AF_INET6 ? 1 << 16 : 0);
}

static int64_t add(struct server *s, int fd, int listener)
{
	struct connection *c = &s->connections[s->count];

	if (s->count == MAX_CONNECTIONS) {
		close(fd);
		return -ENFILE;
	}
	*c = (struct connection){
		.fd = fd, .listener = listener, .hash = 14695981039346656037u, .end = END_OPEN};
	return s->count++;
}

static int64_t accept_one(struct server *s, int listener)
{
	int fd;

	if (listener < 0 || listener >= LISTENERS)
		return -EINVAL;
	if (!readable(s->listeners[listener]))
		return -ETIMEDOUT;
	fd = accept4(s->listeners[listener], NULL, NULL, SOCK_CLOEXEC);
	return fd < 0 ? -errno : add(s, fd, listener);
}

static int64_t connect_to(struct server *s, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return add(s, fd, -1);
}

static void keep(struct connection *c, const char *bytes, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++) {
		c->hash = (c->hash ^ (unsigned char)bytes[i]) * 1099511628211u;
		if (c->got + (int64_t)i < KEPT)
			c->begin[c->got + (int64_t)i] = bytes[i];
	}
	c->got += (int64_t)length;
}

/* Reads until `amount` bytes are there in all, or the connection ends. False if neither happens. */
static bool receive(struct connection *c, int64_t amount)
{
	static char bytes[65536];
	static const int on = 1;
	int64_t wanted;
	ssize_t got;

	while (c->fd >= 0 && c->end == END_OPEN && c->got < amount) {
		if (!readable(c->fd))
			return false;
		wanted = amount - c->got;
		if (wanted > (int64_t)sizeof(bytes))
			wanted = sizeof(bytes);
		got = recv(c->fd, bytes, (size_t)wanted, 0);
		if (got > 0)
			keep(c, bytes, (size_t)got);
		else
			c->end = got == 0 ? END_FIN : END_RST;
		/* Acknowledges now, so that the program's kernel is not left waiting. */
		setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	}
	return true;
}

static int64_t shut(struct connection *c, enum command how)
{
	static const struct linger reset = {.l_onoff = 1, .l_linger = 0};

	if (how == COMMAND_FINISH)
		return shutdown(c->fd, SHUT_WR) ? -errno : 0;
	if (how == COMMAND_RESET)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(c->fd);
	c->fd = -1;
	return 0;
}

static int64_t send_all(int fd, const char *bytes, size_t length)
{
	ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

	return sent < 0 ? -errno : sent;
}

static int64_t write_passed(int fd, const char *bytes, size_t length)
{
	ssize_t sent;

	if (fd < 0)
		return -EBADF;
	sent = write(fd, bytes, length);
	if (sent < 0)
		sent = -errno;
	close(fd);
	return sent;
}

static void say_back(struct server *s, const struct answer *answer)
{
	if (send(s->control, answer, sizeof(*answer), MSG_NOSIGNAL) < 0 && errno != EPIPE)
		die("control");
}

static void on_connection(struct server *s, const struct request *r, struct answer *answer)
{
	struct connection *c = &s->connections[r->number];
	bool in_time = true;

	switch (r->command) {
	case COMMAND_RECEIVE:
	case COMMAND_ENDED:
		in_time = receive(c, r->command == COMMAND_ENDED ? INT64_MAX : r->amount);
		answer->value = c->got;
		answer->hash = c->hash;
		answer->end = in_time ? c->end : END_TIMEOUT;
		break;
	case COMMAND_SEND:
		answer->value = send_all(c->fd, r->bytes, r->length);
		break;
	case COMMAND_LATER:
		say_back(s, answer);
		usleep((unsigned int)r->amount * 1000);
		send_all(c->fd, r->bytes, r->length);
		return;
	default:
		answer->value = shut(c, r->command);
	}
	say_back(s, answer);
}

static void obey(struct server *s, const struct request *r, int passed)
{
	struct answer answer = {0};

	switch (r->command) {
	case COMMAND_PORT:
		answer.value =
			port_of(r->number == REFUSING ? s->refusing : s->listeners[r->number]);
		break;
	case COMMAND_ACCEPT:
		answer.value = accept_one(s, r->number);
		break;
	case COMMAND_CONNECT:
		answer.value = connect_to(s, r->number);
		break;
	case COMMAND_WRITE:
		answer.value = write_passed(passed, r->bytes, r->length);
		break;
	case COMMAND_QUIET:
		s->quiet = true;
		break;
	default:
		if (r->number >= 0 && r->number < s->count) {
			on_connection(s, r, &answer);
			return;
		}
		answer.value = -EINVAL;
	}
	say_back(s, &answer);
}

/* Takes one packet and does what it says. False when no more will come. */
static bool serve(struct server *s)
{
	static struct request request;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} space;
	struct iovec iov = {&request, sizeof(request)};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space.bytes,
		.msg_controllen = sizeof(space)};
	struct cmsghdr *extra;
	int passed = -1;

	if (recvmsg(s->control, &message, MSG_CMSG_CLOEXEC) <= 0)
		return false;
	extra = CMSG_FIRSTHDR(&message);
	if (extra)
		memcpy(&passed, CMSG_DATA(extra), sizeof(passed));
	obey(s, &request, passed);
	return true;
}

/* Serves until the program has ended. Its status, or -1 if it did not end in time. */
static int serve_until_end(struct server *s, pid_t pid, int seconds)
{
	int64_t deadline = now() + (int64_t)seconds * 1000;
	struct pollfd waits[] = {{.fd = s->control, .events = POLLIN},
		{.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN}};
	int status = 0;

	if (waits[1].fd < 0)
		die("pidfd_open");
	while (!waits[1].revents || waits[0].revents & POLLIN) {
		int64_t left = deadline - now();

		if (left <= 0)
			break;
		if (poll(waits, 2, (int)left) <= 0)
			continue;
		if (waits[0].revents && !serve(s))
			waits[0].fd = -1;
	}
	close(waits[1].fd);
	if (now() >= deadline) {
		kill(-pid, SIGKILL);
		waitpid(pid, &status, 0);
		return -1;
	}
	waitpid(pid, &status, 0);
	return status;
}

static void start(const struct server *s, int theirs, char **command)
{
	const char *preload = getenv("PRELOAD");
	int nowhere = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	if (dup2(theirs, CONTROL_FD) < 0 || dup2(STDOUT_FILENO, LOG_FD) < 0)
		die("dup2");
	close(theirs);
	close(s->control);
	dup2(nowhere, STDIN_FILENO);
	dup2(nowhere, STDOUT_FILENO);
	close(nowhere);
	unsetenv("PRELOAD");
	signal(SIGPIPE, SIG_DFL);
	if (preload && *preload)
		setenv("LD_PRELOAD", preload, 1);
	execv(command[0], command);
	die(command[0]);
}

static void tell_end(int status)
{
	if (status == -1)
		printf("did not end\n");
	else if (WIFSIGNALED(status))
		printf("ended by SIG%s\n", sigabbrev_np(WTERMSIG(status)));
	else
		printf("ended with %d\n", WEXITSTATUS(status));
}

static void tell_bytes(const struct connection *c)
{
	int64_t i;

	for (i = 0; i < c->got && i < KEPT; i++) {
		unsigned char byte = (unsigned char)c->begin[i];

		if (byte >= ' ' && byte < 127 && byte != '\\')
			putchar(byte);
		else if (byte == '\n')
			printf("\\n");
		else
			printf("\\x%02x", byte);
	}
	printf(c->got > KEPT ? "...\n" : "\n");
}

static void tell_connections(struct server *s)
{
	static const char *const ends[] = {"open", "FIN", "RST", "TIMEOUT"};
	int i;

	/* What the program never told of. */
	for (i = 0; i < LISTENERS; i++) {
		struct pollfd one = {.fd = s->listeners[i], .events = POLLIN};

		while (poll(&one, 1, 0) > 0)
			accept_one(s, i);
	}
	for (i = 0; i < s->count; i++) {
		struct connection *c = &s->connections[i];

		if (!receive(c, INT64_MAX))
			c->end = END_TIMEOUT;
		printf("connection %d, listener %d: %lld bytes, hash %016llx, %s: ", i, c->listener,
			(long long)c->got, (unsigned long long)c->hash, ends[c->end]);
		tell_bytes(c);
	}
}

int main(int argc, char **argv)
{
	static struct server s;
	int seconds = 60, pair[2], option, status;
	pid_t pid;

	while ((option = getopt(argc, argv, "+t:")) != -1) {
		if (option != 't')
			return 2;
		seconds = atoi(optarg);
	}
	if (optind == argc)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	open_listeners(&s);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		die("socketpair");
	s.control = pair[0];
	pid = fork();
	if (pid == 0)
		start(&s, pair[1], argv + optind);
	if (pid < 0)
		die("fork");
	setpgid(pid, pid);
	close(pair[1]);
	status = serve_until_end(&s, pid, seconds);
	tell_end(status);
	if (!s.quiet)
		tell_connections(&s);
	return 0;
}

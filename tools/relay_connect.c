/* SPDX-License-Identifier: Apache-2.0 */
#include "relay_connect.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "relay_copy.h"
#include "shim/base/kernel.h"

/* How long a program's socket may take to find out that its connection has failed. */
#define FAILURE_MS 10000

/* 127.77.0.0 and what follows. */
#define DOORS 0x7f4d0000u

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* ---- sockets ---- */

static void set_flag(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

static int option_of(int fd, int level, int option)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, level, option, &value, &size) == 0 ? value : 0;
}

static uint64_t cookie_of(int fd, int option)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, option, &cookie, &size) == 0 ? cookie : 0;
}

/* Bytes go on as they come. A peer that vanishes is noticed as soon as the program would: of its own
 * sockets this kernel keeps the other ends. */
static void tune(int fd)
{
	set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_flag(fd, IPPROTO_TCP, TCP_KEEPIDLE, 15);
	set_flag(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
	set_flag(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

/* Of the program's socket, the library is not to hear. */
static int connect_unseen(int fd, const struct sockaddr_storage *address, socklen_t len)
{
	return (int)kernel_call(SYS_connect, fd, (long)address, len, 0, 0, 0);
}

/* All of 127/8 is loopback: with each door at another address, none has to look for a port among those
 * that wait for their time to be over. */
static uint32_t next_loopback(struct relay *relay)
{
	return htonl(DOORS + relay->doors++ % 65536);
}

/* Loopback, as a socket of this kind sees it, with a port to be found. Returns the size. */
static socklen_t loopback_for(
	struct relay *relay, const struct sockaddr_storage *target, struct sockaddr_storage *out)
{
	const struct sockaddr_in6 *to = (const struct sockaddr_in6 *)target;
	struct sockaddr_in6 *address6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *address = (struct sockaddr_in *)out;
	const uint32_t loopback = next_loopback(relay);

	memset(out, 0, sizeof(*out));
	out->ss_family = target->ss_family;
	if (target->ss_family == AF_INET) {
		address->sin_addr.s_addr = loopback;
		return sizeof(*address);
	}
	address6->sin6_addr = in6addr_loopback;
	if (IN6_IS_ADDR_V4MAPPED(&to->sin6_addr)) {
		memcpy(&address6->sin6_addr, &to->sin6_addr, 12);
		memcpy(&address6->sin6_addr.s6_addr[12], &loopback, sizeof(loopback));
	}
	return sizeof(*address6);
}

/* A TCP socket at a port of loopback that others of ours may have, too; `at` and `len` are its address.
 * -errno. */
static int bind_loopback(struct sockaddr_storage *at, socklen_t *len)
{
	int fd = socket(at->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	int error;

	if (fd < 0)
		return -errno;
	set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (bind(fd, (struct sockaddr *)at, *len) == 0 &&
		getsockname(fd, (struct sockaddr *)at, len) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

enum door { OPENS, REFUSES, SWALLOWS };

/* The door at which the program's socket is to knock. It is listening, has none who listens, or listens
 * and hears nothing. -errno. */
static int make_door(struct relay *relay, struct relayed *relayed, enum door kind,
	struct sockaddr_storage *at, socklen_t *len)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = {1, &nothing};
	int error = 0;

	*len = loopback_for(relay, &relayed->request.address, at);
	relayed->door = bind_loopback(at, len);
	if (relayed->door < 0)
		error = relayed->door;
	else if (kind == SWALLOWS && setsockopt(relayed->door, SOL_SOCKET, SO_ATTACH_FILTER,
					     &filter, sizeof(filter)) < 0)
		error = -errno;
	else if (kind != REFUSES && listen(relayed->door, 1) < 0)
		error = -errno;
	return error;
}

static void close_door(struct relayed *relayed)
{
	if (relayed->door >= 0)
		close(relayed->door);
	relayed->door = -1;
}

/* ---- the outcome ---- */

static void answer(struct relay *relay, struct relayed *relayed, enum relay_says says, int error)
{
	relayed_answer(relay, relayed, says, error);
	close(relayed->socket);
	relayed->socket = -1;
}

static void let_go(struct relay *relay, struct relayed *relayed, int error)
{
	close_door(relayed);
	answer(relay, relayed, RELAY_CONTINUE, error);
	relayed_end(relay, relayed, false);
}

static void open_both(struct relay *relay, struct relayed *relayed)
{
	relayed->stage = RELAYED_OPEN;
	tune(relayed->program.fd);
	relayed_copy(relay, &relayed->program, EPOLLIN | EPOLLOUT);
}

/* The one who has knocked; not another process that has found the port. */
static int accept_own(struct relayed *relayed)
{
	struct sockaddr_storage own = {0}, peer = {0};
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer);
	struct pollfd door = {relayed->door, POLLIN, 0};
	int fd;

	if (getsockname(relayed->socket, (struct sockaddr *)&own, &own_len) < 0)
		return -1;
	while (poll(&door, 1, 1000) > 0) {
		fd = accept4(relayed->door, (struct sockaddr *)&peer, &peer_len,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return -1;
		if (peer_len == own_len && memcmp(&own, &peer, own_len) == 0)
			return fd;
		close(fd);
	}
	return -1;
}

/* The server is there, and the program's call still waits. */
static void join_waiting(struct relay *relay, struct relayed *relayed)
{
	struct sockaddr_storage at;
	socklen_t len;
	int error = make_door(relay, relayed, OPENS, &at, &len), joined;

	if (error < 0) {
		let_go(relay, relayed, error);
		return;
	}
	joined = connect_unseen(relayed->socket, &at, len);
	if (joined == 0 || joined == -EINPROGRESS)
		relayed->program.fd = accept_own(relayed);
	close_door(relayed);
	answer(relay, relayed, RELAY_ANSWER, joined);
	if (relayed->program.fd < 0)
		relayed_end(relay, relayed, true);
	else
		open_both(relay, relayed);
}

/* The server is there, and the program's socket knocks: it is met from the very door. */
static void join_late(struct relay *relay, struct relayed *relayed)
{
	struct sockaddr_storage at = {0};
	socklen_t len = sizeof(at);
	int fd = -1;

	relayed_watch(relay, &relayed->server, 0);
	if (getsockname(relayed->door, (struct sockaddr *)&at, &len) == 0)
		fd = bind_loopback(&at, &len);
	if (fd >= 0)
		connect_unseen(fd, &relayed->knocker, relayed->knocker_len);
	close_door(relayed);
	if (fd < 0) {
		relayed_end(relay, relayed, true);
		return;
	}
	relayed->program.fd = fd;
	relayed->stage = RELAYED_MEETING;
	relayed_watch(relay, &relayed->program, EPOLLOUT);
}

static bool is_waiting_for_none(const struct relayed *relayed)
{
	return fcntl(relayed->socket, F_GETFL) & O_NONBLOCK;
}

/* The program's socket is to be told by the kernel what has become of it. */
static void fail_waiting(struct relay *relay, struct relayed *relayed, int error)
{
	struct sockaddr_storage at;
	socklen_t len;

	if (!is_waiting_for_none(relayed))
		answer(relay, relayed, RELAY_ANSWER, error);
	else if (error == -ECONNREFUSED && make_door(relay, relayed, REFUSES, &at, &len) == 0)
		answer(relay, relayed, RELAY_ANSWER, connect_unseen(relayed->socket, &at, len));
	else
		answer(relay, relayed, RELAY_CONTINUE, 0);
	close_door(relayed);
	relayed_end(relay, relayed, false);
}

/* It is refused when it knocks again; or time is out for it as it is for the server's. */
static void fail_late(struct relay *relay, struct relayed *relayed, int error)
{
	relayed_end(relay, relayed, false);
	if (error != -ETIMEDOUT) {
		close_door(relayed);
		return;
	}
	relayed->stage = RELAYED_FAILED;
	relayed->deadline_ms = relay_now_ms() + FAILURE_MS;
}

static void decide(struct relay *relay, struct relayed *relayed, int error)
{
	bool is_late = relayed->stage == RELAYED_LATE;

	relayed->deadline_ms = -1;
	if (error == 0)
		tune(relayed->server.fd);
	if (error == 0 && is_late)
		join_late(relay, relayed);
	else if (error == 0)
		join_waiting(relay, relayed);
	else if (is_late)
		fail_late(relay, relayed, error);
	else
		fail_waiting(relay, relayed, error);
}

/* ---- time is out: the program goes on ---- */

/* Of a socket that waits, too, when its own limit is over. */
static int knock(struct relayed *relayed, const struct sockaddr_storage *at, socklen_t len)
{
	int flags = fcntl(relayed->socket, F_GETFL), result;

	if (flags & O_NONBLOCK)
		return connect_unseen(relayed->socket, at, len);
	fcntl(relayed->socket, F_SETFL, flags | O_NONBLOCK);
	result = connect_unseen(relayed->socket, at, len);
	fcntl(relayed->socket, F_SETFL, flags);
	return result;
}

static void go_on(struct relay *relay, struct relayed *relayed)
{
	struct sockaddr_storage at;
	socklen_t len;
	int error = make_door(relay, relayed, SWALLOWS, &at, &len), result;

	if (error < 0) {
		let_go(relay, relayed, error);
		return;
	}
	result = knock(relayed, &at, len);
	relayed->knocker_len = sizeof(relayed->knocker);
	getsockname(relayed->socket, (struct sockaddr *)&relayed->knocker, &relayed->knocker_len);
	answer(relay, relayed, RELAY_ANSWER, result);
	relayed->stage = RELAYED_LATE;
	if (result == -EINPROGRESS)
		return;
	close_door(relayed);
	relayed_end(relay, relayed, false);
}

void relayed_on_deadline(struct relay *relay, struct relayed *relayed)
{
	relayed->deadline_ms = -1;
	if (relayed->stage == RELAYED_CALLING) {
		go_on(relay, relayed);
		return;
	}
	close_door(relayed);
	relayed->stage = RELAYED_ENDED;
}

/* ---- the call ---- */

static bool is_any_address(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return ((const struct sockaddr_in *)address)->sin_addr.s_addr == INADDR_ANY;
	return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* Goes out from where the program's would: only its port is another one. */
static void bind_as(int fd, int socket)
{
	struct sockaddr_storage own = {0};
	socklen_t len = sizeof(own);

	if (getsockname(socket, (struct sockaddr *)&own, &len) < 0 || is_any_address(&own))
		return;
	((struct sockaddr_in *)&own)->sin_port = 0;
	set_flag(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	bind(fd, (struct sockaddr *)&own, len);
}

/* To another device than that of loopback? */
static bool is_bound_to_device(int socket)
{
	char name[IFNAMSIZ] = "";
	socklen_t size = sizeof(name);

	return getsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, name, &size) == 0 && *name &&
	       strcmp(name, "lo") != 0;
}

/* A socket like the program's; -errno. */
static int make_socket(int model)
{
	int domain = option_of(model, SOL_SOCKET, SO_DOMAIN), error;
	int fd;

	if (is_bound_to_device(model))
		return -ENODEV;
	fd = socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0)
		return -errno;
	if (cookie_of(fd, SO_NETNS_COOKIE) != cookie_of(model, SO_NETNS_COOKIE)) {
		error = -EXDEV; /* it is in a network of its own */
		close(fd);
		return error;
	}
	if (domain == AF_INET6)
		set_flag(
			fd, IPPROTO_IPV6, IPV6_V6ONLY, option_of(model, IPPROTO_IPV6, IPV6_V6ONLY));
	bind_as(fd, model);
	return fd;
}

static int64_t deadline_of(const struct relay_request *request)
{
	return request->patience_ms < 0 ? -1 : relay_now_ms() + request->patience_ms;
}

static void call_server(struct relay *relay, struct relayed *relayed)
{
	struct relayed_end *server = &relayed->server;
	struct pollfd outcome = {.events = POLLOUT};

	server->fd = make_socket(relayed->socket);
	if (server->fd < 0) {
		let_go(relay, relayed, server->fd);
		return;
	}
	if (connect(server->fd, (struct sockaddr *)&relayed->request.address,
		    relayed->request.address_len) == 0) {
		decide(relay, relayed, 0);
		return;
	}
	if (errno != EINPROGRESS) {
		answer(relay, relayed, RELAY_ANSWER, -errno);
		relayed_end(relay, relayed, false);
		return;
	}
	outcome.fd = server->fd;
	if (poll(&outcome, 1, 0) > 0) {
		decide(relay, relayed, -option_of(server->fd, SOL_SOCKET, SO_ERROR));
		return;
	}
	relayed->deadline_ms = deadline_of(&relayed->request);
	relayed_watch(relay, server, EPOLLOUT);
}

void relayed_begin(struct relay *relay, const struct relay_request *request, int socket)
{
	struct relayed *relayed = calloc(1, sizeof(*relayed));

	if (!relayed) {
		close(socket);
		exit(EXIT_FAILURE); /* the supervisor lets the calls go */
	}
	relayed->request = *request;
	relayed->socket = socket;
	relayed->door = -1;
	relayed->deadline_ms = -1;
	relayed->cookie = cookie_of(socket, SO_COOKIE);
	/* Else it would connect with its first bytes, when nobody is at the door any more. */
	set_flag(socket, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 0);
	relayed->program = (struct relayed_end){.of = relayed, .fd = -1};
	relayed->server = (struct relayed_end){.of = relayed, .fd = -1};
	relayed->next = relay->all;
	relayed->link = &relay->all;
	if (relay->all)
		relay->all->link = &relayed->next;
	relay->all = relayed;
	call_server(relay, relayed);
}

void relayed_on_connect_event(struct relay *relay, struct relayed_end *end)
{
	struct relayed *relayed = end->of;
	int error = option_of(end->fd, SOL_SOCKET, SO_ERROR);

	if (relayed->stage != RELAYED_MEETING)
		decide(relay, relayed, -error);
	else if (error)
		relayed_end(relay, relayed, true);
	else
		open_both(relay, relayed);
}

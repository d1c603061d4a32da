/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BENCH_LOOPBACK_H
#define CHAOS_BENCH_LOOPBACK_H

/* Sockets and the clock of the clients and servers. */

#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

/* Nanoseconds. */
static inline double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static inline struct sockaddr_in at_port(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline int connect_to(int port)
{
	struct sockaddr_in to = at_port(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* Listens on a free port, and prints it. */
static inline int listen_and_tell(void)
{
	struct sockaddr_in at = at_port(0);
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&at, len) < 0 || listen(listener, SOMAXCONN) < 0 ||
		getsockname(listener, (struct sockaddr *)&at, &len) < 0)
		err(1, "listen");
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	return listener;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static int refuse_socket(int fd, const char *where, struct refusal *why)
{
	refuse(why, 500, "cannot listen on %s: %s%s", where, strerror(errno),
		errno == EADDRINUSE ? "; choose another port, or 0 for a free one" : "");
	if (fd >= 0)
		close(fd);
	return -EINVAL;
}

static int open_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int listen_unix(const char *path, struct refusal *why)
{
	union address address = {.un = {.sun_family = AF_UNIX}};
	mode_t mask;
	int bound;
	int fd;

	if (strlen(path) >= sizeof(address.un.sun_path))
		return refuse(why, 500,
			"the path %s is too long for a socket: %zu bytes are possible; choose a "
			"shorter folder with --dir",
			path, sizeof(address.un.sun_path) - 1);
	memcpy(address.un.sun_path, path, strlen(path) + 1);
	fd = open_socket(AF_UNIX);
	if (fd < 0 || (unlink(path) < 0 && errno != ENOENT))
		return refuse_socket(fd, path, why);
	mask = umask(0177);
	bound = bind(fd, &address.any, sizeof(address.un));
	umask(mask);
	if (bound < 0 || listen(fd, SOMAXCONN) < 0)
		return refuse_socket(fd, path, why);
	return fd;
}

/* Returns the length of the address, 0 if `host` is not a loopback address. */
static socklen_t parse_host(const char *host, uint16_t port, union address *address)
{
	*address = (union address){0};
	if (inet_pton(AF_INET6, host, &address->in6.sin6_addr) == 1) {
		address->in6.sin6_family = AF_INET6;
		address->in6.sin6_port = htons(port);
		return IN6_IS_ADDR_LOOPBACK(&address->in6.sin6_addr) ? sizeof(address->in6) : 0;
	}
	*address = (union address){0};
	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &address->in.sin_addr) != 1)
		return 0;
	address->in.sin_family = AF_INET;
	address->in.sin_port = htons(port);
	return ntohl(address->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET ? sizeof(address->in) : 0;
}

/* Splits "HOST:PORT" or "[HOST]:PORT". Returns what parse_host() does. */
static socklen_t parse_address(const char *where, union address *address)
{
	const char *colon = strrchr(where, ':');
	char host[64];
	size_t len;
	char *rest;
	unsigned long port;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return 0;
	port = strtoul(colon + 1, &rest, 10);
	len = (size_t)(colon - where);
	if (*where == '[' && len > 2 && colon[-1] == ']') {
		where++;
		len -= 2;
	}
	if (*rest || port > UINT16_MAX || len >= sizeof(host))
		return 0;
	memcpy(host, where, len);
	host[len] = '\0';
	return parse_host(host, (uint16_t)port, address);
}

static void tell_address(int fd, char *name, size_t cap)
{
	union address address;
	socklen_t len = sizeof(address);
	char host[INET6_ADDRSTRLEN] = "";

	getsockname(fd, &address.any, &len);
	if (address.any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address.in6.sin6_addr, host, sizeof(host));
		snprintf(name, cap, "[%s]:%u", host, ntohs(address.in6.sin6_port));
	} else {
		inet_ntop(AF_INET, &address.in.sin_addr, host, sizeof(host));
		snprintf(name, cap, "%s:%u", host, ntohs(address.in.sin_port));
	}
}

int listen_tcp(const char *where, char *name, size_t cap, struct refusal *why)
{
	union address address;
	socklen_t len = parse_address(where, &address);
	int on = 1;
	int fd;

	if (len == 0)
		return refuse(why, 500,
			"'%.100s' is no loopback address with a port, such as 127.0.0.1:4566 or "
			"[::1]:4566",
			where);
	fd = open_socket(address.any.sa_family);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		bind(fd, &address.any, len) < 0 || listen(fd, SOMAXCONN) < 0)
		return refuse_socket(fd, where, why);
	tell_address(fd, name, cap);
	return fd;
}

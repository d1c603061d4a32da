/* SPDX-License-Identifier: Apache-2.0 */
#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "shim/base/kernel.h"
#include "shim/libc/real.h"

static size_t size_of(const struct socket_id *socket, socklen_t len)
{
	return len < sizeof(socket->peer) ? len : sizeof(socket->peer);
}

void socket_begin(struct socket_id *socket, const struct sockaddr *peer, socklen_t len)
{
	*socket = (struct socket_id){.is_known = false};
	memcpy(&socket->peer, peer, size_of(socket, len));
}

bool socket_is_to(const struct socket_id *socket, const struct sockaddr *peer, socklen_t len)
{
	return memcmp(&socket->peer, peer, size_of(socket, len)) == 0;
}

bool socket_peer(const struct socket_id *socket, char address[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in *peer4 = (const void *)&socket->peer;
	const struct in6_addr *peer6 = &socket->peer.sin6_addr;
	sa_family_t family = socket->peer.sin6_family;
	const void *place = peer6;

	if (family == AF_INET) {
		place = &peer4->sin_addr;
	} else if (IN6_IS_ADDR_V4MAPPED(peer6)) {
		family = AF_INET;
		place = &peer6->s6_addr[12];
	}
	return inet_ntop(family, place, address, INET6_ADDRSTRLEN) != NULL;
}

static bool is_stream(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	kernel_call(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, (long)&type, (long)&len, 0);
	return type == SOCK_STREAM;
}

/* An address of all zeroes stands for this host. */
static bool is_same_address(const void *given, const void *found, size_t size)
{
	static const char any[16];

	return memcmp(given, any, size) == 0 || memcmp(given, found, size) == 0;
}

static bool is_same_peer(const struct sockaddr_in6 *given, const struct sockaddr_in6 *found)
{
	const struct sockaddr_in *given4 = (const void *)given, *found4 = (const void *)found;

	if (given->sin6_family != found->sin6_family || given->sin6_port != found->sin6_port)
		return false;
	if (given->sin6_family == AF_INET)
		return is_same_address(&given4->sin_addr, &found4->sin_addr, 4);
	return is_same_address(&given->sin6_addr, &found->sin6_addr, 16);
}

/* Is this socket connected to where the program wanted to go? While a connect() is under way there is
 * no peer yet; and where another library stands before the kernel the peer may be its proxy. */
static bool has_peer(const struct socket_id *socket, int fd)
{
	struct sockaddr_in6 peer = {.sin6_family = 0};
	socklen_t len = sizeof(peer);
	long error;

	if (!real_connects_straight())
		return true;
	/* A proxy's library has a getpeername() of its own, too. */
	error = kernel_call(SYS_getpeername, fd, (long)&peer, (long)&len, 0, 0, 0);
	if (error)
		return error == -ENOTCONN;
	return is_same_peer(&socket->peer, &peer);
}

/* It stands in the same place for both families. */
static in_port_t port_of(int fd)
{
	struct sockaddr_in6 own = {.sin6_port = 0};
	socklen_t len = sizeof(own);

	kernel_call(SYS_getsockname, fd, (long)&own, (long)&len, 0, 0, 0);
	return own.sin6_port;
}

/* A socket that is connected anew by a raw call, be it to the same peer, has another port. */
static bool has_port(struct socket_id *socket, int fd)
{
	in_port_t port = port_of(fd);

	if (!socket->port)
		socket->port = port;
	return socket->port == port;
}

bool socket_is_there(const struct socket_id *socket, int fd)
{
	struct stat status;

	return socket->is_known && fstat(fd, &status) == 0 && status.st_ino == socket->ino &&
	       status.st_dev == socket->dev;
}

bool socket_is_same(struct socket_id *socket, int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return false;
	if (socket->is_known)
		return status.st_ino == socket->ino && status.st_dev == socket->dev &&
		       has_peer(socket, fd) && has_port(socket, fd);
	if (!S_ISSOCK(status.st_mode) || !is_stream(fd) || !has_peer(socket, fd))
		return false;
	socket->dev = status.st_dev;
	socket->ino = status.st_ino;
	socket->is_known = true;
	return has_port(socket, fd);
}

bool socket_may_wait(int fd, int flags)
{
	return !(flags & MSG_DONTWAIT) && !(real.fcntl(fd, F_GETFL) & O_NONBLOCK);
}

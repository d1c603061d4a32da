/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_IO_SOCKET_H
#define CHAOS_IO_SOCKET_H

/* Which socket a descriptor stands for. It may be closed and its number used anew, or the socket be
 * connected elsewhere, behind our back. */

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/stat.h>

struct socket_id {
	struct sockaddr_in6 peer; /* as the program gave it to connect(), of either family */
	bool is_known;		  /* what follows is; else the peer has to do */
	dev_t dev;
	ino_t ino;
	in_port_t port; /* its own, another one for each connection; 0: not known */
};

/* A socket that has just been connected to `peer`. No system call. */
void socket_begin(struct socket_id *socket, const struct sockaddr *peer, socklen_t len);

/* Was that address given to connect()? */
bool socket_is_to(const struct socket_id *socket, const struct sockaddr *peer, socklen_t len);

/* The peer's address in figures, of IPv4 where it is one. False: it has none. */
bool socket_peer(const struct socket_id *socket, char address[INET6_ADDRSTRLEN]);

/* Is fd that socket, which is known already? Its connection may be another one. One system call. */
bool socket_is_there(const struct socket_id *socket, int fd);

/* Is fd that socket, and its connection the same? The first yes makes it known. System calls. */
bool socket_is_same(struct socket_id *socket, int fd);

/* May a call of send() or recv() with these flags wait there? A system call. */
bool socket_may_wait(int fd, int flags);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_PEERS_H
#define CHAOS_TOOLS_PEERS_H

/* Whom a program's sockets were to be connected to, by the sockets' cookies (SO_COOKIE). */

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define PEERS_ROWS 4096

struct peer {
	struct peer *next;
	uint64_t cookie;
	pid_t pid;
	socklen_t len;
	struct sockaddr_storage address;
};

struct peers {
	struct peer *rows[PEERS_ROWS];
};

/* In place of what was known of the socket; where memory is wanting, nothing is. */
void peers_put(struct peers *peers, uint64_t cookie, pid_t pid,
	const struct sockaddr_storage *address, socklen_t len);

/* NULL: not known. */
const struct peer *peers_find(const struct peers *peers, uint64_t cookie);

void peers_forget(struct peers *peers, uint64_t cookie);

/* All of a process. */
void peers_forget_process(struct peers *peers, pid_t pid);

#endif

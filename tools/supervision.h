/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_SUPERVISION_H
#define CHAOS_TOOLS_SUPERVISION_H

/* What a supervisor knows: its programs, and their calls that wait. */

#include <limits.h>
#include <sys/socket.h>

#include "guard.h"
#include "peers.h"
#include "supervised.h"

#define SUPERVISION_PROGRAMS 4096u

/* What a relay has been asked for. Its number is that of its place in guard.calls. */
struct asked {
	uint32_t program; /* its number */
	socklen_t len;
	struct sockaddr_storage address;
};

struct supervision {
	const char *folder;
	char library[PATH_MAX];
	int events, newcomers;
	unsigned clients; /* who have said that they are coming */
	unsigned listener_count;
	int listeners[GUARD_LISTENERS]; /* -1: none */
	struct supervised *programs[SUPERVISION_PROGRAMS];
	uint64_t told; /* the errors that the user has been told, as bits */
	struct guard guard;
	struct asked asked[GUARD_CALLS];
	struct peers peers;
};

/* Whose event it is. */
enum source { NEWCOMERS, CLIENT, LISTENER, PROCESS, RELAY };

/* Has the events of a descriptor come with the number. 0 or -errno. */
int supervision_watch(struct supervision *supervision, int fd, enum source source, uint32_t number);

/* Closes a descriptor that is watched. A child that has not executed its program yet has it, too, and
 * with it would go on what has come of its number. */
void supervision_close(struct supervision *supervision, int fd);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_SUPERVISOR_H
#define CHAOS_TOOLS_SUPERVISOR_H

/* Takes the notices of a folder's programs, and leads what is HTTP to their relays. */

#include <limits.h>
#include <sys/socket.h>

#include "guard.h"
#include "peers.h"
#include "supervised.h"

#define SUPERVISOR_PROGRAMS 4096u

/* What a relay has been asked for. Its number is that of its place in guard.calls. */
struct asked {
	uint32_t program; /* its number */
	socklen_t len;
	struct sockaddr_storage address;
};

struct supervisor {
	const char *folder;
	char library[PATH_MAX];
	int events, newcomers;
	unsigned clients; /* who have said that they are coming */
	unsigned listener_count;
	int listeners[GUARD_LISTENERS]; /* -1: none */
	struct supervised *programs[SUPERVISOR_PROGRAMS];
	struct guard guard;
	struct asked asked[GUARD_CALLS];
	struct peers peers;
};

/* Has the program's end, and what its relay says, told to calls.h. 0 or -errno. */
int supervisor_watch_program(struct supervisor *supervisor, uint32_t number);
int supervisor_watch_relay(struct supervisor *supervisor, uint32_t number);

/*
 * Serves the folder's programs until the last of them has ended. Closes stdout when it is ready, or
 * when another serves the folder already. Returns an exit code.
 */
int supervisor_run(const char *folder);

#endif

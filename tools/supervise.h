/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_SUPERVISE_H
#define CHAOS_TOOLS_SUPERVISE_H

/*
 * Programs that make their own system calls, where no preloaded library sees them: a filter hands
 * their connect() to a supervisor, one for a runtime folder, which leads those to the ports of HTTP through a
 * relay that runs under the library.
 */

#include <stdint.h>

#define SUPERVISE_REASON_MAX 256

/* The supervisor's program. */
#define SUPERVISE_PROGRAM "chaos-relay"

/* Why nothing can be supervised here; NULL: it can. */
const char *supervise_obstacle(void);

/*
 * Puts the calling process under the folder's supervisor, which is started if there is none; for a
 * process with one thread, just before it executes the program. A process that is under one already
 * stays so. The environment names certificates that go with the folder's authority, in which are
 * those that it named. A supervisor that is started keeps `messages` (a descriptor, -1: none) for what it
 * cannot say on a program's own stderr; whoever reads that waits until the process has ended.
 * Returns 0, or -errno with the reason.
 */
int supervise_self(const char *folder, int messages, char reason[SUPERVISE_REASON_MAX]);

/* Which socket, as a number, a supervisor of the folder has left behind that was killed; 0: there is none. */
uint64_t supervise_left(const char *folder);

/* Waits until the folder's supervisor has ended, if there is one, so that all is counted; two seconds at
 * most, for others may be under it. */
void supervise_settle(const char *folder);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_PASSING_H
#define CHAOS_TOOLS_PASSING_H

/* Signals that pass through to a child that is waited for. */

#include <signal.h>
#include <sys/types.h>

/* What was before. */
struct passing {
	sigset_t mask;
	struct sigaction on_child;
};

/* SIGCHLD, and those that end or steer a program. */
sigset_t passing_set(void);

/* From here on they wait for passing_wait(). Comes before the fork. */
void passing_begin(struct passing *before);

/* In the child, which gets what was before. */
void passing_leave(const struct passing *before);

/* Passes signals on to the child until it ends, and stops with it when it stops. Returns its status, as wait() gives it, or -errno. */
int passing_wait(pid_t child);

#endif

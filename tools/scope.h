/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_SCOPE_H
#define CHAOS_TOOLS_SCOPE_H

/* A command, and rules that hold no longer than it runs. */

#include <stddef.h>

struct scope {
	const char *folder; /* of the daemon */
	const char *rules;  /* JSON of fault rules that are to be added; NULL: none */
	size_t size;
	char **command;
};

/* Why it failed before the command ran, or after. */
struct scope_failure {
	long status;	   /* of HTTP, when the daemon has refused; else 0 */
	char reason[1024]; /* what it said, or what else went wrong */
};

/*
 * Adds the rules, runs the command, and removes those of them that were not in force before; without rules, puts
 * faults, outages and effects back to what they were. Returns the command's exit code, 128 and more when a signal has ended it, 126 or 127 when it cannot be executed; or an
 * error of client_call(), or -EPROTO, with *failure filled: the rules are as before, or as the reason says.
 */
int scope_run(const struct scope *scope, struct scope_failure *failure);

#endif

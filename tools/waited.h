/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_WAITED_H
#define CHAOS_TOOLS_WAITED_H

/* A command whose end chaos-run waits for. */

#include <stdbool.h>

#include "reporter.h"
#include "silence.h"
#include "strict.h"

struct waited {
	const char *folder;
	char *const *command;
	bool is_supervised;	   /* it is to be under the folder's supervisor */
	struct strict *strict;	   /* NULL: not asked for */
	struct reporter *reporter; /* likewise */
	struct silence *silence;   /* NULL: it cannot be known */
	bool has_rules;		   /* faults were asked for */
	int own; /* the exit code of our own failures, and of a call that went unseen */
};

/*
 * Runs the command as a child, with our signals passed on to it, to its end. Returns the exit code: `own`
 * where something went unseen, else what the reporter says, unless that is 0, else the command's. A command
 * that a signal ended ends this process in the same way.
 */
int waited_run(const struct waited *waited);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_DOCTOR_H
#define CHAOS_TOOLS_DOCTOR_H

/* Says of a command, without running it, how its calls would be looked at, and what stands in the way. */

#include <stdbool.h>

struct doctor {
	char *const *command;	/* and its arguments, and NULL */
	const char *folder;	/* of the daemon that it would use; NULL: a private one */
	const char *intercept;	/* hosts, besides those of the environment; NULL: none */
	const char *configured; /* those of the SDKs' configuration file; NULL: none */
	bool no_bridge, no_follow;
};

/* One fact on each line of stdout. Returns whether all that is known of can be reached. */
bool doctor_tell(const struct doctor *doctor);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "obstacle.h"

#include <stddef.h>

static const struct {
	const char *reason, *remedy;
} texts[BINARY_OBSTACLES] = {
	[BINARY_NONE] = {"can be reached", NULL},
	[BINARY_NOT_FOUND] = {"is not found", NULL},
	[BINARY_NOT_EXECUTABLE] = {"cannot be executed", NULL},
	[BINARY_UNREADABLE] = {"may be run but not read, so it cannot be checked",
		"make it readable"},
	[BINARY_TOO_DEEP] = {"is an interpreter of an interpreter, too many levels deep",
		"run its interpreter by hand"},
	[BINARY_DAMAGED] = {"is damaged or no program", "build or install it anew"},
	[BINARY_OTHER_MACHINE] = {"is built for another architecture than this system's",
		"use a build for this system's own"},
	[BINARY_STATIC] = {"is statically linked, and nothing can be preloaded into it",
		"use a build that is dynamically linked to glibc"},
	[BINARY_OTHER_LIBC] = {"uses another C library than glibc",
		"use a build that is dynamically linked to glibc"},
	[BINARY_SETUID] =
		{"is setuid or setgid, and the system preloads nothing into such a program",
			"use a copy without these bits, or run chaos-run as its owner"},
	[BINARY_CAPABILITIES] =
		{"has file capabilities, and the system preloads nothing into such a "
		 "program",
			"use a copy without them"},
	[BINARY_GO] =
		{"is written in Go and makes its own system calls, past any preloaded library",
			NULL},
	[BINARY_ENVIRONMENT] = {"was begun without LD_PRELOAD or CHAOS_DIR (--no-follow)",
		"leave --no-follow out"},
	[BINARY_LIBRARY] =
		{"was begun where the library cannot be read (another user, another root)",
			"install the library where it can"},
	[BINARY_USER] =
		{"was begun as another user where the daemon cannot be asked (another network)",
			"use chaos-run in that network"},
	[BINARY_EFFECTIVE] =
		{"was begun with another effective user or group than the real one, and the system "
		 "preloads nothing into such a program",
			"change both"},
	[BINARY_GUEST] =
		{"makes its own system calls and runs as another user than chaos-run, where it is "
		 "not supervised",
			"put chaos-run behind what changes the user, as in sudo -u USER chaos-run"},
};

const char *binary_reason(enum binary_obstacle obstacle)
{
	return texts[obstacle].reason;
}

const char *binary_remedy(enum binary_obstacle obstacle)
{
	return texts[obstacle].remedy;
}

bool binary_can_be_supervised(enum binary_obstacle obstacle)
{
	return obstacle == BINARY_STATIC || obstacle == BINARY_GO;
}

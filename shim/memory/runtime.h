/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_RUNTIME_H
#define CHAOS_RUNTIME_H

/* Where daemon, shims and tools meet. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

/* What stands in the runtime folder. */
#define RUNTIME_SOCKET	"control.sock"
#define RUNTIME_TABLE	"table"
#define RUNTIME_JOURNAL "journal"
#define RUNTIME_STATE	"state.json"
#define RUNTIME_LOCK	"lock"

/* The socket until it answers: whoever waits for the name that clients use may go ahead at once. As
 * long as that name, so that a path that fits is one that clients can use. */
#define RUNTIME_SOCKET_NEXT "control.next"

/*
 * The path of the runtime folder: $CHAOS_DIR, else $XDG_RUNTIME_DIR/chaos, else /tmp/chaos-$UID; an
 * empty variable counts as unset. Looks at nothing but what the program was started with (and makes no system
 * call): the folder need not exist.
 * Returns 0, or -ENAMETOOLONG when the path does not fit into `cap` bytes.
 */
static inline int runtime_folder(char *out, size_t cap)
{
	const char *folder = secure_getenv("CHAOS_DIR");
	const char *session = secure_getenv("XDG_RUNTIME_DIR");
	int len;

	if (folder && *folder)
		len = snprintf(out, cap, "%s", folder);
	else if (session && *session)
		len = snprintf(out, cap, "%s/chaos", session);
	else
		len = snprintf(out, cap, "/tmp/chaos-%u", (unsigned)getauxval(AT_UID));
	return len < 0 || (size_t)len >= cap ? -ENAMETOOLONG : 0;
}

#endif

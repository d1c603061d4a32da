/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_RUNTIME_H
#define CHAOS_RUNTIME_H

/* Where daemon, shims and tools meet. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

/* What stands in the runtime folder. */
#define RUNTIME_SOCKET	   "control.sock"
#define RUNTIME_TABLE	   "table"
#define RUNTIME_JOURNAL	   "journal"
#define RUNTIME_MODEL	   "model" /* of AWS' services; where there is none, the built-in one holds */
#define RUNTIME_MODEL_NEXT "model.next" /* until it is whole */
#define RUNTIME_STATE	   "state.json"
#define RUNTIME_CA	   "ca.pem" /* the certificate that programs come to trust: a root */
#define RUNTIME_CA_KEY	   "ca.key" /* of the intermediate that signs leaves: key, certificate, root */
#define RUNTIME_LOCK	   "lock"
#define RUNTIME_PRIVATE	   "private"	/* there: the folder goes with its daemon */
#define RUNTIME_SUPERVISOR "relay.sock" /* of programs that make their own system calls */

/* The socket until it answers: whoever waits for the name that clients use may go ahead at once. As
 * long as that name, so that a path that fits is one that clients can use. */
#define RUNTIME_SOCKET_NEXT "control.next"

/* Beside a variable NAME that a program is given to find the authority stands its copy under the first of
 * these, and what the user had there, if anything, under the second. */
#define RUNTIME_GIVEN "CHAOS_GIVEN_"
#define RUNTIME_WAS   "CHAOS_WAS_"

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

/*
 * The path of the user's model: $CHAOS_MODEL, else chaos-run/model in $XDG_DATA_HOME or
 * ~/.local/share; an empty variable counts as unset. The file need not exist. Returns 0, or
 * -ENAMETOOLONG, or -ENOENT where no home is known.
 */
static inline int runtime_model(char *out, size_t cap)
{
	const char *model = secure_getenv("CHAOS_MODEL");
	const char *data = secure_getenv("XDG_DATA_HOME");
	const char *home = secure_getenv("HOME");
	int len;

	if (model && *model)
		len = snprintf(out, cap, "%s", model);
	else if (data && *data)
		len = snprintf(out, cap, "%s/chaos-run/model", data);
	else if (home && *home)
		len = snprintf(out, cap, "%s/.local/share/chaos-run/model", home);
	else
		return -ENOENT;
	return len < 0 || (size_t)len >= cap ? -ENAMETOOLONG : 0;
}

#endif

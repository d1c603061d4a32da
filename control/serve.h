/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_SERVE_H
#define CHAOS_CONTROL_SERVE_H

/* The daemon's life from its options to its end. */

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "initial.h"
#include "shim/engine/endpoints.h"

struct serve_options {
	const char *dir;    /* NULL: by the folder's rule */
	const char *listen; /* NULL: on the Unix socket alone */
	const char *state;  /* NULL: state.json in the folder */
	const char *model;  /* NULL: the user's, if any; else its path, or MODEL_BUILT_IN */
	struct initial_options initial;
	struct endpoints intercept; /* hosts of the environment and of options */
	/* Not 0: the daemon belongs to this process and those it has started, saves nothing, and
	 * leaves nothing behind. */
	pid_t owner;
	bool observe; /* from the beginning until DELETE /_chaos/observe; not saved */
	FILE *out;    /* tells where the API is, once it answers */
};

/*
 * Serves until a signal, or the end of the last process of `owner`. `ready` is called once the socket
 * answers. Returns the exit code, EX_TEMPFAIL if another daemon has the folder; the reason of a failure
 * is on stderr.
 */
int serve(const struct serve_options *options, void (*ready)(void *context), void *context);

/* Looks at the initial configuration alone. Returns the exit code, as serve() does. */
int serve_check(const struct serve_options *options);

#endif

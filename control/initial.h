/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_INITIAL_H
#define CHAOS_CONTROL_INITIAL_H

/* The configuration that a daemon starts with: what is saved, and over it what its options say. */

#include "config.h"

struct initial_options {
	/* JSON; NULL: what is saved. */
	const char *faults, *outages;
	const char *latency; /* milliseconds */
};

/* The text of an option that is JSON or @FILE, kept until the program ends. NULL with the reason. */
const char *initial_text(const char *option, struct refusal *why);

/*
 * `state_path` NULL: nothing is saved. Warnings go to stderr.
 * Returns 0, and the caller has to call config_clear(); or -EINVAL, with the option in *option, ""
 * when it is about the state file.
 */
int initial_config(const struct initial_options *options, const char *state_path,
	struct config *config, const char **option, struct refusal *why);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_INITIAL_H
#define CHAOS_CONTROL_INITIAL_H

/* The configuration that a daemon starts with: what is saved, and over it what its options say. */

#include "config.h"

/* A list of rules as an option gives it. */
struct initial_list {
	const char *argument; /* JSON or @FILE */
	char *text;	      /* JSON; NULL: what is saved */
};

struct initial_options {
	struct initial_list faults, outages;
	const char *latency; /* milliseconds; NULL: what is saved */
};

/* Reads the argument of an option, in the place of an earlier one. Returns 0 or -EINVAL; in either
 * case initial_free() is due. */
int initial_read(
	struct initial_list *list, const char *option, const char *argument, struct refusal *why);

void initial_free(struct initial_options *options);

/*
 * `state_path` NULL: nothing is saved. Warnings go to stderr.
 * Returns 0, and the caller has to call config_clear(); or -EINVAL, with the option in why->source
 * where it is about one.
 */
int initial_config(const struct initial_options *options, const char *state_path,
	struct config *config, struct refusal *why);

#endif

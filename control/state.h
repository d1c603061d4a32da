/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_STATE_H
#define CHAOS_CONTROL_STATE_H

/* The configuration on disk. */

#include "config.h"
#include "refusal.h"

/*
 * Reads the file into *config, which is empty before. A file that is not there is an empty
 * configuration. One that is no configuration is renamed to PATH.corrupt-TIME, which `aside` then
 * names (else it is empty), and counts as not there.
 * Returns 0 or -EINVAL: the file can neither be read nor put aside.
 */
int state_load(
	const char *path, struct config *config, char *aside, size_t cap, struct refusal *why);

/*
 * Puts the configuration in the place of the file: after a crash at any instant there is either the
 * old one or the new one. Returns 0 or -EINVAL, and then the file is as it was.
 */
int state_save(const char *path, const struct config *config, struct refusal *why);

/* The text of the file, and back. The caller frees the text. */
char *state_print(const struct config *config);
int state_parse(const char *text, size_t len, struct config *config, struct refusal *why);

/* The first id of a configuration without a past: microseconds since the epoch, so that a journal
 * that has outlived its state file holds no counts of its rules. */
uint64_t state_first_id(void);

#endif

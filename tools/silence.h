/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_SILENCE_H
#define CHAOS_TOOLS_SILENCE_H

/* A run of which no call to AWS was seen: its servers may be AWS to it without our knowing. */

#include <stdbool.h>

struct silence;

/* Notes what the journal of the daemon in `folder` has counted so far. NULL: it cannot be read, and nothing
 * will be said. */
struct silence *silence_begin(const char *folder);

/*
 * Says on stderr that no call was seen since, and what was not looked into; where nothing is of that kind
 * only if `has_rules`, somebody has asked for faults, and unless CHAOS_QUIET is set. Was there TLS to this machine that
 * was not looked into, as moto and LocalStack are, and no call?
 */
bool silence_tell(const struct silence *silence, bool has_rules);

/* The same when this process ends, whatever it executes until then: by another process, which is nobody's
 * child. Not if CHAOS_QUIET is set. */
void silence_watch(const struct silence *silence);

#endif

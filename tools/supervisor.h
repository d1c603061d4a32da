/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_SUPERVISOR_H
#define CHAOS_TOOLS_SUPERVISOR_H

/* Takes the notices of a folder's programs, and leads what is HTTP to their relays. */

/*
 * Serves the folder's programs until the last of them has ended. Closes stdout when it is ready, or
 * when another serves the folder already. Returns an exit code.
 */
int supervisor_run(const char *folder);

#endif

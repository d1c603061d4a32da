/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_STRICT_H
#define CHAOS_TOOLS_STRICT_H

#include <stdbool.h>

/*
 * Runs the command as a child, under the supervisor of the folder if it is to be, with our signals passed on to it, to its end, and looks at what the
 * journal of the daemon in `folder` has counted in that time. Returns the exit code: the command's own,
 * or `blind` if there was a connection to AWS that could not be looked into, or a program that could not
 * map the rules, or TLS that was not looked into where no call was seen at all, which is said on stderr. A command that a signal ended ends this process in the same way.
 */
int strict_run(const char *folder, char **command, bool supervised, bool has_rules, int blind);

#endif

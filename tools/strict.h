/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_STRICT_H
#define CHAOS_TOOLS_STRICT_H

/* Whatever keeps a call from being looked at while a command runs. */

#include <stdbool.h>

struct strict;

/* Notes what the journal of the daemon in `folder` has counted so far; to be called before the command
 * gets its environment. NULL: it has been said why not. */
struct strict *strict_begin(const char *folder);

/* Was there, since, a connection to AWS that could not be looked into, or a program that could not be
 * followed or given the rules? It is said on stderr. */
bool strict_tell(const struct strict *strict);

#endif

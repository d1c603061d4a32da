/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_WRAPPED_H
#define CHAOS_TOOLS_WRAPPED_H

/* Commands that run another one: env, sudo, su, setpriv, runuser. */

struct wrapped {
	char *const *command; /* the command inside; a list that is not to be freed */
	const char *by;	   /* the one that changes the user, as it was written; NULL: none does */
	char *const *from; /* the command from there on */
};

/* Steps over their options, and what they set. Where it cannot be told what is run inside, such a command
 * is the command. */
struct wrapped wrapped_look(char *const *command);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_LINKED_H
#define CHAOS_TOOLS_LINKED_H

/* What programs say of themselves, without being run for what they are for. */

#include <limits.h>
#include <stdbool.h>

/* Runs a program to its end, half a minute at most, and hands each line of its stdout to `take`, which may
 * change it. False: it cannot be run, or has failed. */
bool linked_read(const char *const *argv, void (*take)(void *user, char *line), void *user);

/* The shared libraries by which a program or a library (`loader`: the dynamic loader; NULL: `file` is a
 * program that has one) is linked, and those of these, as the loader finds them: nothing of it is run. */
bool linked_libraries(const char *file, const char *loader,
	void (*take)(void *user, const char *name, const char *path), void *user);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_GIVEN_H
#define CHAOS_CONTROL_GIVEN_H

/* A configuration as a command line gives it: JSON, or @FILE. */

#include <stddef.h>

#include "refusal.h"

/* The text with a 0 behind it, which the caller frees; NULL with the reason. That it is JSON is not
 * looked at further than to tell it from the name of a file. */
char *given_read(const char *argument, size_t *len, struct refusal *why);

#endif

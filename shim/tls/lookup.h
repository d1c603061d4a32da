/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_LOOKUP_H
#define CHAOS_LOOKUP_H

#include <stdbool.h>

/* Is this a function of a TLS library? */
bool lookup_is_tls(const char *name);

/*
 * Such a function, found in a library: a program that looks it up so would call it past us. A name that
 * we alone export is not there: programs ask so which version they have.
 */
void *lookup_tls(void *handle, const char *name, const void *caller);

#endif

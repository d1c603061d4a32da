/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TRUST_H
#define CHAOS_TRUST_H

/*
 * A program whose TLS is built in believes what stands in the bundle of certificates that it opens. As
 * long as a daemon rules, it gets that bundle with the certificate of the daemon's authority behind it.
 */

#include <stdbool.h>
#include <sys/stat.h>

#include "known.h"

/* The process begins, with these arguments. */
void trust_begin(char *const *arguments);

/* Is there a daemon, and may we act? No system call. */
bool trust_is_given(void);

/* May a file, which has been opened at this path for reading alone by the code that returns to `caller`,
 * be a bundle that we are to add to? */
bool trust_concerns(const char *path, const void *caller);

/* The paths that are known. */
const struct known *trust_known(void);

/* Is the code that returns there a TLS library that is seen from inside (shim/tls)? */
bool trust_is_seen_from_inside(const void *caller);

/* Adds to it, if it is one; errno stays. */
void trust_add(int fd, const char *path);

/* stat() has found a file at this path: the size is to be the one that whoever opens it will find. */
void trust_look(const char *path, struct stat *status, const void *caller);

#endif

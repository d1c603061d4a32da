/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_TRUSTED_H
#define CHAOS_TOOLS_TRUSTED_H

/* Has this process's environment name certificates with the authority of the folder among them, so
 * that what it executes believes it, besides those that it would believe. They are had from the
 * supervisor at the other end of `fd`. */
void trusted_set(int fd);

/* The system's own certificates; NULL: none are where systems have theirs. */
const char *trusted_system(void);

#endif

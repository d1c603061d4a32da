/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_FOLDER_H
#define CHAOS_TOOLS_FOLDER_H

/* The runtime folder, as the tools see it. */

/* No number of errno. */
#define FOLDER_SHARED 4096

/* Is it a folder of our own, to which nobody else may write? 0, -EPERM, -FOLDER_SHARED, -ENOTDIR, or what stat() says. */
int folder_check(const char *folder);

/*
 * Does a daemon of our own answer on the folder's socket? 0, or
 *  -ENOENT        no folder, or no socket in it
 *  -ECONNREFUSED  the socket of a daemon that has ended
 *  -EPERM         the folder is another user's
 *  -FOLDER_SHARED others may write to it
 *  -ENAMETOOLONG  longer than a socket's address can be
 *  or what stat() or connect() say.
 */
int folder_probe(const char *folder);

/* What such an error means, to be read after the folder's name. */
const char *folder_error(int error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_UNLED_H
#define CHAOS_TOOLS_UNLED_H

#include <sys/socket.h>

#include "supervised.h"

/* Counts a connection of a program to a port that is not led, in its line of the folder's journal, which it
 * is given if it has none. Nothing, where that is full or cannot be mapped. */
void unled_count(const char *folder, const struct supervised *program,
	const struct sockaddr_storage *server);

#endif

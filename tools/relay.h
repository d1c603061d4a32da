/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_TOOLS_RELAY_H
#define CHAOS_TOOLS_RELAY_H

/*
 * The relay of one supervised program, a process that runs under the library: it makes the
 * connections that the program asks for, and copies the bytes between them and the program's own
 * sockets.
 */

/* Runs until the program or the supervisor has ended, and with it the last connection. Returns an exit
 * code. */
int relay_run(void);

#endif

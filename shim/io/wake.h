/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_WAKE_H
#define CHAOS_WAKE_H

#include <stdbool.h>

/*
 * Wakes whatever waits for this socket to be readable, by ending its reading side; nothing goes onto
 * the wire. `ends`: an unfinished request is there, so that the sending side ends, too, and the server
 * knows. A program that is woken by a signal (O_ASYNC) gets that.
 */
void wake_reader(int fd, bool ends);

#endif

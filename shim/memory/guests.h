/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_GUESTS_H
#define CHAOS_GUESTS_H

/*
 * Programs that root has handed over to another user cannot open root's runtime folder. They are the
 * daemon's guests: it gives the table, to be read alone, and a journal for guests, to those who know a
 * secret that the environment of such programs alone tells.
 */

#include <stdbool.h>
#include <stddef.h>

/* In a guest's environment. As CHAOS_REPORT it is NAME.SECRET: of an abstract socket, which everybody on the
 * machine may see, and what is to be said there. */
#define GUESTS_VARIABLE "CHAOS_GUESTS"

/* The entry of an environment, with its NUL. */
#define GUESTS_ENTRY_MAX 96

/* The secret: 16 bytes in hexadecimal digits. */
#define GUESTS_SECRET_LEN 32

enum guests_file { GUESTS_TABLE, GUESTS_JOURNAL, GUESTS_MODEL, GUESTS_FILES };

/* What the daemon answers with; the descriptors stand beside it. */
struct guests_answer {
	unsigned char count; /* of descriptors: no model, if there is none */
};

/* How long the daemon may take to answer, in milliseconds. */
#define GUESTS_PATIENCE 1000

/* Is it one: "CHAOS_GUESTS=NAME.SECRET", with a NUL in `cap` bytes? */
bool guests_entry_valid(const char *entry, size_t cap);

/* Is there a daemon of root's under that name, as seen from here? Makes a connection, and leaves it. */
bool guests_reach(const char *token);

/*
 * Asks the daemon, which must be root's, for its files: descriptors that close on exec, and that the caller
 * closes; -1: none. Leaves no other one open, and errno alone. Returns 0 or -errno: -ECONNREFUSED if no
 * daemon is there, -EAGAIN if it does not answer.
 */
int guests_ask(const char *token, int files[GUESTS_FILES]);

#endif

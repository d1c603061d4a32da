/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_DELAY_H
#define CHAOS_DELAY_H

/*
 * The delay line: what is to happen on connections later. A delayed request is held here, not in
 * its thread, so that event loops turn and read timeouts run. One helper thread per process, made
 * when it is first needed.
 *
 * The functions with a conn are called with it entered.
 */

#include "conn.h"

/* Past this many bytes on the line, send() waits. */
#define DELAY_MAX (1u << 20)

/*
 * Sends bytes at `due` (0: as soon as what stands before them is gone). They are copied, unless they
 * can go at once. False: no memory; nothing was taken.
 */
bool delay_send(struct conn *conn, const char *data, size_t len, uint64_t due);

/* Gives the reply of the connection to the program at `due` (0: now). */
bool delay_answer(struct conn *conn, uint64_t due);

/* Shuts the socket down when all that was sent before is gone. */
bool delay_shutdown(struct conn *conn, int how);

/* Is anything on the line, of this connection? */
static inline bool delay_pending(const struct conn *conn)
{
	return conn->first != NULL;
}

/* Looks at the connection again after so long: is its kept reply read, are its held bytes a head? If
 * not it sees to that. */
#define DELAY_REPLY_NS 100000000ull  /* a kept reply is read at once, as a rule */
#define DELAY_WORD_NS  100000000ull  /* the word that begins a request is sent with it */
#define DELAY_HEAD_NS  1000000000ull /* a head in pieces has its pauses */
void delay_look_again(struct conn *conn, uint64_t after_ns);

/* Sends at once what the socket takes, and forgets the rest: there is no descriptor to keep. */
void delay_give_up(struct conn *conn);

/* Waits until less than DELAY_MAX is on the line. Leaves the connection meanwhile. False: it means
 * something else by now (and is left). */
bool delay_wait_for_room(struct conn *conn, int fd);

void delay_discard(struct conn *conn);

/* Sends at once whatever is left: the process ends. */
void delay_flush_all(void);

/* The three sides of fork(). */
void delay_before_fork(void);
void delay_after_fork_parent(void);
void delay_after_fork_child(void);

#endif

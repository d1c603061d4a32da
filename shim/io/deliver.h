/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_DELIVER_H
#define CHAOS_DELIVER_H

/* What the exchange has decided, done on the socket, now or by the timer's thread: delayed bytes are
 * sent, replies become readable, whoever waits for them is woken. Entered and verified. */

#include "conn.h"

/* Past this many bytes on the line, send() waits. */
#define DELIVER_MAX (1u << 20)

/* What a sender that may not wait can put on it. */
#define DELIVER_MOST (64u << 20)

/* Sends bytes at `due` (0: as soon as what stands before them is gone). */
void deliver_send(struct conn *conn, const char *data, size_t len, uint64_t due);

/* Does what is due, and sees to it that the rest is done in its time. */
void deliver(struct conn *conn);

/* Is something on the line that only the socket keeps from going? */
bool deliver_is_due(const struct conn *conn);

/* Shuts the sending side down when all that was sent before is gone. False: nothing is in the way, or
 * there is no memory. */
bool deliver_shutdown(struct conn *conn);

/* The reply shall wake whoever waits, after all; the connection ends with it. */
void deliver_end_kept(struct conn *conn);

/* Sends at once what the socket takes, and forgets the rest: there is no descriptor to keep. */
void deliver_at_once(struct conn *conn);

/* Waits until there is room on the line; a sender that may not wait is spared that, as long as it is not
 * too much. Leaves the connection meanwhile. False with errno: it means something else by now, or is too
 * full (and is left). */
bool deliver_wait_for_room(struct conn *conn, int fd, int flags);

/* The socket is another one by now, or none: nothing is to be done, and nothing told of, any more. */
void deliver_lose(struct conn *conn);

/* Is a reply kept, that a reader of this descriptor finds? Not entered. */
bool deliver_is_kept(struct conn *conn, int fd);

/* The process ends, or becomes another program: whatever is on the line goes out at once, and calls under way
 * are told of. Not those of a program that `goes_on`, since the other one will not begin. */
void deliver_all(bool goes_on);

#endif

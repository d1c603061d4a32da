/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONN_H
#define CHAOS_CONN_H

/* TCP connections that the program has made: each knows its socket, its lock and its exchange.
 * Descriptors that were duplicated share theirs. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/engine/exchange.h"
#include "shim/engine/tls.h"
#include "shim/memory/journal.h"
#include "shim/process/inside.h"
#include "slots.h"
#include "socket.h"
#include "timer.h"

#define CONN_MAX 65536u /* at a time; further ones are not tracked */

/* What a hook has to look at a connection for. All but CONN_WATCHED are the work of a rule. */
enum {
	CONN_ANSWERED = 1, /* the reply, or the end behind it, is there to be read */
	CONN_KEPT = 2, /* it leaves the connection open, and wakes nobody: the program reads it, or
			    * is told of it by poll() and select(), or is woken after a while */
	CONN_QUEUED = 4,    /* something is to happen later */
	CONN_WATCHED = 8,   /* the exchange wants to know what the server sends */
	CONN_ENDED = 16,    /* what the program sends is swallowed: exchange.ended says so, too */
	CONN_NOTIFIES = 32, /* zerocopy.h: the error queue has something to say */
	CONN_BRIDGED = 64,  /* bridged.h: what the program sends and gets is ours */
};

/* A TLS connection, seen from below. The exchange is fed with plaintext then, by the session that owns
 * the connection. */
struct conn_tls {
	bool is_tls;
	bool owned;
	bool is_fed;	   /* with a record that tells of the reply */
	bool pumped;	   /* the program carries the session's bytes to and fro itself */
	bool socket_ended; /* by the server, or a failure: the session has yet to come to that */
	bool has_random;
	uint8_t random[TLS_RANDOM_LEN];
	char server_name[JOURNAL_HOST_MAX]; /* "": not said */
	struct tls_records records;	    /* followed until the connection is owned */
	uint64_t due;			    /* what is sent waits for this time */
};

/* A connection whose TLS is ours (bridged.h). */
struct conn_bridge {
	struct bridge *bridge; /* NULL: it is not */
	char *scratch;
	bool holds; /* one byte in the kernel has been taken: it tells the program of more */
	int threshold; /* the program's own (SO_RCVLOWAT), while that byte tells it of nothing; else 0 */
	bool program_ended; /* they have said goodbye */
	bool server_ended;
	bool socket_ended;	/* the server's side of it */
	bool spoke;		/* the program, behind its handshake */
	bool is_told;		/* of its failure */
	_Atomic bool is_shared; /* by fork: whose it is to speak is not known */
	bool sends_no_more;	/* it has shut its side of the socket down */
	int error;		/* of the socket's, which the program is to be told next; 0: none */
	bool is_broken;		/* the program has been told of one: nothing goes out any more */
	const char
		*obstacle; /* why it is none, for people; NULL: of the process's, if it has one */
};

/* Sends with MSG_ZEROCOPY, as the program numbers them; those that were taken, and of which of them it
 * has not been told. */
struct conn_zerocopy {
	_Atomic uint32_t sends;
	uint32_t taken, told; /* told: by the kernel */
	uint32_t before;      /* the first that was taken */
	uint32_t first, last;
};

struct conn {
	_Atomic uintptr_t owner;      /* the thread inside (conn_enter), 0: none */
	_Atomic uint32_t refs;	      /* descriptors, plus one while its timer is set */
	_Atomic uint32_t descriptors; /* of the program */
	_Atomic uint32_t next_free;   /* index + 1 */
	uint32_t index;		      /* of its place */
	uint64_t serial;	      /* tells the connections apart that this place has held */

	_Atomic uint32_t attention;
	_Atomic bool is_epolled; /* it was given to epoll */

	/* All that follows is under conn_enter. */
	bool is_acting;	   /* cancelling is put off, and cancel_state is what it was */
	int cancel_state;  /* of the thread inside */
	bool is_abandoned; /* at a fork, in the middle of something: not told of yet */
	bool inherited;	   /* by fork: what is on the line is the parent's to do */
	int fd;		   /* where we act */
	bool owns_fd;	   /* a duplicate made when the program closed its own */
	struct socket_id socket;
	struct conn_tls tls;
	struct conn_bridge bridge;
	struct exchange exchange;
	struct conn_zerocopy zerocopy;
	size_t preface;		 /* bytes of the server's that are to be read before the reply */
	struct timer timer;	 /* the next step */
	uint64_t look_again;	 /* when to see whether a kept reply was read; 0: not */
	uint32_t last_operation; /* where aws_call_is_unnamed() found it */
};

/* What a function says instead of a result: the real call is to be made. */
#define CONN_PASS (-2)

/* The server's, in the host's order. */
static inline uint16_t conn_port(const struct conn *conn)
{
	return ntohs(conn->socket.peer.sin6_port);
}

static inline uint32_t conn_attention(const struct conn *conn)
{
	return atomic_load_explicit(&conn->attention, memory_order_acquire);
}

/* Has a rule made something of it? */
static inline bool conn_has_work(const struct conn *conn)
{
	return (conn_attention(conn) & ~(uint32_t)CONN_WATCHED) != 0;
}

/* How many connections have something that the kernel does not tell of: as long as it is 0, nobody needs
 * to look. */
#define CONN_UNTOLD (CONN_KEPT | CONN_NOTIFIES)
extern _Atomic uint32_t conn_untold_count;

/* Sets and clears bits of `attention`. Entered. */
void conn_attend(struct conn *conn, uint32_t set, uint32_t clear);

/* Begins to track a descriptor that has just been connected to `peer`. No system call. */
void conn_track(int fd, const struct sockaddr *peer, socklen_t len);

/* `to` is now a duplicate of fd. */
void conn_share(int fd, int to);

/* The descriptor is closed, or no longer of interest. Entered; leaves the connection, too. */
void conn_drop(struct conn *conn, int fd);

/* Whoever sets the timer keeps the connection for as long. */
void conn_keep(struct conn *conn);
void conn_release(struct conn *conn);

/* The connections that are, or were, in use: 0 .. conn_count() - 1. */
uint32_t conn_count(void);
struct conn *conn_of_index(uint32_t index);

/* The TLS connection whose ClientHello held this random, or NULL. */
struct conn *conn_by_random(const uint8_t random[TLS_RANDOM_LEN]);

/*
 * Takes the connection for this thread. False: the descriptor means something else by now, or this
 * thread is in a connection already (a signal handler), or it is a vfork child; then the call is to be
 * passed on as it is. No system call. conn_enter_always() is for the timer's thread, which knows that
 * the connection is kept.
 */
bool conn_enter(struct conn *conn, int fd);
void conn_enter_always(struct conn *conn);
void conn_leave(struct conn *conn);

/* The same for who has left the connection for a while, when conn->serial was this one. Others may have closed the
 * descriptor meanwhile, and connected anew: that is another connection, be it in the same place. */
static inline bool conn_enter_again(struct conn *conn, int fd, uint64_t serial)
{
	if (!conn_enter(conn, fd))
		return false;
	if (conn->serial == serial)
		return true;
	conn_leave(conn);
	return false;
}

/*
 * Is `fd` still the socket that was connected, and this process its owner? Asked before anything is
 * sent, read, shut down or closed by us; from then on the thread can't be cancelled until it leaves.
 * Entered.
 */
bool conn_verify(struct conn *conn, int fd);

/* The same for what comes on a connection that was verified as it began: a socket that is connected
 * anew has nothing of it to be read. */
bool conn_verify_reader(struct conn *conn, int fd);

/* What goes out from now on goes by this descriptor: that of the last send may be closed. Entered. */
static inline void conn_act_at(struct conn *conn, int fd)
{
	if (!conn->owns_fd)
		conn->fd = fd;
}

/* Gives a descriptor of ours to the connection, that survives the program's close(fd). False: there
 * is none to be had. Entered. */
bool conn_adopt_duplicate(struct conn *conn, int fd);
void conn_close_duplicate(struct conn *conn);

/* Is this thread in the library, so that locks and heap are not to be touched? */
static inline bool conn_is_inside(void)
{
	return inside;
}

/* Counts that it can't be looked into, with the name of its server as far as that is known. Entered. */
void conn_count_blind(struct conn *conn, int reason);

/* The program would not be bridged: tells of it, once, and sees to it that its next connections to that
 * server are left alone. Entered. */
void conn_note_refusal(struct conn *conn);

/* The connection, or the process, ends: has the program gone away from a bridge without a word? */
void conn_judge_bridge(struct conn *conn);

/* The program has spoken behind its handshake: it takes what we say of that server. Entered. */
void conn_note_spoke(struct conn *conn);

/* In the child of a fork: nobody is inside any more. */
void conn_after_fork(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONN_H
#define CHAOS_CONN_H

/* TCP connections that the program has made, and the table that leads from a descriptor to its
 * connection. Descriptors that were duplicated share theirs. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/engine/flow.h"
#include "shim/engine/tls.h"
#include "shim/memory/journal.h"

#define CONN_FDS (1u << 20) /* descriptors past this are not tracked */
#define CONN_MAX 65536u	    /* connections at a time; further ones are not tracked */

/* Bytes of our own, from malloc. */
struct bytes {
	char *at;
	size_t len, cap;
};

struct delayed; /* delay.c */

struct conn {
	_Atomic uintptr_t owner;      /* the thread inside (conn_enter), 0: none */
	int cancel_state;	      /* of that thread, while it is inside */
	_Atomic uint32_t refs;	      /* descriptors, plus one while on the delay line */
	_Atomic uint32_t descriptors; /* of the program */
	_Atomic uint32_t next_free;   /* index + 1 */
	dev_t dev; /* of the socket: a descriptor may be closed behind our back and used anew */
	ino_t ino;
	uint64_t serial; /* tells the connections apart that this place has held */

	/* Outbound. All under conn_enter. */
	struct flow flow;
	struct flow_step *step; /* of the flow: too large for a small stack. Stays with the place */
	_Atomic bool unanswered; /* a request went out, and nothing came since */
	size_t ahead;	   /* bytes decided on, to be forwarded, that the kernel did not take yet */
	struct bytes held; /* undecided */
	struct delayed *first, *last; /* decided, on the delay line */
	size_t queued;		      /* bytes of those */
	int fd;			      /* where the delay line writes */
	bool owns_fd;		      /* a duplicate made when the program closed its own */
	bool inherited;		      /* by fork: what is held back is the parent's to send */

	/* TLS. The flow above is then fed with plaintext, by the session that owns the connection. */
	bool tls;
	bool owned;
	bool pumped; /* the program carries the session's bytes to and fro itself */
	bool has_random;
	uint8_t random[TLS_RANDOM_LEN];
	char server_name[JOURNAL_HOST_MAX]; /* "": not said */
	struct tls_records records;	    /* followed until the connection is owned */
	uint64_t cipher_due;		    /* what is sent waits for this time */

	/* The delay line's. Under its mutex. */
	struct conn *next_in_line;
	uint64_t wake;
	bool in_line;
	uint64_t look_again; /* when to; 0: not. Under conn_enter */

	/* Inbound. The reply is written before `answered` is set, and constant from then on. */
	_Atomic bool answered;
	/* The reply leaves the connection open, and wakes nobody: the program reads it, or is told of
	 * it by poll() and select(). If neither happens soon, it is woken after all. */
	_Atomic bool kept;
	_Atomic bool is_epolled; /* it was given to epoll */
	char *reply;
	size_t reply_len;
	size_t reply_at; /* under conn_enter */
	size_t preface;	 /* bytes that came from the server before, and are to be read first */
};

/* A slot holds index + 1 of the connection; this bit marks a descriptor of the delay line's own. */
#define CONN_PRIVATE 0x80000000u

struct conn_table {
	_Atomic uint32_t slots[CONN_FDS];
	struct conn pool[CONN_MAX];
	_Atomic uint64_t free; /* tag << 32 | index + 1 of the first free conn */
	_Atomic uint32_t used; /* conns that were ever in use */
};

extern struct conn_table conn_table;

/* The connection of a descriptor, or NULL. */
static inline struct conn *conn_at(int fd)
{
	uint32_t slot;

	if (__builtin_expect((unsigned int)fd >= CONN_FDS, 0))
		return NULL;
	slot = atomic_load_explicit(&conn_table.slots[fd], memory_order_relaxed);
	if (__builtin_expect(slot == 0 || slot & CONN_PRIVATE, 1))
		return NULL;
	return &conn_table.pool[slot - 1];
}

/* Is this descriptor one that the delay line made? Then the connection, else NULL. */
struct conn *conn_private_at(int fd);

/* Sends what is held back on all connections: the process ends. */
void conn_finish_all(void);

/* The TLS connection whose ClientHello held this random, or NULL. */
struct conn *conn_by_random(const uint8_t random[TLS_RANDOM_LEN]);

/* Counts it, once, if it is blind. Locked. */
void conn_note_blind(struct conn *conn);

/* Counts the TLS connections that nobody has looked into: the process ends. */
void conn_count_blind(void);

/* Application data went by, and no hooked session owns the connection. */
static inline bool conn_is_blind(const struct conn *conn)
{
	return conn->tls && !conn->owned && conn->records.application > TLS_FINISHED_MAX;
}

/* Begins to track a descriptor that has just been connected. */
void conn_track(int fd);

/* `to` is now a duplicate of fd. */
void conn_share(int fd, int to);

/* The descriptor is closed, or no longer of interest. Locked; leaves the connection, too. */
void conn_drop(struct conn *conn, int fd);

/* The delay line keeps a connection for as long as it has work for it. */
void conn_keep(struct conn *conn);
void conn_release(struct conn *conn);

/* Gives a descriptor of ours to the connection, that survives the program's close(fd). False: there
 * is none to be had. Locked. */
bool conn_adopt_duplicate(struct conn *conn, int fd);

/* Closes that descriptor. Locked. */
void conn_close_duplicate(struct conn *conn);

/*
 * Takes the connection for this thread. False: the descriptor means something else by now, or this
 * thread is in a connection already (a signal handler), or the process is not ours; then the call is
 * to be passed on as it is.
 */
bool conn_enter(struct conn *conn, int fd);
void conn_enter_always(struct conn *conn); /* for the delay line */
void conn_leave(struct conn *conn);
bool conn_is_inside(void); /* this thread */

/* Is the descriptor still the socket that was connected? Locked. */
bool conn_is_current(const struct conn *conn, int fd);

/* In the child of a fork: nobody is inside any more. */
void conn_after_fork(void);

/* The reply has been read: the connection goes on. Locked. */
void conn_drop_reply(struct conn *conn);

/* The reply shall wake whoever waits, after all; the connection ends with it. Locked. */
void conn_end_kept(struct conn *conn);

bool bytes_append(struct bytes *bytes, const char *data, size_t len);
void bytes_consume(struct bytes *bytes, size_t len); /* drops the first `len` */
void bytes_free(struct bytes *bytes);

#endif

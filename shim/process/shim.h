/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_SHIM_H
#define CHAOS_SHIM_H

/* The process's one context: what outlives a single hooked call. */

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "follow.h"
#include "shim/bridge/bridge.h"
#include "shim/engine/endpoints.h"
#include "shim/engine/rules.h"
#include "shim/memory/journal.h"
#include "shim/memory/table.h"

struct observer;

/* Counters are mapped so many together. */
#define SHIM_COUNTERS	   2048u
#define SHIM_COUNTER_PARTS (JOURNAL_COUNTERS / SHIM_COUNTERS)

/* Hosts to which a program would not be bridged, and those to which it has spoken over a bridge; as many of
 * each are remembered. With more of the former nothing is bridged any more, with more of the latter all are
 * taken for such. */
#define SHIM_HOSTS 16u

struct shim_hosts {
	_Atomic uint32_t begun, count; /* of `names` */
	char names[SHIM_HOSTS][JOURNAL_HOST_MAX];
};

/* Files that the program has opened for the authorities in them. */
#define SHIM_BUNDLES 32u

enum shim_bridge_state { BRIDGE_NOT_TRIED, BRIDGE_BEING_LOADED, BRIDGE_LOADED, BRIDGE_NOT_THERE };

/* The bridge's library, once it is loaded. */
struct shim_bridge {
	_Atomic int state; /* enum shim_bridge_state */
	const struct bridge_api *api;
	struct bridge_maker *maker;
	_Atomic(const char *)
		obstacle; /* why there is none, and what to do; NULL: there may be one */
	struct shim_hosts refused, believed;
	_Atomic(struct span *) bundles[SHIM_BUNDLES]; /* what was in them */
	const char *password;			      /* of one of these; NULL: none is known */
	_Atomic uint32_t told; /* so many of these the maker has been told of */
};

struct shim {
	_Atomic pid_t pid; /* 0: not initialised. A vfork child has another one, and our memory */
	char folder[4096]; /* the runtime folder, absolute; "": none can be named */
	char table_path[4160]; /* of the table in it */
	struct endpoints endpoints;
	struct follow follow;
	dev_t stderr_dev; /* of the stderr that the program began with */
	ino_t stderr_ino;
	struct dice dice;
	_Atomic(const struct table *) table;
	_Atomic(struct journal *) journal;	   /* its header alone */
	_Atomic(struct journal_process *) process; /* this process's line in the journal */
	struct journal_process *group;		   /* the part of the list that it is in */
	_Atomic(struct journal_counter *) counters[SHIM_COUNTER_PARTS]; /* NULL: not mapped */
	_Atomic uint64_t journal_inode;
	_Atomic(struct observer *) observer; /* NULL: not mapped */
	_Atomic uint64_t unobservable;	     /* when it could not be mapped */
	char label[EVENT_TEXT_MAX];	     /* CHAOS_LABEL */
	uint32_t run;			     /* JOURNAL_RUN; 0: none */
	_Atomic(struct journal *) guests; /* the same as `journal`, whole, in a guest; else NULL */
	_Atomic uint64_t asked_again;	  /* a guest asks its daemon for nothing before that time */
	_Atomic uint64_t looked;	  /* when the mapped table's file was last looked at */
	_Atomic uint64_t kept_at;	  /* when a retired table was kept for want of memory */
	_Atomic uint64_t refused,
		refused_at;	 /* the inode of a table that is of no use; since when */
	_Atomic bool is_relay;	 /* its connections are those of another program */
	_Atomic bool begun;	 /* the constructor is over */
	_Atomic bool sandboxed;	 /* no system calls are to be made for looking */
	_Atomic bool timeless;	 /* no clock can be read any more */
	_Atomic bool attaching;	 /* the journal: one thread at a time */
	_Atomic bool unlisted;	 /* a fork's child, which has no line in the journal yet */
	_Atomic bool warned;	 /* the reason for not attaching has been said */
	_Atomic bool unattached; /* it has been counted that memory was wanting */
	struct shim_bridge bridge;
	_Atomic uint32_t named;	      /* calls that shim_observes() has said yes to */
	_Atomic bool unobserved_said; /* that calls are missed */
	_Atomic uint32_t blind_said;  /* bit set of the reasons that the user has been told */
};

extern struct shim shim;

/* The process begins; it is the child of a fork. */
void shim_begin(void);
void shim_after_fork(void);

/* False in a child of a raw clone(): its memory may be the parent's. A system call. */
bool shim_is_own(void);

uint64_t shim_now(void); /* CLOCK_MONOTONIC, nanoseconds */

/* attach.c: the daemon's table, NULL while there is none. Two loads while it is attached and in use;
 * else looks for it, or for the one that has taken its place. */
const struct table *shim_table(void);

/* For now and then, as when a connection begins: looks for the table if there is none, and at most once
 * a second whether its file is still the same. */
void shim_look(void);

/* A counter of the journal, mapped if need be; NULL if that cannot be done. */
struct journal_counter *shim_counter(uint32_t counter);

/* count.c: the journal to count in; NULL: none. In a guest this may be where it finds another one. */
struct journal *shim_journal(void);
/* Attaches to the journal in the folder, unless that very file is attached to already. */
void journal_attach(int folder);
/* The same with the guests' journal, of which all but the events is mapped: it cannot be opened again. Keeps the
 * entry that it was given for. False if that cannot be done. */
bool journal_attach_guest(int fd, const char *entry);

/* The first look, in the constructor. */
void shim_attach(void);

/* model.c: takes the model of the opened runtime folder, where the daemon has put one; or this file, if it is
 * of that owner. One thread at a time; a daemon that comes after another may have the same model. */
void shim_load_model(int folder);
void shim_take_model(int fd, uid_t owner);

/* Works the runtime folder out, once: the environment is the program's to change. */
void shim_find_folder(void);

/* Takes a line of its own in the journal, if the child of a fork has none yet. */
void shim_enlist(void);

/* Says something on the program's stderr, unless CHAOS_QUIET is set. */
void shim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says it of this program; for a relay, of the one that it serves. */
void shim_say_of_program(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Is the next call to be named, whatever the rules look at? So it is for the first calls of a process,
 * lest it go unnoticed that the model is too old for what the program does. */
#define SHIM_NAMED 256u
bool shim_observes(void);

/* bridge.c: a function of the bridge's library, which is loaded if need be; NULL: there is none. The caller
 * is inside. */
void *shim_bridge_symbol(const char *name);

/* From now on there is none, for that reason. */
void shim_give_up_bridge(const char *why);

/* Reads whether the user wants no bridge. */
void shim_begin_bridge(void);

/* In the child of a fork: whoever was loading it is no more. */
void shim_bridge_after_fork(void);

/* Node, Bun and Deno, which all speak Node-API, carry a TLS and a store of their own. */
bool shim_is_node(void);

/* May there be one? Not in a sandbox: it opens files. Makes no system call. */
bool shim_may_bridge(void);

/* Why TLS to that host has not been bridged, and what to do about it; NULL: nothing is known of it. Is the TLS
 * `inner`, spoken inside of one that is looked into? */
const char *shim_bridge_obstacle(const char *name, uint16_t port, bool inner);

/* Is shim.bridge there? Loads it, at the first time. The caller is inside. */
bool shim_has_bridge(void);

/* The program trusts the authorities in this file, and so does the bridge on connections that begin from
 * now on. The content is copied: by then the file may be gone, or its name another's. */
void shim_note_bundle(struct span content);

/* Is the server one that the program would not have believed without us either? It may be mended. */
bool shim_is_servers_fault(const struct bridge *bridge);

/* The program does not take what the bridge says of that host: from now on it is left alone there, and
 * told why. `name` as shim_leaves_alone() is asked. Where it is the server that asks for a certificate, at that
 * port alone. */
void shim_note_refusal(const char *name, uint16_t port, const struct bridge *bridge);

/* Can the authority vouch for that server? It was made before anybody spoke of it. If not, likewise. */
bool shim_bridge_covers(const char *name);
bool shim_leaves_alone(const char *name, uint16_t port);

/* The program has taken what the bridge says of that host, and spoken. */
void shim_note_believed(const char *name);
bool shim_is_believed(const char *name);

/* events.c: does somebody observe? Then what an attempt did and met is told as it begins, where `event` comes
 * to know whose it is, and as it ends, with what shim_begin_event() has given; NULL: it cannot be. */
bool shim_records(void);
void shim_prepare_events(void); /* now: later there may be a sandbox */
uint64_t shim_event_time(void); /* CLOCK_MONOTONIC, nanoseconds; 0: it cannot be told */
#define SHIM_EVENT_SIZE 800u	/* of what is remembered of a call under way, at most */
void *shim_take_for_event(size_t size);
void *shim_begin_event(struct event *event);
void shim_end_event(void *place, const struct event *event);
void shim_miss_event(void);

/* What the journal counts. */
void shim_count_connection(void);
void shim_count_lane(enum journal_lane lane);
void shim_count_call(const struct rules_verdict *verdict);
void shim_count_delivered(uint32_t counter, uint64_t rule);
void shim_count_taken(uint32_t counter, uint64_t rule);
void shim_count_unnamed(void); /* besides, for one of which aws_call_is_unnamed() */
/* `reason` of enum journal_blind; the server's name, "" if it is not known; is it AWS, as far as can be
 * told? `why`, for people, tells more than the reason; NULL: nothing does. */
void shim_count_blind(int reason, const char *host, bool is_aws, const char *why);
/* Is it a name of AWS, or of what the program takes for it? */
bool shim_is_aws(const char *name);

#endif

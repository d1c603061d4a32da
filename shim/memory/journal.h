/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_JOURNAL_H
#define CHAOS_JOURNAL_H

/*
 * The journal: a file that all shims write (counters, process list, events) and chaos-control
 * creates and reads. To the daemon all of it is untrusted input. A shim maps of it what it uses: the
 * header, the counters in use, and the part of the process list where its own line may be.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guests.h"

#define JOURNAL_MAGIC	0x6c6e7274736863ull /* "chstrnl", little-endian */
#define JOURNAL_VERSION 3

#define JOURNAL_COUNTERS  131072u
#define JOURNAL_PROCESSES 4096u
#define JOURNAL_EVENTS	  16384u

/* Of one rule. The daemon hands a counter to a rule by writing its id, before it publishes. */
struct journal_counter {
	_Atomic uint64_t rule; /* table_rule.id; 0: free */
	_Atomic uint64_t fired;
	_Atomic uint64_t taken; /* for limits: by compare-and-swap only */
	uint64_t reserved;
};

/* Why a connection or a request could not be looked into. */
enum journal_blind {
	JOURNAL_BLIND_TLS,	 /* a TLS stack that is not hooked */
	JOURNAL_BLIND_HTTP2,	 /* HTTP/2 */
	JOURNAL_BLIND_FRAMING,	 /* a request whose framing makes no sense, or a head over 64 KiB */
	JOURNAL_BLIND_PIPELINED, /* sent before the last answer came */
	JOURNAL_BLIND_FD,	 /* a descriptor number past the shim's table */
	JOURNAL_BLIND_STREAM,	 /* given to stdio, which reads and writes inside libc */
	JOURNAL_BLIND_REFUSED,	 /* the program would not be bridged */
	JOURNAL_BLIND_PORT, /* made by a program's own system calls, to a port that is not led through a relay */
	JOURNAL_BLIND_REASONS
};

/* How a connection's bytes come to be looked at, where the program does not send them in the clear by libc. */
enum journal_lane {
	JOURNAL_LANE_INSIDE, /* in a shared OpenSSL or GnuTLS */
	JOURNAL_LANE_BRIDGE, /* by a TLS of ours, on the program's own socket */
	JOURNAL_LANE_RELAY,  /* by a relay, for a program that makes its own system calls */
	JOURNAL_LANES = 4
};

/* Of the servers that a process was blind to, so many are named. */
#define JOURNAL_HOSTS	 8
#define JOURNAL_HOST_MAX 116

/* A reason and a host, each pair once. Taken by compare-and-swap of `key`, whole once `reason` is
 * set. */
struct journal_host {
	_Atomic uint64_t key;	 /* a hash of both; 0: free */
	_Atomic uint32_t reason; /* enum journal_blind + 1; 0: not whole */
	char host
		[JOURNAL_HOST_MAX]; /* NUL-terminated unless full; behind the NUL why, in words, or NULs */
};

struct journal_process {
	_Atomic uint32_t pid; /* 0: free. Taken by compare-and-swap */
	uint32_t reserved;
	_Atomic uint64_t start; /* field 22 of /proc/PID/stat: a pid alone may be somebody else's */
	uint64_t since;		/* seconds since the epoch */
	_Atomic uint64_t connections; /* HTTP or TLS seen on them */
	_Atomic uint64_t calls;	      /* AWS calls recognised */
	_Atomic uint64_t faults;
	_Atomic uint64_t delayed;
	_Atomic uint64_t blind[JOURNAL_BLIND_REASONS];
	_Atomic uint64_t blind_aws; /* of these, on connections to hosts of AWS */
	char command[64];	    /* NUL-terminated unless full */
	struct journal_host blind_hosts[JOURNAL_HOSTS];
	_Atomic uint64_t unnamed;	       /* calls that the model has no name for */
	_Atomic uint64_t lanes[JOURNAL_LANES]; /* of its connections; one may have two */
	uint64_t reserved2[3];
};

/* A process has its line in the group of its pid, modulo the number of groups: whole pages, so that it
 * can be mapped alone. */
#define JOURNAL_GROUP  32u
#define JOURNAL_GROUPS (JOURNAL_PROCESSES / JOURNAL_GROUP)

/* Room for the event ring: a writer takes a place by adding 1 to journal.event_head; an event is
 * whole when its `sequence` is its place + 1. */
struct journal_event {
	_Atomic uint64_t sequence;
	uint8_t body[248];
};

/* Of the programs that were begun and cannot be followed, so many are named. */
#define JOURNAL_PROGRAMS    16
#define JOURNAL_PROGRAM_MAX 108

/* A program and what stands in the way, each pair once. Taken by compare-and-swap of `key`, whole once
 * `reason` is set. */
struct journal_program {
	_Atomic uint64_t key;		/* a hash of both; 0: free */
	_Atomic uint64_t count;		/* how often it was begun */
	_Atomic uint32_t reason;	/* enum binary_obstacle; 0: not whole */
	char path[JOURNAL_PROGRAM_MAX]; /* NUL-terminated unless full */
};

struct journal {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size; /* offset of counters */
	uint64_t size;
	_Atomic uint64_t calls; /* totals of all processes, also of those that have ended */
	_Atomic uint64_t faults;
	_Atomic uint64_t delayed;
	_Atomic uint64_t connections;
	_Atomic uint64_t blind[JOURNAL_BLIND_REASONS];
	_Atomic uint64_t blind_aws;
	_Atomic uint64_t processes_lost; /* found no free place in the list */
	_Atomic uint64_t event_head;
	_Atomic uint64_t unattached;	/* programs that could not map the table or this */
	_Atomic uint64_t counters_used; /* no rule has a counter from here on */
	_Atomic uint64_t unnamed;	/* calls that the model has no name for */
	_Atomic uint64_t unfollowed;	/* programs that were begun and cannot be followed */
	struct journal_program programs[JOURNAL_PROGRAMS]; /* which they are */
	/* "CHAOS_GUESTS=…", for programs that go over to another user; "": there are no guests. Not in the
	 * guests' own journal. */
	char guests[GUESTS_ENTRY_MAX];
	uint8_t pad[4096 - 176 - JOURNAL_PROGRAMS * 128 - GUESTS_ENTRY_MAX];
	struct journal_counter counters[JOURNAL_COUNTERS];
	struct journal_process processes[JOURNAL_PROCESSES];
	struct journal_event events[JOURNAL_EVENTS];
};

/* Is this the header of a file of `size` bytes that is a journal of this build? */
bool journal_valid(const struct journal *journal, uint64_t size);

/* Field 22 of /proc/PID/stat, 0 if there is no such process. */
uint64_t journal_process_start(uint32_t pid);

/* A relay is for the journal the program that it serves, whose pid is in its environment. 0: this is none. */
#define JOURNAL_RELAY_FOR "CHAOS_RELAY_FOR"
uint32_t journal_relay_for(void);

/* The same of this very process, and its pid; both 0 where there is no /proc. */
void journal_self(uint32_t *pid, uint64_t *start);

#endif

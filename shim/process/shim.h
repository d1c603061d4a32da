/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_SHIM_H
#define CHAOS_SHIM_H

/* The process's one context: what outlives a single hooked call. */

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "shim/engine/rules.h"
#include "shim/memory/journal.h"
#include "shim/memory/table.h"

struct shim {
	_Atomic pid_t pid; /* 0: not initialised. A vfork child has another one, and our memory */
	char folder[4096]; /* the runtime folder, absolute; "": none can be named */
	char table_path[4160]; /* of the table in it */
	dev_t stderr_dev;      /* of the stderr that the program began with */
	ino_t stderr_ino;
	struct dice dice;
	_Atomic(const struct table *) table;
	_Atomic(struct journal *) journal;
	_Atomic(struct journal_process *) process; /* this process's line in the journal */
	_Atomic uint64_t table_inode,
		table_checked;	     /* of the mapped file; when it was last looked at */
	_Atomic bool attaching;	     /* one thread at a time */
	_Atomic bool warned;	     /* the reason for not attaching has been said */
	_Atomic uint32_t blind_said; /* bit set of the reasons that the user has been told */
};

extern struct shim shim;

/* False in a vfork child, and in a child of a raw clone(): its memory may be the parent's. */
bool shim_is_own(void);

uint64_t shim_now(void); /* CLOCK_MONOTONIC, nanoseconds */

/* attach.c: the daemon's table, NULL while there is none. Looks for it if need be. `now` is the time
 * by shim_now(). */
const struct table *shim_table(uint64_t now);

/* model.c: takes the model of the opened runtime folder, where the daemon has put one. */
void shim_load_model(int folder);

/* Works the runtime folder out, once: the environment is the program's to change. */
void shim_find_folder(void);

/* Drops the parent's line in the journal and takes one of its own. In the child of a fork. */
void shim_attach_child(void);

/* Says something on the program's stderr, unless CHAOS_QUIET is set. */
void shim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What the journal counts. */
void shim_count_connection(void);
void shim_count_call(const struct rules_verdict *verdict);
void shim_count_unnamed(void); /* besides, for one of which aws_call_is_unnamed() */
/* `reason` of enum journal_blind; the server's name, "" if it is not known. */
void shim_count_blind(int reason, const char *host);

#endif

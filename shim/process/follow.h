/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_FOLLOW_H
#define CHAOS_FOLLOW_H

/*
 * A program that clears or replaces the environment of a child would lead it past the library. The child
 * is given what is wanting to find library and daemon, and nothing else: no memory but the caller's is
 * written to, for the caller may be a vfork child or a signal handler, and no system call is made.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/engine/endpoints.h"
#include "shim/memory/guests.h"

/* LD_PRELOAD, CHAOS_DIR, CHAOS_REPORT; what chaos-run was asked for, which goes with them; CHAOS_GUESTS. */
#define FOLLOW_WISHES  8
#define FOLLOW_ENTRIES (4 + FOLLOW_WISHES)
#define FOLLOW_LEFT    SIZE_MAX

struct follow {
	const char *name;	       /* of the library's file; NULL: children are left alone */
	bool is_off;		       /* CHAOS_FOLLOW=0: likewise, but they are counted */
	bool is_folder_named;	       /* by CHAOS_DIR, and not the standard one */
	char library[PATH_MAX + 16];   /* "LD_PRELOAD=" and the absolute path */
	char folder[PATH_MAX + 16];    /* "CHAOS_DIR=" and the absolute path; "": none */
	char report[64];	       /* "CHAOS_REPORT=…"; "": not set */
	char guests[GUESTS_ENTRY_MAX]; /* "CHAOS_GUESTS=…"; "": this program is nobody's guest */
	char wishes[FOLLOW_WISHES][PATH_MAX + 32]; /* "CHAOS_QUIET=…" and so on; "": not set */
	char helper[PATH_MAX]; /* chaos-enter, beside the library; "": none can be named */
};

/* Notes what this process has begun with: the environment is the program's to change. `folder` is the
 * runtime folder, absolute; "": none. */
void follow_begin(struct follow *follow, const char *folder);

/* Takes the authority out of this process's environment that chaos-run has put there: another user cannot read
 * it, and Node complains. */
void follow_forget_authority(struct follow *follow);

/* A child without AWS_ENDPOINT_URL is to be supervised at the ports, and bridged to the hosts, that it names for
 * us: these are wished for, too. */
void follow_add_endpoints(struct follow *follow, const struct endpoints *endpoints);

/* What an environment lacks. */
struct follow_plan {
	size_t count;	    /* its entries */
	size_t list;	    /* bytes of its LD_PRELOAD, which are to be kept */
	const char *guests; /* the entry of CHAOS_GUESTS; "": it is to have none */
	size_t places
		[FOLLOW_ENTRIES]; /* which entry is replaced; from `count` on: added; or FOLLOW_LEFT */
	size_t room;		  /* bytes that follow_fill() needs */
};

/* The library's path. */
const char *follow_library(const struct follow *follow);

/* Is the runtime folder of a child with this environment (NULL: empty) this process's, too? */
bool follow_has_folder(const struct follow *follow, char *const envp[]);

/* `guests` is the entry that the child needs as another user's, and stays the caller's; "": none. `envp` may
 * be NULL: empty. Returns false if it lacks nothing. */
bool follow_plan(const struct follow *follow, const char *guests, char *const envp[],
	struct follow_plan *plan);

/* Where all may see what the child is given: leaves the secret out. False: then it lacks nothing else. */
bool follow_plan_openly(struct follow_plan *plan);

/* Makes the environment in `room`, of plan->room bytes; it uses the strings of `envp`. */
char *const *follow_fill(const struct follow *follow, char *const envp[],
	const struct follow_plan *plan, void *room);

#endif

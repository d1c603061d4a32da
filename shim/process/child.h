/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CHILD_H
#define CHAOS_CHILD_H

/* A program that is about to begin, as a child or in the place of this one: can it be followed? As long as
 * no daemon has answered this is not asked, and all is as the program wants it. */

#include <stdbool.h>

#include "enter.h"
#include "follow.h"
#include "shim/memory/journal.h"

struct child {
	bool is_given; /* its environment lacks something, and is to be made by the plan */
	char guests[GUESTS_ENTRY_MAX]; /* the plan's */
	struct follow_plan plan;
	struct enter enter; /* .room: it is to be begun by chaos-enter */
	bool cannot_begin;  /* there is no such file, or nobody may execute it */
	struct journal
		*journal; /* where it is counted as one that cannot be followed; NULL: it can */
	struct journal_program *place; /* in its list */
};

/*
 * Looks at the program and its environment (NULL: empty), and counts what cannot be followed. `how`: of
 * enum binary_how. `argv` NULL: it cannot be begun by another program. Writes to nothing but the journal
 * and the stack, so that a vfork child may call it. errno stays as it is.
 */
void child_begin(
	struct child *child, const char *command, int how, char *const argv[], char *const envp[]);

/* The same where a relative path begins in a folder: of spawned_folder(). It stays the caller's. */
void child_begin_from(struct child *child, int folder, const char *command, int how,
	char *const argv[], char *const envp[]);

/* Can it be followed at all? Else nobody needs to know more of it. */
bool child_is_looked_at(void);

/* The same of a descriptor's file (`path` ""), or of a path that begins at a folder's. */
void child_begin_at(
	struct child *child, int fd, const char *path, char *const argv[], char *const envp[]);

/* chaos-enter did not begin: the program is begun by itself, and counted. errno stays as it is. */
void child_begin_alone(struct child *child, char *const envp[]);

/* It did not begin. errno stays as it is. */
void child_failed(const struct child *child);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_WRITER_H
#define CHAOS_CONTROL_WRITER_H

/* The one writer of the rule table, and the keeper of the journal. */

#include <stddef.h>

#include "compile.h"
#include "counters.h"
#include "guests.h"
#include "mapped.h"
#include "rule.h"
#include "shim/memory/journal.h"
#include "shim/memory/table.h"

struct writer {
	struct table *table;
	struct journal *journal;
	int folder_fd;
	struct mapped table_file, journal_file;
	struct guests guests; /* whose journal has the same counters */
	struct counters counters;
	/* Bytes from the beginning of each part of each slot, and of the counters, that have been
	 * given their room on the file system. */
	size_t slot_room[2][COMPILED_PARTS];
	size_t counters_room;
	bool has_events; /* operations and events have theirs */
	char reason[MAPPED_REASON];
};

/*
 * Opens or creates `table` and `journal` in the folder (mode 0600). A valid file is taken over in
 * place, so that running shims stay attached, with its generation and rules in force until the next
 * publication; one that is damaged, of another size or version is replaced by a new file (the old
 * one is marked retired where possible). A new journal brings a new table with it, since it is the
 * table's retirement that makes shims look again. A symbolic link, or a file that is not the user's
 * own, is an error.
 * Returns 0 or -errno, with *reason naming the file and what is wrong (static or in a buffer of the
 * writer's own; valid until the next call).
 */
int writer_open(struct writer *writer, const char *folder, const char **reason);

/*
 * Compiles the rules (in the order in which they are to be tried) into the idle slot and publishes
 * it; rules that the table has no room for go into a new and larger one, which takes its place. On an
 * error nothing has changed: -ENOSPC with *reason saying what is full and the limit (also
 * the file system), -EINVAL if a name, code or message is over its limit.
 */
int writer_publish(struct writer *writer, const struct rule *const *rules, size_t count,
	uint64_t latency_ns, uint32_t flags, const char **reason);

/* Serves guests from now on. The writer stays at its place until it is closed. */
void writer_serve_guests(struct writer *writer);

/* How often a rule has fired since it came into the configuration. */
uint64_t writer_fired(const struct writer *writer, uint64_t rule_id);

/* What is counted of a rule of the configuration, by guests, too. False: nothing is, and all is 0. */
bool writer_count(const struct writer *writer, uint64_t rule_id, struct journal_counter *counter);

/* A total of the journal's, `at` bytes from its beginning, with that of the guests. */
uint64_t writer_total(const struct writer *writer, size_t at);
#define WRITER_TOTAL(writer, field) writer_total(writer, offsetof(struct journal, field))

void writer_close(struct writer *writer);

#endif

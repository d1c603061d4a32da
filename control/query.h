/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_QUERY_H
#define CHAOS_CONTROL_QUERY_H

/* Which events a client wants, as the parameters of its URL say. */

#include <stdbool.h>
#include <stddef.h>

#include "refusal.h"
#include "shim/memory/event.h"
#include "shim/memory/table.h"

struct parameter {
	const char *name, *value; /* value NULL: the name stands alone */
};

enum query_since {
	QUERY_UNSAID,
	QUERY_NUMBER, /* of an event */
	QUERY_TIME,   /* nanoseconds since the epoch */
};

struct query {
	enum query_since kind;
	uint64_t since;
	char service[TABLE_NAME_MAX + 1], operation[TABLE_NAME_MAX + 1]; /* globs; "": all */
	uint64_t rule;							 /* 0: all */
	uint32_t pid;							 /* 0: all */
	uint64_t limit;							 /* 0: none */
	bool redact;
};

/*
 * Reads the parameters. `head` is the number of the next event: an integer up to it is the number of an
 * event, as is any below a thousand million; a larger one is a time in seconds since the epoch.
 * Returns 0, or -EINVAL with the parameter in why->field.
 */
int query_read(struct query *query, const struct parameter *parameters, size_t count, uint64_t head,
	struct refusal *why);

/* Nanoseconds since the epoch of "2026-11-25T17:00:00.5Z" (or +01:00; without either it is UTC) or
 * of "1795626000.5". False: it is neither. */
bool query_time(const char *text, uint64_t *ns);

bool query_matches(const struct query *query, const struct event *event);

#endif

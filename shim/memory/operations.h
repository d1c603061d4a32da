/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_OPERATIONS_H
#define CHAOS_OPERATIONS_H

/*
 * What is counted of each operation while somebody observes. Exact, whatever becomes of the events:
 * a line is taken by compare-and-swap, and never given back.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "event.h"

#define OPERATIONS	     2048u
#define OPERATION_OTHERS     (OPERATIONS - 1) /* those that found no line of their own */
#define OPERATION_STATUSES   16
#define OPERATION_BUCKETS    256
#define OPERATION_NAME_MAX   88
#define OPERATION_FAMILY_MAX 32 /* of the service's name */

struct operation {
	_Atomic uint64_t key;	/* a hash of both names; 0: free */
	_Atomic uint32_t named; /* both names are there */
	uint8_t service_len, operation_len;
	uint8_t reserved[2];
	char service[OPERATION_FAMILY_MAX];
	char operation[OPERATION_NAME_MAX];
	_Atomic uint64_t calls;	   /* first attempts, and those of which that is not known */
	_Atomic uint64_t attempts; /* requests */
	_Atomic uint64_t ended;	   /* of these, with whatever end */
	_Atomic uint64_t faults;   /* attempts that a rule has answered */
	_Atomic uint64_t delayed;
	_Atomic uint64_t succeeded;  /* attempts that were answered with less than 400 */
	_Atomic uint64_t recovered;  /* of these, which were not the first of their call */
	_Atomic uint64_t unanswered; /* ended, and no status came */
	_Atomic uint64_t duration;   /* nanoseconds of all attempts with a status */
	struct {
		_Atomic uint32_t status; /* 0: free */
		_Atomic uint32_t count;
	} statuses[OPERATION_STATUSES]; /* the last one counts all further statuses, as 0 */
	_Atomic uint32_t durations[OPERATION_BUCKETS]; /* of attempts with a status, by size */
};

/* The line of an operation, taken if need be: its place in `lines`. */
uint32_t operations_find(struct operation *lines, struct span service, struct span operation);

/* An attempt begins; it has ended, with all that the event says. One without a time has no duration. */
void operations_begin(struct operation *line, const struct event *event);
void operations_end(struct operation *line, const struct event *event);

/* Nanoseconds below which that share (0 to 1) of the durations lies, within a sixteenth; 0: there are none. */
uint64_t operations_quantile(const struct operation *line, double share);

/* The least and the most that it can be. */
uint64_t operations_quantile_least(const struct operation *line, double share);
uint64_t operations_quantile_most(const struct operation *line, double share);

/* Which bucket a duration is counted in, and the middle of a bucket, in nanoseconds. */
uint32_t operations_bucket(uint64_t duration);
uint64_t operations_middle(uint32_t bucket);

#endif

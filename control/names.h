/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_NAMES_H
#define CHAOS_CONTROL_NAMES_H

/* Warnings about rules that are sound but may never fire: names that the model does not know. */

#include <stdint.h>

#include "rule.h"
#include "shim/base/span.h"

#define NAMES_WARNINGS	  8
#define NAMES_WARNING_MAX 768
#define NAMES_NEAREST	  3

struct names_warnings {
	int count;
	int globs_left;				      /* comparisons; set by names_begin() */
	char text[NAMES_WARNINGS][NAMES_WARNING_MAX]; /* ASCII, fit for a header */
};

/* All operation names of the model, sorted, with the service of each. */
struct names;

/* Allocated; the caller calls names_close(). */
struct names *names_open(void);
void names_close(struct names *names);

/* Warnings of one request start from here. */
void names_begin(struct names_warnings *warnings);

/* Adds a warning about rule `number`. Returns its text, to be gone on with up to NAMES_WARNING_MAX,
 * or NULL if there is no room for one. */
char *names_warn(struct names_warnings *warnings, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds what is odd about a rule, which is the request's rule number `number`, counted from 1. Once
 * the warnings are full it does nothing. */
void names_check(const struct names *names, const struct rule *rule, int number,
	struct names_warnings *warnings);

/*
 * The distance of two names in single letters put in, left out, changed or swapped with the next,
 * case aside (Damerau and Levenshtein, no part edited twice); above `limit`: limit + 1. In `a`, '*'
 * stands for any letters and '?' for any one.
 */
int names_distance(struct span a, struct span b, int limit);

#endif

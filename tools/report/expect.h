/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_EXPECT_H
#define CHAOS_REPORT_EXPECT_H

/*
 * What a run is expected to show:
 *
 *   expectation = [subject ":"] measure operator (number | measure)
 *   subject     = SERVICE ["." OPERATION], both may be globs | "rule:" NAME
 *   operator    = "==" | "!=" | "<" | "<=" | ">" | ">="
 */

#include <stdbool.h>
#include <stddef.h>

enum expect_measure {
	EXPECT_CALLS,
	EXPECT_FAILED,
	EXPECT_RECOVERED,
	EXPECT_ATTEMPTS, /* the most of any one call */
	EXPECT_REQUESTS, /* all attempts together */
	EXPECT_FAULTS,
	EXPECT_DELAYED,
	EXPECT_UNANSWERED,
	EXPECT_STATUS, /* requests answered with that status */
	EXPECT_MATCHED,
	EXPECT_PLANNED,
	EXPECT_DELIVERED,
	EXPECT_TAKEN,
	EXPECT_BLIND,
	EXPECT_P50,
	EXPECT_P90,
	EXPECT_P99,
	EXPECT_MEASURES
};

enum expect_operator {
	EXPECT_EQUAL,
	EXPECT_UNEQUAL,
	EXPECT_BELOW,
	EXPECT_MOST,
	EXPECT_ABOVE,
	EXPECT_LEAST
};

enum expect_subject { EXPECT_ALL, EXPECT_OPERATION, EXPECT_RULE };

struct expect_term {
	enum expect_measure measure;
	int status; /* of EXPECT_STATUS */
};

struct expectation {
	char *text; /* as it was given, blanks around it aside */
	enum expect_subject subject;
	char *service, *operation; /* globs; NULL: any */
	char *rule;
	struct expect_term left;
	enum expect_operator op;
	bool is_number;
	double number; /* of nanoseconds for durations */
	struct expect_term right;
};

#define EXPECT_REASON_MAX 512

/*
 * Reads one. Returns 0 and the caller frees it with expect_free(); or the column, from 1, at which it is
 * wrong, with what is wrong and what to do.
 */
int expect_parse(const char *text, struct expectation *expectation, char reason[EXPECT_REASON_MAX]);

/* Does the measure say how long something took? */
bool expect_is_duration(enum expect_measure measure);

void expect_free(struct expectation *expectation);

#endif

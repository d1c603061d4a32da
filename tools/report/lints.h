/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_LINTS_H
#define CHAOS_REPORT_LINTS_H

/* What the calls of a run show that a program should do in another way. */

#include <cjson/cJSON.h>

#include "report.h"

enum lint_kind {
	LINT_REPEATED,	/* what hardly changes is asked for again and again */
	LINT_POLLING,	/* the same question, at once or soon, many times */
	LINT_EMPTY,	/* short polling of a queue that has nothing */
	LINT_UPLOAD,	/* a multipart upload was neither completed nor aborted */
	LINT_UNDELETED, /* messages were received, and none was deleted */
	LINT_KINDS
};

struct lint {
	enum lint_kind kind;
	uint32_t first, last; /* attempts that show it */
	uint32_t count;	      /* of them */
};

struct lints {
	const struct report *report;
	struct lint *all;
	uint32_t count;
};

/* The report is to outlive them. */
void lints_find(struct lints *lints, const struct report *report);
void lints_free(struct lints *lints);

const char *lint_name(enum lint_kind kind);

void lints_write(FILE *out, bool colours, const struct lints *lints);

/* The member "lints" of a report's JSON. The names are for good. The caller deletes it. */
cJSON *lints_json(const struct lints *lints);

#endif

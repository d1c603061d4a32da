/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_REPORT_WANTED_H
#define CHAOS_REPORT_WANTED_H

/* What somebody wants of a report, as chaos-run's options say it. */

#include <cjson/cJSON.h>

#include "check.h"

enum wanted_form { WANTED_TEXT, WANTED_JSON, WANTED_JUNIT, WANTED_HTML };

struct wanted_file {
	enum wanted_form form;
	const char *path; /* "-": stdout; NULL: stderr */
};

#define WANTED_FILES 16

struct wanted {
	struct wanted_file files[WANTED_FILES];
	size_t file_count;
	struct expectation *expectations;
	size_t expectation_count;
	bool trace, fail_on_unmatched, fail_on_untaken;
	bool retry_audit, lint;
	const char *iam_policy; /* a file; "-": stdout; NULL: none */
	const char *baseline_path;
	cJSON *baseline; /* the report of another run; NULL: none */
};

#define WANTED_REASON_MAX 1024

/* "text", "json:FILE", "junit:FILE", "html:FILE". What is wrong with it is left in `reason`. The text stays the
 * caller's. */
void wanted_report(struct wanted *wanted, const char *text, char reason[WANTED_REASON_MAX]);

/* An expectation; a file with one on each line, '#' begins a comment. */
void wanted_expect(struct wanted *wanted, const char *text, char reason[WANTED_REASON_MAX]);
void wanted_expect_file(struct wanted *wanted, const char *path, char reason[WANTED_REASON_MAX]);

/* Says on stderr which names of services and operations are not known: no call may ever have them. */
void wanted_warn(const struct wanted *wanted);

/* The report of another run; where the policy goes. */
void wanted_baseline(struct wanted *wanted, const char *path, char reason[WANTED_REASON_MAX]);
void wanted_policy(struct wanted *wanted, const char *path, char reason[WANTED_REASON_MAX]);

/* How many verdicts there are at most, and what they are. */
size_t wanted_verdicts(const struct wanted *wanted);
size_t wanted_judge(
	const struct wanted *wanted, const struct report *report, struct verdict *verdicts);

void wanted_free(struct wanted *wanted);

#endif

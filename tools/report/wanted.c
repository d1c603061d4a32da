/* SPDX-License-Identifier: Apache-2.0 */
#include "wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "beside.h"
#include "control/file.h"
#include "control/memory.h"
#include "control/names.h"

#define EXPECT_FILE_MAX (1u << 20) /* bytes */

void wanted_report(struct wanted *wanted, const char *text, char reason[WANTED_REASON_MAX])
{
	static const char *const forms[] = {[WANTED_TEXT] = "text",
		[WANTED_JSON] = "json",
		[WANTED_JUNIT] = "junit",
		[WANTED_HTML] = "html"};
	size_t len = strcspn(text, ":");
	struct wanted_file file = {.path = text[len] ? text + len + 1 : NULL};

	for (; file.form <= WANTED_HTML; file.form++)
		if (strlen(forms[file.form]) == len && !strncmp(forms[file.form], text, len))
			break;
	if (file.form > WANTED_HTML)
		snprintf(reason, WANTED_REASON_MAX,
			"--report: '%.*s' is no form; forms are text, json, junit and html",
			(int)len, text);
	else if (file.form != WANTED_TEXT && (!file.path || !*file.path))
		snprintf(reason, WANTED_REASON_MAX,
			"--report=%s: a file is missing; say --report=%s:FILE, or - for stdout",
			forms[file.form], forms[file.form]);
	else if (wanted->file_count == WANTED_FILES)
		snprintf(reason, WANTED_REASON_MAX, "--report: %d are enough", WANTED_FILES);
	/* It is better known before the command has run. */
	else if (file.path && strcmp(file.path, "-") != 0 && !beside_check(file.path))
		snprintf(reason, WANTED_REASON_MAX, "--report: cannot write %.400s: %s", file.path,
			strerror(errno));
	else
		wanted->files[wanted->file_count++] = file;
}

static void add(struct wanted *wanted, const struct expectation *expectation)
{
	wanted->expectations = sure(reallocarray(wanted->expectations,
		wanted->expectation_count + 1, sizeof(*wanted->expectations)));
	wanted->expectations[wanted->expectation_count++] = *expectation;
}

void wanted_expect(struct wanted *wanted, const char *text, char reason[WANTED_REASON_MAX])
{
	struct expectation expectation;
	char why[EXPECT_REASON_MAX];
	int column = expect_parse(text, &expectation, why);

	if (column)
		snprintf(reason, WANTED_REASON_MAX, "--expect '%.200s': column %d: %s", text,
			column, why);
	else
		add(wanted, &expectation);
}

/* A '#' begins a comment at the beginning of a line, or behind a blank. */
static void cut_comment(char *line)
{
	for (char *at = line; *at; at++)
		if (*at == '#' && (at == line || at[-1] == ' ' || at[-1] == '\t')) {
			*at = '\0';
			return;
		}
}

static void take_line(struct wanted *wanted, char *line, const char *path, int number,
	char reason[WANTED_REASON_MAX])
{
	struct expectation expectation;
	char why[EXPECT_REASON_MAX];
	int column;

	cut_comment(line);
	line[strcspn(line, "\r")] = '\0';
	if (!line[strspn(line, " \t")])
		return;
	column = expect_parse(line, &expectation, why);
	if (column)
		snprintf(reason, WANTED_REASON_MAX, "--expect-file %.300s: line %d, column %d: %s",
			path, number, column, why);
	else
		add(wanted, &expectation);
}

void wanted_expect_file(struct wanted *wanted, const char *path, char reason[WANTED_REASON_MAX])
{
	size_t size;
	char *text = file_read_at_most(path, EXPECT_FILE_MAX, &size);
	int number = 1;

	if (!text) {
		snprintf(reason, WANTED_REASON_MAX, "--expect-file %.300s: %s", path,
			errno == EFBIG ? "it is larger than 1 MB; is it a file of expectations?"
				       : strerror(errno));
		return;
	}
	for (char *line = text, *next; line && !*reason; line = next, number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		take_line(wanted, line, path, number, reason);
	}
	free(text);
}

/* What follows is about rules. */
static void cut_consequence(char *text)
{
	static const char *const beginnings[] = {" As it stands", ": the rule"};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
		char *at = strstr(text, beginnings[i]);

		if (at)
			*at = '\0';
	}
}

static void warn(const struct names *names, const struct expectation *expectation)
{
	static char code[] = ""; /* of no service */
	const struct rule rule = {.service = expectation->service,
		.operation = expectation->operation,
		.probability = 1,
		.status = 503,
		.code = code};
	struct names_warnings warnings;

	names_begin(&warnings);
	names_check(names, &rule, 1, &warnings);
	for (int i = 0; i < warnings.count; i++) {
		char *text = warnings.text[i] + strcspn(warnings.text[i], ":");

		cut_consequence(text);
		fprintf(stderr, "chaos-run: warning: --expect '%s'%s\n", expectation->text, text);
	}
}

void wanted_warn(const struct wanted *wanted)
{
	struct names *names = NULL;

	for (size_t i = 0; i < wanted->expectation_count; i++) {
		if (wanted->expectations[i].subject != EXPECT_OPERATION)
			continue;
		if (!names)
			names = names_open();
		warn(names, &wanted->expectations[i]);
	}
	if (names)
		names_close(names);
}

void wanted_baseline(struct wanted *wanted, const char *path, char reason[WANTED_REASON_MAX])
{
	cJSON_Delete(wanted->baseline);
	wanted->baseline_path = path;
	wanted->baseline = baseline_read(path, reason);
}

void wanted_policy(struct wanted *wanted, const char *path, char reason[WANTED_REASON_MAX])
{
	wanted->iam_policy = path;
	if (strcmp(path, "-") != 0 && !beside_check(path))
		snprintf(reason, WANTED_REASON_MAX, "--iam-policy: cannot write %.400s: %s", path,
			strerror(errno));
}

size_t wanted_verdicts(const struct wanted *wanted)
{
	return wanted->expectation_count + 2;
}

size_t wanted_judge(
	const struct wanted *wanted, const struct report *report, struct verdict *verdicts)
{
	size_t count = 0;

	for (; count < wanted->expectation_count; count++)
		check_expectation(report, &wanted->expectations[count], &verdicts[count]);
	if (wanted->fail_on_unmatched)
		check_unmatched(report, &verdicts[count++]);
	if (wanted->fail_on_untaken)
		check_untaken(report, &verdicts[count++]);
	return count;
}

void wanted_free(struct wanted *wanted)
{
	for (size_t i = 0; i < wanted->expectation_count; i++)
		expect_free(&wanted->expectations[i]);
	free(wanted->expectations);
	cJSON_Delete(wanted->baseline);
	*wanted = (struct wanted){0};
}

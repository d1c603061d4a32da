/* SPDX-License-Identifier: Apache-2.0 */
#include "write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "control/memory.h"
#include "control/utf8.h"
#include "html.h"
#include "json_report.h"
#include "junit.h"
#include "style.h"
#include "text.h"

static void write_json(
	FILE *out, const struct report *report, const struct verdict *verdicts, size_t count)
{
	cJSON *json = json_report(report, verdicts, count);
	char *text = sure(cJSON_Print(json)), *plain = utf8_json(text);

	fprintf(out, "%s\n", plain);
	free(plain);
	free(text);
	cJSON_Delete(json);
}

static void write_form(FILE *out, enum wanted_form form, const struct report *report,
	const struct verdict *verdicts, size_t count)
{
	switch (form) {
	case WANTED_JSON:
		write_json(out, report, verdicts, count);
		break;
	case WANTED_JUNIT:
		junit_write(out, report, verdicts, count);
		break;
	case WANTED_HTML:
		html_write(out, report, verdicts, count);
		break;
	case WANTED_TEXT:
		text_write(out, style_wanted(out), report);
	}
}

static bool write_stream(FILE *out, enum wanted_form form, const struct report *report,
	const struct verdict *verdicts, size_t count)
{
	write_form(out, form, report, verdicts, count);
	return fflush(out) != EOF && !ferror(out);
}

static bool write_file(const struct wanted_file *file, const struct report *report,
	const struct verdict *verdicts, size_t count)
{
	bool is_stdout = file->path && !strcmp(file->path, "-");
	struct beside beside;
	bool is_written = false;

	if (!file->path || is_stdout) {
		is_written = write_stream(
			is_stdout ? stdout : stderr, file->form, report, verdicts, count);
	} else if (beside_open(&beside, file->path)) {
		write_form(beside.out, file->form, report, verdicts, count);
		is_written = beside_close(&beside);
	}
	if (!is_written)
		fprintf(stderr, "chaos-run: --report: cannot write %s: %s\n",
			file->path ? file->path : "to stderr", strerror(errno));
	return is_written;
}

bool write_reports(const struct report *report, const struct wanted *wanted,
	const struct verdict *verdicts, size_t count)
{
	bool are_written = true;

	for (size_t i = 0; i < wanted->file_count; i++)
		are_written &= write_file(&wanted->files[i], report, verdicts, count);
	return are_written;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "beside.h"
#include "control/memory.h"
#include "control/stats.h"
#include "control/utf8.h"
#include "ledger_json.h"
#include "ledger_text.h"
#include "lints.h"
#include "operations.h"
#include "policy.h"
#include "style.h"

static void compare(
	const struct report *report, const struct ledger *ledger, const struct wanted *wanted)
{
	cJSON *now = sure(cJSON_CreateObject());

	cJSON_AddItemToObject(now, "operations", operations_json(report));
	cJSON_AddItemToObject(now, "ledger", ledger_json(ledger));
	baseline_write(stderr, style_wanted(stderr), wanted->baseline_path, wanted->baseline, now);
	cJSON_Delete(now);
}

static void write_ledger(const struct report *report, const struct wanted *wanted)
{
	struct ledger ledger;

	ledger_make(&ledger, report);
	if (wanted->retry_audit)
		ledger_text_write(stderr, style_wanted(stderr), &ledger);
	if (wanted->baseline)
		compare(report, &ledger, wanted);
	ledger_free(&ledger);
}

static void write_lints(const struct report *report)
{
	struct lints lints;

	lints_find(&lints, report);
	lints_write(stderr, style_wanted(stderr), &lints);
	lints_free(&lints);
}

static bool write_policy(const struct report *report, const char *path)
{
	cJSON *policy = policy_json(report);
	char *printed = sure(cJSON_Print(policy)), *text = utf8_json(printed);
	struct beside file;
	bool is_written = false;

	if (strcmp(path, "-") == 0) {
		is_written = printf("%s\n", text) > 0 && fflush(stdout) != EOF;
	} else if (beside_open(&file, path)) {
		fprintf(file.out, "%s\n", text);
		is_written = beside_close(&file);
	}
	free(text);
	free(printed);
	cJSON_Delete(policy);
	if (!is_written)
		fprintf(stderr, "chaos-run: --iam-policy: cannot write %s: %s\n", path,
			strerror(errno));
	return is_written;
}

bool audit_write(const struct report *report, const struct wanted *wanted)
{
	if (wanted->retry_audit || wanted->baseline)
		write_ledger(report, wanted);
	if (wanted->lint)
		write_lints(report);
	return !wanted->iam_policy || write_policy(report, wanted->iam_policy);
}

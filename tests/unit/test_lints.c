/* SPDX-License-Identifier: Apache-2.0 */
/* What lints find, and what they do not. */

#include "report_of.h"
#include "suite.h"
#include "tools/report/lints.h"

static struct report report;
static struct lints lints;

static void setup(void)
{
	report = (struct report){0};
}

static void teardown(void)
{
	lints_free(&lints);
	report_free(&report);
}

/* The same call so often, so many milliseconds apart. */
struct times {
	struct told told;
	unsigned count, apart;
};

static const struct {
	struct times times[3];
	const char *name; /* NULL: nothing is found */
} cases[] = {
	{{{{.service = "ssm", .operation = "GetParameter", .status = 200, .body = 1}, 5, 100}},
		"asked again and again"},
	{{{{.service = "ssm", .operation = "GetParameter", .status = 200, .body = 1}, 4, 100}},
		NULL},
	{{{{.service = "ssm", .operation = "GetParameter", .status = 200, .body = 1}, 9, 5000}},
		NULL},
	{{{{.service = "ssm", .operation = "GetParameter", .status = 400, .body = 1}, 9, 100}},
		NULL},
	{{{{.service = "secretsmanager", .operation = "GetSecretValue", .status = 200}, 6, 100}},
		"asked again and again"},
	{{{{.service = "sts", .operation = "AssumeRole", .status = 200, .body = 1}, 3, 100},
		 {{.service = "sts", .operation = "AssumeRole", .status = 200, .body = 2}, 3, 100}},
		"asked again and again"},
	{{{{.operation = "GetItem", .status = 200, .body = 1}, 6, 100}}, "asked again and again"},
	/* Other keys of the same table. */
	{{{{.operation = "GetItem", .status = 200, .body = 1}, 3, 100},
		 {{.operation = "GetItem", .status = 200, .body = 2}, 3, 100}},
		NULL},
	/* It is not known which keys. */
	{{{{.operation = "GetItem", .status = 200}, 30, 100}}, NULL},
	/* Other processes. */
	{{{{.operation = "GetItem", .status = 200, .body = 1, .pid = 8}, 3, 100},
		 {{.operation = "GetItem", .status = 200, .body = 1, .pid = 9}, 3, 100}},
		NULL},
	{{{{.operation = "DescribeTable", .status = 200, .body = 1}, 12, 200}},
		"polling without back-off"},
	{{{{.operation = "DescribeTable", .status = 200, .body = 1}, 9, 200}}, NULL},
	{{{{.operation = "DescribeTable", .status = 200, .body = 1}, 20, 5000}}, NULL},
	{{{{.service = "s3", .operation = "HeadObject", .resource = "b/k", .status = 200}, 12, 20}},
		"polling without back-off"},
	/* Pages. */
	{{{{.service = "s3", .operation = "ListObjectsV2", .resource = "b", .status = 200}, 30,
		 20}},
		NULL},
	{{{{.operation = "PutItem", .status = 200, .body = 1}, 30, 20}}, NULL},
	{{{{.service = "sqs", .operation = "ReceiveMessage", .status = 200, .received = 240}, 12,
		 100}},
		"short polling"},
	/* Long polling. */
	{{{{.service = "sqs",
		   .operation = "ReceiveMessage",
		   .status = 200,
		   .received = 240,
		   .takes = 20000},
		 12, 20001}},
		NULL},
	{{{{.service = "sqs", .operation = "ReceiveMessage", .status = 200, .received = 900}, 1,
		 0}},
		"messages never deleted"},
	{{{{.service = "sqs", .operation = "ReceiveMessage", .status = 200, .received = 900}, 3,
		  100},
		 {{.service = "sqs", .operation = "DeleteMessage", .status = 200}, 3, 100}},
		NULL},
	{{{{.service = "s3", .operation = "CreateMultipartUpload", .status = 200}, 1, 0},
		 {{.service = "s3", .operation = "UploadPart", .status = 200}, 2, 100}},
		"upload left open"},
	{{{{.service = "s3", .operation = "CreateMultipartUpload", .status = 200}, 1, 0},
		 {{.service = "s3", .operation = "CompleteMultipartUpload", .status = 500}, 2,
			 100}},
		"upload left open"},
	{{{{.service = "s3", .operation = "CreateMultipartUpload", .status = 200}, 1, 0},
		 {{.service = "s3", .operation = "CompleteMultipartUpload", .status = 200}, 1,
			 100}},
		NULL},
	{{{{.service = "s3", .operation = "CreateMultipartUpload", .status = 200}, 1, 0},
		 {{.service = "s3", .operation = "AbortMultipartUpload", .status = 204}, 1, 100}},
		NULL},
	{{{{.service = "s3", .operation = "CreateMultipartUpload", .status = 503}, 1, 0}}, NULL},
};

START_TEST(a_lint_is_found_where_there_is_one)
{
	unsigned at = 0;

	for (int i = 0; i < 3; i++) {
		struct told told = cases[_i].times[i].told;

		for (unsigned k = 0; k < cases[_i].times[i].count; k++) {
			told.at = at;
			at += cases[_i].times[i].apart;
			tell(&report, &told);
		}
	}
	calls_find(&report);
	lints_find(&lints, &report);
	ck_assert_uint_eq(lints.count, cases[_i].name != NULL);
	if (lints.count)
		ck_assert_str_eq(lint_name(lints.all[0].kind), cases[_i].name);
}
END_TEST

START_TEST(polling_that_backs_off_is_none)
{
	struct told told = {.operation = "DescribeTable", .status = 200, .body = 1};

	for (unsigned i = 0; i < 16; i++) {
		told.at += 20 * (i + 1);
		tell(&report, &told);
	}
	lints_find(&lints, &report);
	ck_assert_uint_eq(lints.count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lints");
	TCase *tests = tcase_create("lints");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, a_lint_is_found_where_there_is_one, 0, COUNT(cases));
	tcase_add_test(tests, polling_that_backs_off_is_none);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}

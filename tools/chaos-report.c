/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What chaos-run has beside the command that it runs: gathers what the command's programs do, and tells of
 * it when it has ended. On stdin is a socket: a byte goes out when the command may begin, and what wait()
 * said of it comes in when it has ended.
 */

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/memory.h"
#include "report/audit.h"
#include "report/gather.h"
#include "report/style.h"
#include "report/trace.h"
#include "report/wanted.h"
#include "report/write.h"

enum { EXIT_MISSED = 124, EXIT_OWN = 125 };

/* Milliseconds between two looks; the ring holds what a machine can send in that time. */
enum { LOOK_OFTEN = 10, LOOK_SELDOM = 40 };

static const char help[] =
	"Usage: chaos-report --dir DIR --run NUMBER [OPTION]... [-- COMMAND [ARGUMENT]...]\n"
	"Of use to chaos-run alone, which begins it: see chaos-run(1).\n";

static bool take_option(struct wanted *wanted, struct report *report, int option)
{
	char reason[WANTED_REASON_MAX] = "";

	switch (option) {
	case 'd':
		report->folder = optarg;
		return true;
	case 'R':
		report->run = (uint32_t)strtoul(optarg, NULL, 10);
		return true;
	case 'p':
		report->is_private = true;
		return true;
	case 'r':
		wanted_report(wanted, optarg, reason);
		break;
	case 't':
		wanted->trace = true;
		return true;
	case 'x':
		wanted_expect(wanted, optarg, reason);
		break;
	case 'X':
		wanted_expect_file(wanted, optarg, reason);
		break;
	case 'u':
		wanted->fail_on_unmatched = true;
		return true;
	case 'k':
		wanted->fail_on_untaken = true;
		return true;
	case 'a':
		wanted->retry_audit = true;
		return true;
	case 'b':
		wanted_baseline(wanted, optarg, reason);
		break;
	case 'l':
		wanted->lint = true;
		return true;
	case 'i':
		wanted_policy(wanted, optarg, reason);
		break;
	case 'c':
		report->is_redacted = true;
		return true;
	case 'h':
		fputs(help, stdout);
		exit(EXIT_SUCCESS);
	default:
		fputs(help, stderr);
		return false;
	}
	if (*reason)
		fprintf(stderr, "chaos-run: %s\n", reason);
	return !*reason;
}

static bool parse(int argc, char **argv, struct wanted *wanted, struct report *report)
{
	static const struct option known[] = {
		{"dir", required_argument, NULL, 'd'},
		{"run", required_argument, NULL, 'R'},
		{"private", no_argument, NULL, 'p'},
		{"report", required_argument, NULL, 'r'},
		{"trace", no_argument, NULL, 't'},
		{"expect", required_argument, NULL, 'x'},
		{"expect-file", required_argument, NULL, 'X'},
		{"fail-on-unmatched", no_argument, NULL, 'u'},
		{"fail-on-untaken", no_argument, NULL, 'k'},
		{"retry-audit", no_argument, NULL, 'a'},
		{"baseline", required_argument, NULL, 'b'},
		{"lint", no_argument, NULL, 'l'},
		{"iam-policy", required_argument, NULL, 'i'},
		{"redact", no_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1)
		if (!take_option(wanted, report, option))
			return false;
	report->command = argv + optind;
	if (report->is_redacted && optind < argc)
		argv[optind + 1] = NULL;
	if (!report->folder)
		fputs(help, stderr);
	return report->folder != NULL;
}

/* What ends the command ends this program by the end of its input. */
static void ignore_signals(void)
{
	static const int ignored[] = {
		SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGPIPE, SIGTTOU, SIGUSR1, SIGUSR2, SIGALRM};

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
}

static void trace(void *context, const struct report *report, const struct report_attempt *attempt,
	__attribute__((unused)) const struct event *event)
{
	trace_line(stderr, *(const bool *)context, report, attempt);
}

/* Returns when the command has ended, or chaos-run has. */
static void follow(struct gather *gather)
{
	struct pollfd input = {STDIN_FILENO, POLLIN, 0};
	struct report *report = gather->report;
	int pause = LOOK_OFTEN;

	while (poll(&input, 1, pause) == 0 || !input.revents)
		pause = gather_more(gather) ? LOOK_OFTEN : LOOK_SELDOM;
	report->has_status = read(STDIN_FILENO, &report->status, sizeof(report->status)) ==
			     sizeof(report->status);
}

/* Says each expectation that was missed. Was none? */
static bool judge(const struct verdict *verdicts, size_t count)
{
	bool are_met = true;

	for (size_t i = 0; i < count; i++) {
		if (verdicts[i].is_met)
			continue;
		are_met = false;
		fprintf(stderr, "chaos-run: expected %s; got %s%s%s\n", verdicts[i].expected,
			verdicts[i].got, *verdicts[i].look ? "; see " : "", verdicts[i].look);
	}
	return are_met;
}

/* Returns the exit code. */
static int tell(const struct report *report, const struct wanted *wanted)
{
	struct verdict *verdicts = sure(calloc(wanted_verdicts(wanted) + 1, sizeof(*verdicts)));
	size_t count = wanted_judge(wanted, report, verdicts);
	bool are_written = write_reports(report, wanted, verdicts, count);
	bool are_met = judge(verdicts, count);

	are_written &= audit_write(report, wanted);
	free(verdicts);
	if (!are_written)
		return EXIT_OWN;
	return are_met ? EXIT_SUCCESS : EXIT_MISSED;
}

int main(int argc, char **argv)
{
	struct report report = {0};
	struct wanted wanted = {0};
	struct observe observe;
	struct gather gather = {.report = &report};
	char reason[OBSERVE_REASON_MAX];
	bool colours = style_wanted(stderr);
	int code;

	ignore_signals();
	if (!parse(argc, argv, &wanted, &report))
		return EXIT_OWN;
	wanted_warn(&wanted);
	if (observe_begin(&observe, report.folder, reason)) {
		fprintf(stderr, "chaos-run: cannot report: %s\n", reason);
		return EXIT_OWN;
	}
	if (wanted.trace) {
		gather.told = trace;
		gather.context = &colours;
	}
	gather_begin(&gather, &report, &observe);
	if (write(STDIN_FILENO, "", 1) == 1)
		follow(&gather);
	gather_end(&gather);
	observe_end(&observe);
	code = tell(&report, &wanted);
	wanted_free(&wanted);
	report_free(&report);
	return code;
}

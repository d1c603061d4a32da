/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "control/event_json.h"
#include "control/memory.h"
#include "gather.h"
#include "operations.h"
#include "shim/memory/table.h"
#include "style.h"
#include "trace.h"

enum { LOOK_MS = 20 };

static volatile sig_atomic_t is_over;

static void end(__attribute__((unused)) int number)
{
	is_over = 1;
}

/* What ends us leaves time to turn observing off. */
static void catch_signals(void)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = end};

	for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++)
		sigaction(ending[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void wait_ms(unsigned ms)
{
	const struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&pause, NULL);
}

/* Observing goes on meanwhile. */
static void wait_observing(struct observe *observe, unsigned ms)
{
	unsigned part;

	for (; ms && !is_over; ms -= part) {
		part = ms < OBSERVE_RENEW_MS ? ms : OBSERVE_RENEW_MS;
		wait_ms(part);
		observe_continue(observe);
	}
}

/* ---- calls ---- */

struct view {
	const struct watch *watch;
	bool colours;
};

static bool matches_names(const char *pattern, const char *service, const char *operation)
{
	const char *dot = strchr(pattern, '.');
	struct span family = {pattern, dot ? (size_t)(dot - pattern) : strlen(pattern)};

	return table_glob_matches(family, span_of(service)) &&
	       (!dot || table_glob_matches(span_of(dot + 1), span_of(operation)));
}

static bool matches(
	const char *pattern, const struct report *report, const struct report_attempt *attempt)
{
	const struct report_rule *rule = report_rule(report, attempt->rule);

	if (strncmp(pattern, "rule:", 5) == 0)
		return rule && strcmp(rule->name, pattern + 5) == 0;
	return matches_names(pattern, report_text(report, attempt, EVENT_SERVICE),
		report_text(report, attempt, EVENT_OPERATION));
}

static bool is_wanted(const struct watch *watch, const struct report *report,
	const struct report_attempt *attempt)
{
	if (watch->pid && attempt->pid != watch->pid)
		return false;
	for (char *const *pattern = watch->patterns; *pattern; pattern++)
		if (matches(*pattern, report, attempt))
			return true;
	return !*watch->patterns;
}

static void show(void *context, const struct report *report, const struct report_attempt *attempt,
	const struct event *event)
{
	const struct view *view = context;

	if (!is_wanted(view->watch, report, attempt))
		return;
	if (view->watch->json) {
		event_print(stdout, attempt->number, event, view->watch->redact);
		putchar('\n');
		fflush(stdout);
	} else {
		trace_line(stdout, view->colours, report, attempt);
	}
}

int watch_calls(const struct watch *watch, char reason[OBSERVE_REASON_MAX])
{
	struct view view = {watch, style_wanted(stdout)};
	struct report report = {
		.folder = watch->folder, .is_private = true, .is_redacted = watch->redact};
	struct gather gather = {
		.report = &report, .told = show, .context = &view, .keeps_nothing = true};
	struct observe observe;
	int error = observe_begin(&observe, watch->folder, reason);

	if (error)
		return error;
	catch_signals();
	gather_begin(&gather, &report, &observe);
	while (!is_over && !ferror(stdout)) {
		gather_more(&gather);
		wait_ms(LOOK_MS);
	}
	observe_end(&observe);
	gather_drop(&gather);
	report_free(&report);
	return 0;
}

/* ---- rates ---- */

static int by_attempts(const void *left, const void *right)
{
	const struct stats_operation *a = left, *b = right;
	int order = (a->attempts < b->attempts) - (a->attempts > b->attempts);

	return order ? order : strcmp(a->operation, b->operation);
}

static bool is_rate_wanted(const struct watch *watch, const struct stats_operation *operation)
{
	for (char *const *pattern = watch->patterns; *pattern; pattern++)
		if (matches_names(*pattern, operation->service, operation->operation))
			return true;
	return !*watch->patterns;
}

static void show_rate(const struct stats_operation *operation, double seconds, bool colours)
{
	char name[STATS_NAME_MAX], p50[STYLE_DURATION_MAX], p99[STYLE_DURATION_MAX];
	uint64_t errors = 0;

	for (int i = 0; i < OPERATION_STATUSES && operation->statuses[i].count; i++)
		if (operation->statuses[i].status >= 400)
			errors += operation->statuses[i].count;
	errors += operation->unanswered;
	printf("  %-36s  %8.1f  %8.1f  %s%8.1f%s  %s%8.1f%s  %9s  %9s\n",
		operations_name(operation, name), (double)operation->calls / seconds,
		(double)operation->attempts / seconds,
		style_begin(colours && operation->faults, STYLE_WARNING),
		(double)operation->faults / seconds,
		style_end(colours && operation->faults, STYLE_WARNING),
		style_begin(colours && errors, STYLE_BAD), (double)errors / seconds,
		style_end(colours && errors, STYLE_BAD),
		operation->p50 ? style_duration(operation->p50, p50) : "-",
		operation->p99 ? style_duration(operation->p99, p99) : "-");
}

static void show_rates(
	const struct watch *watch, const struct report *report, double seconds, bool colours)
{
	uint32_t count;
	struct stats_operation *all = operations_all(report, &count);

	qsort(all, count, sizeof(*all), by_attempts);
	printf("%s  %-36s  %8s  %8s  %8s  %8s  %9s  %9s%s\n", style_begin(colours, STYLE_BOLD),
		"Operation", "Calls/s", "Tries/s", "Faults/s", "Errors/s", "p50", "p99",
		style_end(colours, STYLE_BOLD));
	for (uint32_t i = 0; i < count; i++)
		if (all[i].attempts && is_rate_wanted(watch, &all[i]))
			show_rate(&all[i], seconds, colours);
	free(all);
	fflush(stdout);
}

static double seconds_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int watch_rates(const struct watch *watch, char reason[OBSERVE_REASON_MAX])
{
	bool colours = style_wanted(stdout), clears = isatty(STDOUT_FILENO) && !watch->once;
	struct observe observe;
	int error = observe_begin(&observe, watch->folder, reason);

	if (error)
		return error;
	catch_signals();
	do {
		struct report report = {.is_private = true};
		struct base *base = base_note(observe.journal);
		double began = seconds_now();

		wait_observing(&observe, watch->interval_ms);
		base_compare(base, observe.journal, &report);
		fputs(clears ? "\033[H\033[J" : "", stdout);
		show_rates(watch, &report, seconds_now() - began, colours);
		report_free(&report);
		base_free(base);
	} while (!is_over && !watch->once && !ferror(stdout));
	observe_end(&observe);
	return 0;
}

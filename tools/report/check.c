/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/memory.h"
#include "look.h"
#include "operations.h"
#include "quantiles.h"
#include "style.h"

/* ---- measuring ---- */

/* What all calls of a subject have counted. */
struct sums {
	struct operation line; /* for its quantiles */
	uint64_t calls, requests, faults, delayed, failed, recovered, unanswered, status;
};

static void add_line(struct sums *sums, const struct operation *line,
	const struct stats_operation *stats, int status)
{
	sums->calls += stats->calls;
	sums->requests += stats->attempts;
	sums->faults += stats->faults;
	sums->delayed += stats->delayed;
	sums->failed += stats->failed;
	sums->recovered += stats->recovered;
	sums->unanswered += stats->unanswered;
	for (int i = 0; i < OPERATION_STATUSES && stats->statuses[i].count; i++)
		if ((int)stats->statuses[i].status == status)
			sums->status += stats->statuses[i].count;
	for (int i = 0; i < OPERATION_BUCKETS; i++)
		sums->line.durations[i] += line->durations[i];
}

static void add_up(const struct report *report, const struct expectation *expectation, int status,
	struct sums *sums)
{
	struct stats_operation stats;

	memset(sums, 0, sizeof(*sums));
	for (uint32_t place = 0; place < OPERATIONS; place++)
		if (stats_read(report->counted, place, &stats) &&
			look_names(expectation, stats.service, stats.operation))
			add_line(sums, &report->counted->operations[place], &stats, status);
}

static uint64_t most_attempts(const struct report *report, const struct expectation *expectation)
{
	const struct report_call *call = look_longest(report, expectation);

	return call ? look_length(report, call) : 0;
}

/* What rules have done to the calls. */
static uint64_t count_taken(const struct report *report, const struct expectation *expectation,
	enum expect_measure measure)
{
	uint8_t least = measure == EXPECT_TAKEN	      ? EVENT_TAKEN
			: measure == EXPECT_DELIVERED ? EVENT_PARTLY_READ
						      : EVENT_NOTHING_TO_TAKE;
	uint64_t count = 0;

	for (uint32_t i = 0; i < report->attempt_count; i++)
		count += (report->attempts[i].action & EVENT_ERROR) != 0 &&
			 report->attempts[i].taken >= least &&
			 look_is_about(report, expectation, &report->attempts[i]);
	return count;
}

static double measure_calls(const struct report *report, const struct expectation *expectation,
	const struct expect_term *term)
{
	struct sums sums;

	add_up(report, expectation, term->status, &sums);
	switch (term->measure) {
	case EXPECT_CALLS:
		return (double)sums.calls;
	case EXPECT_FAILED:
		return (double)sums.failed;
	case EXPECT_RECOVERED:
		return (double)sums.recovered;
	case EXPECT_REQUESTS:
		return (double)sums.requests;
	case EXPECT_FAULTS:
		return (double)sums.faults;
	case EXPECT_DELAYED:
		return (double)sums.delayed;
	case EXPECT_UNANSWERED:
		return (double)sums.unanswered;
	case EXPECT_STATUS:
		return (double)sums.status;
	default:
		return 0;
	}
}

/* Which way what is not known exactly has to lie, so that nothing is passed by mistake. */
enum doubt { DOUBT_NONE, DOUBT_MOST, DOUBT_LEAST };

static enum doubt doubt_of(enum expect_operator op)
{
	switch (op) {
	case EXPECT_BELOW:
	case EXPECT_MOST:
		return DOUBT_MOST;
	case EXPECT_ABOVE:
	case EXPECT_LEAST:
		return DOUBT_LEAST;
	default:
		return DOUBT_NONE;
	}
}

static enum doubt doubt_against(enum doubt doubt)
{
	return doubt == DOUBT_MOST ? DOUBT_LEAST : doubt == DOUBT_LEAST ? DOUBT_MOST : DOUBT_NONE;
}

static double share_of(enum expect_measure measure)
{
	return measure == EXPECT_P50 ? 0.5 : measure == EXPECT_P90 ? 0.9 : 0.99;
}

/* Those of the attempts that were kept. */
static uint64_t *durations_of(
	const struct report *report, const struct expectation *expectation, size_t *count)
{
	uint64_t *durations = sure(calloc(report->attempt_count + 1, sizeof(*durations)));

	*count = 0;
	for (uint32_t i = 0; i < report->attempt_count; i++)
		if (report->attempts[i].status &&
			look_is_about(report, expectation, &report->attempts[i]))
			durations[(*count)++] = report->attempts[i].ended;
	return durations;
}

static uint64_t in_buckets(const struct operation *line, double share, enum doubt doubt)
{
	return doubt == DOUBT_MOST    ? operations_quantile_most(line, share)
	       : doubt == DOUBT_LEAST ? operations_quantile_least(line, share)
				      : operations_quantile(line, share);
}

/* Exact if all attempts were kept. */
static double measure_duration(const struct report *report, const struct expectation *expectation,
	enum expect_measure measure, enum doubt doubt)
{
	size_t count;
	uint64_t *durations = durations_of(report, expectation, &count), total = 0, found;
	struct sums sums;

	add_up(report, expectation, 0, &sums);
	for (int i = 0; i < OPERATION_BUCKETS; i++)
		total += sums.line.durations[i];
	found = total == count ? quantiles_exact(durations, count, share_of(measure))
			       : in_buckets(&sums.line, share_of(measure), doubt);
	free(durations);
	return (double)found;
}

static bool is_named(const struct report_rule *rule, const char *name)
{
	char number[24];

	snprintf(number, sizeof(number), "%" PRIu64, rule->id);
	return strcmp(rule->name, name) == 0 || strcmp(number, name) == 0;
}

static double measure_rule(
	const struct report *report, const char *name, enum expect_measure measure)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < report->rule_count; i++) {
		const struct report_rule *rule = &report->rules[i];

		if (!is_named(rule, name))
			continue;
		sum += measure == EXPECT_MATCHED     ? rule->matched
		       : measure == EXPECT_PLANNED   ? rule->planned
		       : measure == EXPECT_DELIVERED ? rule->delivered
						     : rule->taken;
	}
	return (double)sum;
}

static double measure(const struct report *report, const struct expectation *expectation,
	const struct expect_term *term, enum doubt doubt)
{
	if (expectation->subject == EXPECT_RULE)
		return measure_rule(report, expectation->rule, term->measure);
	if (expect_is_duration(term->measure))
		return measure_duration(report, expectation, term->measure, doubt);
	switch (term->measure) {
	case EXPECT_ATTEMPTS:
		return (double)most_attempts(report, expectation);
	case EXPECT_PLANNED:
	case EXPECT_DELIVERED:
	case EXPECT_TAKEN:
		return (double)count_taken(report, expectation, term->measure);
	case EXPECT_BLIND:
		return (double)report->blind_aws;
	default:
		return measure_calls(report, expectation, term);
	}
}

/* ---- comparing ---- */

static bool holds(double left, enum expect_operator op, double right)
{
	switch (op) {
	case EXPECT_EQUAL:
		return left == right;
	case EXPECT_UNEQUAL:
		return left != right;
	case EXPECT_BELOW:
		return left < right;
	case EXPECT_MOST:
		return left <= right;
	case EXPECT_ABOVE:
		return left > right;
	default:
		return left >= right;
	}
}

static const char *show(double value, enum expect_measure measure, char text[STYLE_DURATION_MAX])
{
	if (expect_is_duration(measure))
		return style_duration((uint64_t)value, text);
	snprintf(text, STYLE_DURATION_MAX, "%.0f", value);
	return text;
}

/* What describes calls says nothing where there were none. */
static bool needs_calls(const struct expectation *expectation)
{
	return expectation->subject != EXPECT_RULE &&
	       (expectation->left.measure == EXPECT_ATTEMPTS ||
		       expect_is_duration(expectation->left.measure));
}

/* What rules matched is counted for all that share a daemon. */
static bool needs_what_is_shared(const struct report *report, const struct expectation *expectation)
{
	return report->is_shared && expectation->subject == EXPECT_RULE &&
	       (expectation->left.measure == EXPECT_MATCHED ||
		       (!expectation->is_number && expectation->right.measure == EXPECT_MATCHED));
}

static bool knows_subject(
	const struct report *report, const struct expectation *expectation, struct verdict *verdict)
{
	const struct expect_term requests = {.measure = EXPECT_REQUESTS};

	if (expectation->subject == EXPECT_RULE) {
		for (uint32_t i = 0; i < report->rule_count; i++)
			if (is_named(&report->rules[i], expectation->rule))
				return true;
		snprintf(verdict->got, sizeof(verdict->got), "no rule of that name");
		look_rules(report, verdict->look, sizeof(verdict->look));
		return false;
	}
	if (!needs_calls(expectation) || measure_calls(report, expectation, &requests) > 0)
		return true;
	snprintf(verdict->got, sizeof(verdict->got), "no such call");
	look_operations(report, verdict->look, sizeof(verdict->look));
	return false;
}

/* ---- what is not known ---- */

/* Attempts that are missing from what the measure is taken from. What rules count is counted always, what
 * operations count only while somebody observes. */
static uint64_t missing_of(const struct report *report, const struct expectation *expectation,
	const struct expect_term *term)
{
	uint64_t all = report->lost + report->unkept + report->unobserved;

	if (term->measure == EXPECT_BLIND)
		return 0;
	if (expectation->subject == EXPECT_RULE)
		return report->is_shared ? all : 0;
	switch (term->measure) {
	case EXPECT_ATTEMPTS:
	case EXPECT_PLANNED:
	case EXPECT_DELIVERED:
	case EXPECT_TAKEN:
		return all;
	default:
		return report->is_counted ? report->unobserved : all;
	}
}

/* Can attempts that are missing only make it more? */
static bool only_grows(enum expect_measure measure)
{
	return !expect_is_duration(measure) && measure != EXPECT_FAILED &&
	       measure != EXPECT_RECOVERED;
}

/* Does the expectation hold, or not, however many attempts are missing? */
static bool is_decided(const struct expectation *expectation, double least)
{
	if (!expectation->is_number || !only_grows(expectation->left.measure))
		return false;
	switch (expectation->op) {
	case EXPECT_BELOW:
	case EXPECT_LEAST:
		return least >= expectation->number;
	default:
		return least > expectation->number;
	}
}

static uint64_t unknown_of(
	const struct report *report, const struct expectation *expectation, double left)
{
	uint64_t missing = missing_of(report, expectation, &expectation->left), more;

	if (!expectation->is_number) {
		more = missing_of(report, expectation, &expectation->right);
		missing = missing > more ? missing : more;
	}
	return is_decided(expectation, left) ? 0 : missing;
}

static void note_unknown(uint64_t missing, struct verdict *verdict)
{
	char count[STYLE_COUNT_MAX];

	verdict->is_met = false;
	snprintf(verdict->got, sizeof(verdict->got), "not known: %s %s not kept",
		style_count(missing, "attempt", count), missing == 1 ? "was" : "were");
	snprintf(verdict->look, sizeof(verdict->look),
		"\"What was not seen\" in the report, which says why");
}

static void note_got(const struct report *report, const struct expectation *expectation,
	double left, double right, struct verdict *verdict)
{
	char shown[STYLE_DURATION_MAX], other[STYLE_DURATION_MAX];
	int len = snprintf(verdict->got, sizeof(verdict->got), "%s",
		show(left, expectation->left.measure, shown));

	if (!expectation->is_number)
		len += snprintf(verdict->got + len, sizeof(verdict->got) - (size_t)len, " and %s",
			show(right, expectation->right.measure, other));
	if (report->lost)
		snprintf(verdict->got + len, sizeof(verdict->got) - (size_t)len,
			" (%" PRIu64 " attempts were not kept)", report->lost);
}

void check_expectation(
	const struct report *report, const struct expectation *expectation, struct verdict *verdict)
{
	double left, right = expectation->number;
	uint64_t missing;
	enum doubt doubt;

	*verdict = (struct verdict){.expected = expectation->text};
	if (!knows_subject(report, expectation, verdict))
		return;
	if (needs_what_is_shared(report, expectation)) {
		snprintf(verdict->got, sizeof(verdict->got),
			"what nobody knows: others used the daemon at the same time");
		return;
	}
	doubt = doubt_of(expectation->op);
	left = measure(report, expectation, &expectation->left, doubt);
	if (!expectation->is_number)
		right = measure(report, expectation, &expectation->right, doubt_against(doubt));
	missing = unknown_of(report, expectation, left);
	if (missing) {
		note_unknown(missing, verdict);
		return;
	}
	verdict->is_met = holds(left, expectation->op, right);
	note_got(report, expectation, left, right, verdict);
	if (!verdict->is_met)
		look_for(report, expectation, verdict->look, sizeof(verdict->look));
}

void check_unmatched(const struct report *report, struct verdict *verdict)
{
	uint32_t count = 0;
	const struct report_rule *first = NULL;

	*verdict = (struct verdict){.expected = "every rule fires (--fail-on-unmatched)"};
	for (uint32_t i = 0; i < report->rule_count; i++) {
		if (report->rules[i].planned)
			continue;
		first = first ?: &report->rules[i];
		count++;
	}
	/* Who asks for it believes that there are rules. */
	verdict->is_met = report->rule_count && !count;
	if (!report->rule_count)
		snprintf(verdict->got, sizeof(verdict->got), "no rule at all");
	else
		snprintf(verdict->got, sizeof(verdict->got), "%u of %u did not", count,
			report->rule_count);
	if (first)
		look_missed(report, first, verdict->look, sizeof(verdict->look));
}

void check_untaken(const struct report *report, struct verdict *verdict)
{
	uint64_t planned = 0, taken = 0;
	uint64_t missing = report->lost + report->unkept + report->unobserved;
	const struct report_rule *first = NULL;

	*verdict =
		(struct verdict){.expected = "every injected answer is taken (--fail-on-untaken)"};
	for (uint32_t i = 0; i < report->rule_count; i++) {
		const struct report_rule *rule = &report->rules[i];

		planned += rule->planned;
		/* More are taken where some were planned before the run; they make up for no other. */
		taken += rule->taken < rule->planned ? rule->taken : rule->planned;
		if (rule->planned > rule->taken)
			first = first ?: rule;
	}
	verdict->is_met = !first;
	snprintf(verdict->got, sizeof(verdict->got), "%" PRIu64 " of %" PRIu64 " were", taken,
		planned);
	if (first)
		look_untaken(report, first, verdict->look, sizeof(verdict->look));
	else if (report->is_shared && missing)
		note_unknown(missing, verdict);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "retry.h"

#include <string.h>

/* A pause that is shorter is what the program takes to send again. */
#define AT_ONCE_NS 15000000u

/* As botocore, and the SDKs for JavaScript and Go list them. */
static const char *const throttled[] = {"BandwidthLimitExceeded", "EC2ThrottledException",
	"LimitExceededException", "PriorRequestNotComplete",
	"ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
	"RequestThrottledException", "SlowDown", "ThrottledException", "Throttling",
	"ThrottlingException", "TooManyRequestsException", "TransactionInProgressException"};

static const char *const transient[] = {
	"IDPCommunicationError", "InternalError", "RequestTimeout", "RequestTimeoutException"};

static const char *const repairable[] = {"AuthFailure", "AuthorizationHeaderMalformed", "BadDigest",
	"ConditionalRequestConflict", "ExpiredToken", "ExpiredTokenException",
	"IllegalLocationConstraintException", "InvalidSignatureException", "OperationAborted",
	"PermanentRedirect", "ReplicatedWriteConflictException", "RequestExpired",
	"RequestInTheFuture", "RequestTimeTooSkewed", "SignatureDoesNotMatch"};

static bool is_among(const char *code, const char *const *codes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(codes[i], code) == 0)
			return true;
	return false;
}

#define IS_AMONG(code, codes) is_among(code, codes, sizeof(codes) / sizeof(*(codes)))

enum retry_outcome retry_outcome(int status, const char *code, bool is_cut)
{
	if (!status || (is_cut && status < 400))
		return RETRY_NO_ANSWER;
	if (status < 400)
		return RETRY_SUCCEEDED;
	if (status == 429 || status == 509 || IS_AMONG(code, throttled))
		return RETRY_THROTTLED;
	if (status == 500 || (status >= 502 && status <= 504) || IS_AMONG(code, transient))
		return RETRY_SERVER_ERROR;
	return IS_AMONG(code, repairable) ? RETRY_REPAIRABLE : RETRY_CLIENT_ERROR;
}

const char *retry_outcome_name(enum retry_outcome outcome)
{
	static const char *const names[] = {
		"success", "throttled", "server error", "no answer", "repairable", "client error"};

	return names[outcome];
}

/* A service that is unavailable, or too busy, has done nothing. */
bool retry_is_ambiguous(enum retry_outcome outcome, int status)
{
	return outcome == RETRY_NO_ANSWER || (outcome == RETRY_SERVER_ERROR && status != 503);
}

void retry_step_add(struct retry_step *step, uint64_t pause)
{
	if (!step->count || pause < step->least)
		step->least = pause;
	if (pause > step->most)
		step->most = pause;
	step->sum += pause;
	step->count++;
}

/* Is one at most a quarter more than the other, but for what a busy machine adds? */
static bool are_alike(uint64_t a, uint64_t b)
{
	uint64_t less = a < b ? a : b, more = a < b ? b : a;

	return more - less <= less / 4 + AT_ONCE_NS;
}

struct shape {
	uint64_t most;
	bool is_fixed;	  /* all pauses are alike */
	bool is_spread;	  /* pauses before the same retry are not */
	bool is_doubling; /* each step is about twice the one before, up to where they stay alike */
	bool is_growing;  /* the last one is far longer than the first */
	bool has_pauses;
};

static uint64_t mean_of(const struct retry_step *step)
{
	return step->sum / step->count;
}

static bool is_double(const struct retry_step *before, const struct retry_step *after)
{
	uint64_t a = mean_of(before), b = mean_of(after);

	return b >= a + a / 2 && b <= 2 * a + a / 2 + AT_ONCE_NS;
}

static struct shape shape_of(const struct retry_step *steps, size_t count)
{
	struct shape shape = {.is_fixed = true, .is_doubling = count > 1};

	for (size_t i = 0; i < count; i++) {
		const struct retry_step *step = &steps[i];

		if (step->most > shape.most)
			shape.most = step->most;
		shape.is_spread |= !are_alike(step->least, step->most);
		shape.is_fixed &= are_alike(step->least, steps[0].least) &&
				  are_alike(step->most, steps[0].least);
		if (i)
			shape.is_doubling &=
				is_double(&steps[i - 1], step) ||
				(i > 1 && are_alike(mean_of(&steps[i - 1]), mean_of(step)));
	}
	shape.has_pauses = shape.most >= AT_ONCE_NS;
	shape.is_growing = count > 1 && steps[count - 1].most >= 2 * steps[0].most &&
			   mean_of(&steps[count - 1]) >= 2 * mean_of(&steps[0]);
	return shape;
}

enum retry_pattern retry_pattern(const struct retry_step *steps, size_t count)
{
	struct shape shape;

	while (count && !steps[count - 1].count)
		count--;
	if (!count)
		return RETRY_NONE;
	shape = shape_of(steps, count);
	if (!shape.has_pauses)
		return RETRY_AT_ONCE;
	if (count == 1 && steps[0].count == 1)
		return RETRY_ONCE;
	if (shape.is_spread)
		return shape.is_growing ? RETRY_EXPONENTIAL_JITTERED : RETRY_JITTERED;
	if (shape.is_fixed)
		return RETRY_FIXED;
	if (shape.is_doubling)
		return RETRY_EXPONENTIAL;
	return shape.is_growing ? RETRY_EXPONENTIAL_JITTERED : RETRY_JITTERED;
}

const char *retry_pattern_name(enum retry_pattern pattern)
{
	static const char *const names[] = {"none", "at once", "once", "fixed", "exponential",
		"jitter", "exponential with jitter"};

	return names[pattern];
}
